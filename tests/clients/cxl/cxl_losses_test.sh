#!/bin/sh
# cxl_losses_test.sh VERSION: what of the bytes of a CXL bus could be lost, and is not: a tmpfs that is full when a region is disabled,
# `daxemu sync` and `daxemu crash` with a folder of images; and what is open of a region that is gone.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs daxio
cxl_of "$1"
DAXEMU_HOME=$scratch/home
export DAXEMU_HOME
trap '"$daxemu" destroy --force lab >/dev/null 2>&1 || :; rm -rf "$scratch"' EXIT

# An attribute of a region that was made again is another one: kernfs finds the old one gone (kernfs_get_active(), ENODEV).
cat >again.sh <<'END'
set -e
cxl create-region -d decoder0.0 -t ram -m mem0 >/dev/null 2>&1
exec 3</sys/bus/cxl/devices/region0/size 6</sys/bus/cxl/devices/region0/size 7</sys/bus/cxl/devices/region0/size 4>/sys/bus/cxl/devices/region0/commit
read -r first <&3
cxl disable-region region0 2>/dev/null
cxl destroy-region region0 2>/dev/null
cat <&6 2>gone.1 || echo "while it is gone: $(cat gone.1)"
cxl create-region -d decoder0.0 -t ram -m mem0 >/dev/null 2>&1
exec 5</sys/bus/cxl/devices/region0/size
read -r now <&5
echo "first $first now $now"
cat <&7 2>gone.2 || echo "once another has its name: $(cat gone.2)"
echo 0 2>gone.3 >&4 || echo "written: $(cat gone.3)"
END
runs "$daxemu" run --region cxl --size 512M --no-device -- sh ./again.sh
matches "the region that is there" "$out" '^first 0x20000000 now 0x20000000$'
matches "a region that is gone" "$out" '^while it is gone: .*No such device'
matches "another one of its name" "$out" '^once another has its name: .*No such device'
matches "a write to the one that is gone" "$out" '^written: .*(No such device|I/O error)'

# What a mark has, and what it has not.
runs "$daxemu" create lab --region cxl --preset pmem --size 512M --image kept
runs "$daxemu" run --platform lab -- sh -c 'ndctl create-namespace -m devdax >/dev/null && echo synced | daxio -o /dev/dax0.0 -l 7'
runs "$daxemu" sync lab
matches "what sync says" "$out" '^1 device written to the images of memdevs$'
runs "$daxemu" run --platform lab -- sh -c 'echo unsynced | daxio -o /dev/dax0.0 -l 9; daxio -i /dev/dax0.0 -l 9'
matches "what was written since" "$out" '^unsynced$'
runs "$daxemu" crash lab
matches "what crash says" "$out" '^0 processes killed, 1 extents had changed since the last sync, '
runs "$daxemu" run --platform lab -- daxio -i /dev/dax0.0 -l 9
matches "what a power failure leaves" "$out" '^synced$'
has_not "what it takes" "$out" unsynced
runs "$daxemu" crash lab --lose all
runs "$daxemu" run --platform lab -- daxio -i /dev/dax0.0 -l 9
has_not "what a loss of all leaves" "$out" synced
runs "$daxemu" destroy lab

# A tmpfs that is full: an error, and nothing is lost.
unshare -m true 2>/dev/null || skip "this user may not mount: a full tmpfs was not tried"
mkdir small
cat >full.sh <<'END'
set -e
mount -t tmpfs -o size=48m none small
DAXEMU_HOME=$PWD/small/home
export DAXEMU_HOME
daxemu create full --region cxl --size 256M
daxemu run --platform full -- sh -c 'head -c 20000000 /dev/zero | tr "\0" x | daxio -o /dev/dax0.0 -l 20000000'
cat /dev/zero >small/filler 2>/dev/null || :
status=0
daxemu run --platform full -- cxl disable-region region0 2>refused || status=$?
echo "disable $status"
cat refused
daxemu run --platform full -- sh -c 'printf region0 | dd of=/sys/bus/cxl/drivers/cxl_region/unbind status=none' 2>&1 || :
daxemu run --platform full -- sh -c 'cxl list -R; daxio -i /dev/dax0.0 -l 20000000 | tr -d x | wc -c'
rm small/filler
daxemu run --platform full -- sh -c 'cxl disable-region region0 && cxl enable-region region0 && daxctl reconfigure-device -f -m devdax dax0.0 >/dev/null'
daxemu run --platform full -- sh -c 'daxio -i /dev/dax0.0 -l 20000000 | tr -d x | wc -c'
daxemu destroy full
END
runs unshare -m sh ./full.sh
matches "disabling with a full tmpfs" "$out" '^disable 1$'
matches "the write that cxl makes" "$out" 'No space left on device'
same "bytes that are not what was written: before and after there is room" "$(printf '%s\n' "$out" | grep -cx 0)" 2
matches "the region is there" "$out" '"region":"region0"'
nothing_runs
