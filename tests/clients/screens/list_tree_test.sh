#!/bin/sh
# list_tree_test.sh: `daxemu list --tree`, and what `daxemu top` says of regions and namespaces: an hmem region with room left, a namespace of
# the nd bus, a CXL bus whose region is interleaved.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"

# tree_of FLAG...: without the first line's name and the processes, whose numbers change.
tree_of() {
  runs "$daxemu" run "$@" --kernel 6.12 --backing shmem -- "$daxemu" list --tree
  printf '%s\n' "$out" | sed 's/^run-[0-9]*/PLATFORM/' | grep -v -- '-- process ' >tree
}
tree_of --size 512M --with dax0.1=64M --free 1G
diff - tree <<'END' || fail "the tree of an hmem region"
PLATFORM  Linux 6.12, engine auto
`-- hmem.0  1600M, of the dax bus
    |-- dax0.0  512M in extents of 2M, devdax, shmem
    `-- dax0.1  64M in extents of 2M, devdax, shmem
END
tree_of --size 62M --region pmem
diff - tree <<'END' || fail "the tree of the nd bus"
PLATFORM  Linux 6.12, engine auto
`-- region0  64M, of the nd bus
    `-- namespace0.0  64M devdax, enabled
        `-- dax0.0  62M in extents of 2M, devdax, shmem
END
tree_of --size 62M --region pmem,dimms=2,labels
diff - tree <<'END' || fail "the tree of a region of DIMMs"
PLATFORM  Linux 6.12, engine auto
`-- region0  64M, of the nd bus, over nmem0, nmem1
    `-- namespace0.0  64M devdax, enabled
        `-- dax0.0  62M in extents of 2M, devdax, shmem
END
tree_of --region cxl --size 512M --ways 2 --preset switch
diff - tree <<'END' || fail "the tree of a CXL bus"
PLATFORM  Linux 6.12, engine auto
`-- root0  the CXL bus
    |-- port1  a host bridge
    |   `-- port2  a switch
    |       |-- mem0  512M ram, serial 0x1
    |       |-- mem1  512M ram, serial 0x2
    |       |-- mem2  512M ram, serial 0x3
    |       `-- mem3  512M ram, serial 0x4
    `-- decoder0.0  2G window of 1 way
        `-- region0  512M ram, committed over mem0, mem1
            `-- dax0.0  512M in extents of 2M, devdax, shmem
END
runs "$daxemu" run --region cxl --size 512M --ways 2 --backing shmem -- sh -c "COLUMNS=80 LINES=24 $daxemu top --once; $daxemu top --json"
matches "top's regions" "$out" '^REGION +SIZE KIND +STATE +OF$'
matches "top's region" "$out" '^region0 +512M ram +commit +mem0, mem1: dax0[.]0$'
matches "top's JSON" "$out" '"name": "region0"'
runs "$daxemu" run --size 64M --backing shmem -- sh -c "COLUMNS=80 LINES=24 $daxemu top --once"
has_not "an hmem region alone has no such rows" "$out" '^REGION'
status_of "$daxemu" list --tree --json
same "exit status" "$status" 125
matches "refusal" "$err" '^daxemu: --tree does not go with --json, --cxl or --verbose; give one of them$'
nothing_runs
