#!/bin/sh
# exhaustion_test.sh ROW: something is used up while daxemu works. Each row asserts what it says, that nothing is lost or
# left half-done, and that it works again when the resource is back. What runs out inside the program is in
# host_life_limits.cpp. $1 is the row, $2 "inside" in the mount namespace that some rows need.
row=$1
here=$(cd "$(dirname "$0")" && pwd -P)
self=$here/$(basename "$0")
# shellcheck source=tests/clients/lib.sh
. "$here/../clients/lib.sh"
poke=${DAXEMU_POKE:?is not set: the poke_extents program}
export DAXEMU_HOME="${DAXEMU_HOME:-/dev/shm/daxemu-exhaustion-$$}"
inside=${2:-}
[ "$inside" ] || trap 'rm -rf "$scratch" "$DAXEMU_HOME"' EXIT

# Runs the row again in a mount namespace of its own, with a tmpfs of these options at $DAXEMU_SMALL.
in_small_tmpfs() {
  [ "$inside" ] && return 0
  needs unshare mount
  DAXEMU_SMALL=$scratch/small
  export DAXEMU_SMALL
  mkdir small
  how="-m"
  [ "$(id -u)" -eq 0 ] || how="-Urm"
  unshare $how true 2>/dev/null || skip "no mount namespace can be had here"
  # shellcheck disable=SC2016 # expanded inside
  exec unshare $how sh -c 'mount -t tmpfs -o "mode=700,$1" tmpfs "$DAXEMU_SMALL" || exit 77
    sh "$2" "$3" inside; status=$?; umount "$DAXEMU_SMALL"; rm -rf "$4" "$5"; exit $status' sh "$1" "$self" "$row" "$scratch" "$DAXEMU_HOME"
}
remount() {
  mount -o "remount,$1" "$DAXEMU_SMALL"
}
fill() { # a file as large as there is room for
  dd if=/dev/zero of="$1" bs=4k 2>/dev/null || :
}
refused() { # WHAT PATTERN COMMAND ...
  what=$1 pattern=$2
  shift 2
  status_of "$@"
  same "exit status ($what): $out $err" "$status" 125
  matches "$what" "$err" "^daxemu: .*$pattern"
}
limited() { # OPTION LIMIT COMMAND ...: under a limit of ulimit
  (
    ulimit "$1" "$2"
    shift 2
    exec "$@"
  )
}
nothing_named() {
  same "named platforms left" "$(ls "$DAXEMU_HOME" 2>/dev/null)" ""
}

huge_page_pool() {
  pool=/sys/kernel/mm/hugepages/hugepages-2048kB
  [ -d $pool ] || skip "this kernel has no huge pages of 2M"
  pages=$(($(cat $pool/nr_hugepages) + $(cat $pool/nr_overcommit_hugepages) + 1))
  refused "more than the pool" "needs $pages huge pages of 2M, the pool has [0-9]+ available; grow the pool" \
    "$daxemu" run --backing hugetlb --size $((pages * 2))M -- true
  refused "none of 1G" "huge pages of 1G|this kernel has no huge pages of 1G" \
    "$daxemu" run --backing hugetlb --align 1G --size 512G -- true
  runs "$daxemu" run --size 64M -- "$poke" 0 32 # what the pool has, or small pages
}

named_too_large() {
  in_small_tmpfs size=24M
  DAXEMU_HOME=$DAXEMU_SMALL
  refused "larger than the file system" '64M is more than the file system of named platforms holds \(24M\); .*remount' \
    "$daxemu" create lab --backing shmem --size 64M
  nothing_named
  runs "$daxemu" create lab --backing shmem --size 16M
  runs "$daxemu" run --platform lab -- "$poke" 0 8
}

no_inodes() {
  in_small_tmpfs size=24M,nr_inodes=12
  DAXEMU_HOME=$DAXEMU_SMALL
  refused "no inodes" 'cannot be made: No space left on device' "$daxemu" create lab --backing shmem --size 16M
  nothing_named
  remount nr_inodes=1000
  runs "$daxemu" create lab --backing shmem --size 16M
}

no_room_for_the_store() {
  in_small_tmpfs size=8M
  DAXEMU_HOME=$DAXEMU_SMALL
  fill "$DAXEMU_SMALL/filler"
  refused "no memory for the store" 'No space left|no memory is left|enlarge' \
    "$daxemu" create lab --backing shmem --size 4M
  runs "$daxemu" list
  has_not "a half-made platform" "$out" '(^| )lab( |$)'
  rm "$DAXEMU_SMALL/filler"
  runs "$daxemu" create lab --backing shmem --size 4M
  runs "$daxemu" run --platform lab -- "$poke" 0 2
}

# tmpfs has no page for a first touch: SIGBUS, as documented.
touch_without_memory() {
  in_small_tmpfs size=24M
  DAXEMU_HOME=$DAXEMU_SMALL
  for engine in handler inline populate; do
    runs "$daxemu" create $engine --backing shmem --size 16M --engine $engine
    runs "$daxemu" run --platform $engine -- "$poke" 0 3
    fill "$DAXEMU_SMALL/filler"
    status_of "$daxemu" run --platform $engine -- "$poke" 3 4
    same "status ($engine): $out $err" "$status" 135 # 128 + SIGBUS
    runs "$daxemu" run --platform $engine -- "$poke" 0 3 check
    rm "$DAXEMU_SMALL/filler"
    runs "$daxemu" run --platform $engine -- "$poke" 3 4
    runs "$daxemu" run --platform $engine -- "$poke" 0 7 check
    runs "$daxemu" destroy $engine
  done
}

disk() {
  in_small_tmpfs size=9M
  image=$DAXEMU_SMALL/image
  runs "$daxemu" create lab --backing shmem --size 16M --image "$image"
  runs "$daxemu" run --platform lab -- "$poke" 0 2
  runs "$daxemu" sync lab
  refused "disk full at the end of run" 'No space left on device; make room .*daxemu sync' \
    "$daxemu" run --platform lab -- "$poke" 2 4
  refused "disk full" 'writing dax0\.0 back to .*, extent [2-5] \(offset ([468]|10)M\), no other is written: No space left on device; make room .*daxemu sync' \
    "$daxemu" sync lab
  cp --sparse=always "$image" copy # what was committed before is whole
  runs "$daxemu" run --image "$PWD/copy" -- "$poke" 0 2 check
  remount size=64M
  runs "$daxemu" sync lab
  runs "$daxemu" destroy lab
  runs "$daxemu" run --image "$image" -- "$poke" 0 6 check
  remount size=14M # and at the end of run
  refused "disk full at the end" 'No space left on device' "$daxemu" run --image "$image" -- sh -c "$poke 6 2 && $poke 0 2"
  remount size=64M
  runs "$daxemu" run --image "$image" -- "$poke" 0 6 check
}

descriptors() {
  refused "no descriptors for create" 'Too many open files; raise the limit of open files' \
    limited -n 40 "$daxemu" create lab --size 16M --backing shmem
  nothing_named
  refused "no descriptors for run" 'Too many open files; raise the limit of open files' \
    limited -n 40 "$daxemu" run --size 16M --backing shmem -- true
  runs "$daxemu" create lab --size 16M --backing shmem
  runs limited -n 16 "$daxemu" run --platform lab -- "$poke" 0 8
}

file_size() {
  refused "RLIMIT_FSIZE" 'File too large' \
    limited -f 8 "$daxemu" run --size 64M --backing shmem -- true
  refused "RLIMIT_FSIZE and a named one" 'File too large' \
    limited -f 8 "$daxemu" create lab --size 64M --backing shmem
  nothing_named
  runs "$daxemu" create lab --backing shmem --size 16M --image "$PWD/image"
  refused "RLIMIT_FSIZE of an image" 'writing dax0\.0 back to .*: File too large' \
    limited -f 8 "$daxemu" run --platform lab -- "$poke" 0 2
  runs "$daxemu" sync lab
  runs "$daxemu" destroy lab
  runs "$daxemu" run --image "$PWD/image" -- "$poke" 0 2 check
  status_of "$daxemu" run -- sh -c 'ulimit -f 1; dd if=/dev/zero of=big bs=1M count=1' # the command's own SIGXFSZ
  case $status in
    0 | 125) fail "the command does not see its own limit: $status $err" ;;
  esac
}

address_space() {
  refused "RLIMIT_AS" "a mapping of 4G fails: Cannot allocate memory; raise the limit|huge pages of 2M" \
    limited -v 262144 "$daxemu" run --size 4G --backing hugetlb -- true
  runs limited -v 1048576 "$daxemu" run --size 16M --backing shmem -- "$poke" 0 8
}

processes() {
  needs setpriv prlimit
  [ "$(id -u)" -eq 0 ] || skip "needs root, to become a user without processes"
  mkdir -p tree/bin tree/lib
  cp "$daxemu" "$poke" tree/bin/
  cp "${daxemu%/bin/*}/lib/libdaxemu-preload.so" tree/lib/
  chmod -R a+rX "$scratch"
  as_nobody="env -u DAXEMU_HOME setpriv --reuid=65533 --regid=65533 --clear-groups"
  # shellcheck disable=SC2086 # words
  {
    refused "RLIMIT_NPROC" 'no process for the command: Resource temporarily unavailable; raise the limit of processes' \
      $as_nobody prlimit --nproc=0 tree/bin/daxemu run --size 16M --backing shmem -- tree/bin/poke_extents 0 8
    runs $as_nobody tree/bin/daxemu run --size 16M --backing shmem -- tree/bin/poke_extents 0 8
  }
}

"$row"
