#!/bin/sh
# Two DIMMs with labels of both versions, and namespaces of every kind that a platform file can say: devdax with struct pages in both places
# and both extents, a raw one, one that is disabled, two with names, and free memory before one of them.
ndctl disable-region all
ndctl zero-labels all
ndctl init-labels -f -V 1.1 nmem0
ndctl init-labels -f -V 1.2 nmem1
ndctl enable-region all
one=$(ndctl list -R -d nmem0 | sed -n 's/.*"dev":"\(region[0-9]\)".*/\1/p')
two=$(ndctl list -R -d nmem1 | sed -n 's/.*"dev":"\(region[0-9]\)".*/\1/p')
ndctl create-namespace -r "$one" -m devdax -s 64M -M mem -n mine
ndctl create-namespace -r "$one" -m devdax -s 32M -M dev -a 4K
ndctl create-namespace -r "$one" -m raw -s 16M -n 'a disk'
ndctl create-namespace -r "$two" -m devdax -s 64M
ndctl create-namespace -r "$two" -m devdax -s 48M -M mem
ndctl create-namespace -r "$two" -m devdax -s 32M -M dev
ndctl destroy-namespace -f "namespace${two#region}.0"
ndctl disable-namespace "namespace${two#region}.2"
