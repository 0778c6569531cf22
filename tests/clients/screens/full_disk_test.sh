#!/bin/sh
# full_disk_test.sh PROGRAM: what cannot be written back when a run ends is kept, and named; the next run with the image, or sync, writes it.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
program=$1
[ "$(id -u)" -eq 0 ] || skip "only root can have a full disk"
mkdir -m 700 home disk
DAXEMU_HOME=$PWD/home
export DAXEMU_HOME
cat >steps.sh <<'S'
set -u
mount -t tmpfs -o size=8M none disk || exit 77
run() { # WORDS ...
  "$daxemu" run --size 16M --align 2M --backing shmem --image disk/image -- "$program" /dev/dax0.0 "$@" >said 2>told
  echo "$?: $(cat said)"
  sed "s|$PWD/||; s/unsaved-[0-9.]*[0-9]/unsaved-N/g; s/extent [0-9] (offset [0-9]*M*), .* written:/WHERE:/" told
}
kept() { "$daxemu" list --json | grep -c '"unsaved-' || :; }
run fill
echo "kept: $(kept)"
run again # the disk is as full as it was
mount -o remount,size=64M disk
run
echo "kept: $(kept)"
rm disk/image
mount -o remount,size=1M disk
run fill >/dev/null
mount -o remount,size=64M disk
name=$(ls home)
"$daxemu" sync "$name" >/dev/null && "$daxemu" destroy "$name" && run
# Not only run makes a platform of an image.
rm disk/image
mount -o remount,size=1M disk
run fill >/dev/null
mount -o remount,size=64M disk
timeout 30 "$daxemu" create lab --size 16M --align 2M --backing shmem --image disk/image 2>told
echo "create: $?, kept: $(kept)"
"$daxemu" destroy lab
run
rm disk/image
# In two PID namespaces two runs are of the same number.
for image in one two; do
  "$daxemu" run --size 16M --align 2M --backing shmem --image disk/$image -- true
done
mount -o remount,size=1M disk
for image in one two; do
  unshare -pf --mount-proc "$daxemu" run --size 16M --align 2M --backing shmem --image disk/$image -- "$program" /dev/dax0.0 fill >/dev/null 2>&1
done
echo "kept: $(kept)"
mount -o remount,size=64M disk
for image in one two; do
  "$daxemu" run --size 16M --align 2M --backing shmem --image disk/$image -- "$program" /dev/dax0.0 2>told
done
echo "kept: $(kept)"
# A device may be larger than what named platforms have room in: what was touched is not.
rm disk/*
mount -t tmpfs -o size=20M,mode=700 none home
mount -o remount,size=1M disk
"$daxemu" run --size 1G --align 2M --backing shmem --image disk/image -- "$program" /dev/dax0.0 fill 2>told
echo "kept: $(kept)"
mount -o remount,size=64M disk
"$daxemu" run --size 1G --align 2M --backing shmem --image disk/image -- "$program" /dev/dax0.0 2>told
S
export daxemu program
status_of unshare -m sh steps.sh
[ "$status" -ne 77 ] || skip "no file system can be mounted here"
printf '%s\n' "$out" >got
cat >want <<'W'
125: 6 full
daxemu: writing dax0.0 back to disk/image, WHERE: No space left on device; platform unsaved-N keeps what was not written back. Make room on the disk, then daxemu sync unsaved-N && daxemu destroy unsaved-N; the next run with that image does so first
kept: 1
125: 
daxemu: writing dax0.0 back to disk/image, WHERE: No space left on device; make room on the disk and try again: daxemu sync unsaved-N
0: 6 full
daxemu: platform unsaved-N: what an earlier run could not write back is written back now
kept: 0
0: 6 full
create: 0, kept: 0
0: 6 full
kept: 2
6 full
6 full
kept: 0
6 full
kept: 1
6 full
W
diff want got || fail "a full disk (<: expected)"
nothing_runs
