# shellcheck shell=sh
# shellcheck disable=SC1090,SC2010,SC2012,SC2016,SC2045,SC2086,SC2015,SC2046,SC3009,SC2094,SC2154,SC2002,SC2291,SC2145 # short rows, as users type them
# reconf-ns.sh: a namespace made anew with another alignment and map.
ndctl create-namespace -v -m devdax -M dev -f -a 4096 -e namespace0.0 2>&1 | tail -12; echo "4K: $?"
ndctl list -N 2>&1 | head -14
ndctl create-namespace -v -m devdax -M mem -f -a 2097152 -e namespace0.0 2>&1 | tail -12
