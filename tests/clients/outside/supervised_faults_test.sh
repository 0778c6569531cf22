#!/bin/sh
# supervised_faults: first touches of programs that no library sees are served from outside; a driver that lets go and memory that
# fails reach what they have mapped. What the program prints, and what is counted, is what it is with the library.
#   supervised_faults_test.sh PROGRAM      PROGRAM: outside_touches_program, dynamically linked
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
program=$1
run() {
  status_of "$daxemu" run --size 64M --align 2M --backing shmem --intercept "$@"
}
run kernel -- true
case $err in
  *'the kernel does not tell of system calls'*) skip "$err" ;;
esac
driver=/sys/bus/dax/drivers/device_dax
"$daxemu" doctor >findings 2>&1 || true
if grep -q "engine *handler" findings; then served=yes; else served=no; fi

# both WHAT WORD ...: the program prints the same by the library and from outside.
both() {
  what=$1
  shift
  run libc -- "$program" /dev/dax0.0 "$@"
  expected=$out
  run kernel -- "$program" /dev/dax0.0 "$@"
  same "$what" "$out$err" "$expected"
}

# In one program, and in its children.
both "touches" write 0 touch 0 write 5 read 7 read 5 first 0 16
both "a child's touches" write 0 fork touch 0 write 1 read 2 first 0 16
both "a mapping that comes again" write 3 unmap map touch 3 fork touch 4
both "threads" threads 0 16 first 0 16
both "asynchronous reads into what is untouched" aio 3 uring 5 touch 3 fork aio 7 uring 9

if [ "$served" = yes ]; then
  # Counted one by one. What the parent has touched before a fork may be the kernel's to serve in the child.
  for intercept in libc kernel; do
    status_of "$daxemu" run --exact --size 64M --align 2M --backing shmem --intercept $intercept --stats -- "$program" /dev/dax0.0 write 0 write 1 touch 1 fork write 4 write 5
    printf '%s\n' "$err" | grep -oE '[0-9]+ (faults|mappings|extents)[^,;]*' >counted.$intercept || true
  done
  same "what is counted" "$(cat counted.kernel)" "$(cat counted.libc)"
  [ -s counted.kernel ] || fail "nothing was counted: $err"

  # An extent of small pages that was touched is a hole in what is watched. Holes cost the process mappings, so it may have so many of them;
  # past that, pages are served one by one. Neighbours that this program has touched since it mapped them are one hole.
  most=$(cat /proc/sys/vm/max_map_count)
  if [ "$most" -le 131072 ]; then
    extents=$((2 * (most / 8) + 256))
    status_of "$daxemu" run --exact --size "$((extents * 2))M" --align 2M --backing shmem --intercept kernel --stats -- "$program" /dev/dax0.0 \
      unmap extents "$extents" map first 0 "$extents" beside 2 unmap map every 0 "$extents" beside 2 beside "$((extents - 2))"
    same "beside many holes: $err" "$out" "lost 0
lost 0"
    matches "one of many holes" "$err" "$((extents + extents / 2 + 1)) faults"
  fi

  # The driver lets go, and takes it again; memory fails, and is healed. By the program itself, and by others.
  both "unbound by itself" write 0 write 1 sysfs $driver/unbind dax0.0 touch 0 touch 2 read 1 sysfs $driver/bind dax0.0 touch 0 touch 2 read 1
  both "its child finds it unbound" write 0 sysfs $driver/unbind dax0.0 fork touch 0 touch 3

  # outside INTERCEPT WORDS FLAG ...: the program says ready, memory fails as the flags of daxemu poison say, what is behind the word
  # heal is healed, and it goes on.
  outside() {
    rm -f go said
    intercept=$1 words=$2
    shift 2
    # shellcheck disable=SC2086 # words
    "$daxemu" run --size 64M --align 2M --backing shmem --intercept "$intercept" -- "$program" /dev/dax0.0 $words >said 2>&1 &
    run=$!
    for attempt in $(seq 600); do
      ! grep -q ready said 2>/dev/null || break
      sleep 0.05
    done
    heals=""
    flags=""
    for flag in "$@"; do
      if [ "$flag" = heal ]; then heals="--clear"; elif [ -n "$heals" ]; then heals="$heals $flag"; else flags="$flags $flag"; fi
    done
    # shellcheck disable=SC2086 # words
    "$daxemu" poison dax0.0 --platform "$run" $flags >told 2>&1 || fail "poison $flags, after $attempt looks: $(cat told)"
    # shellcheck disable=SC2086 # words
    [ -z "$heals" ] || "$daxemu" poison dax0.0 --platform "$run" $heals >told 2>&1 || fail "poison $heals: $(cat told)"
    : >go
    wait "$run" || true
  }
  # compared WORDS COMMAND ...: of daxemu, while the program waits.
  compared() {
    words=$1
    shift
    for intercept in libc kernel; do
      # shellcheck disable=SC2086 # words
      outside "$intercept" "$words" "$@"
      cp said said."$intercept"
    done
    same "outside, $words, $*" "$(cat said.kernel)" "$(cat said.libc)"
    matches "outside, $words, $*" "$(cat said.kernel)" 'MCEERR_AR at'
  }
  compared 'write 0 write 1 write 2 wait go touch 1 touch 0 read 1 touch 2 touch 9 first 0 16' --offset 2M
  compared 'write 0 fork write 1 wait go touch 1 touch 0 touch 1' --offset 2M
  compared 'write 1 wait go touch 1 touch 4 read 4 touch 4 read 1 touch 1' --offset 2M --length 8M
  compared 'write 1 wait go touch 1 touch 4 touch 0' --offset 2M --length 8M heal --offset 8M

  # By a command in the run itself: its own way to the memory is no mapping of the device.
  # shellcheck disable=SC2016 # the inner shell expands it
  both_commands='"$0" poison dax0.0 --offset 2M && "$0" poison dax0.0 --offset 2M --clear && "$1" /dev/dax0.0 read 1 touch 1'
  run libc -- sh -c "$both_commands" "$daxemu" "$program"
  expected=$out
  run kernel -- sh -c "$both_commands" "$daxemu" "$program"
  same "healed in the run" "$out$err" "$expected"

  # Who ignores SIGBUS, or blocks it, is ended by it.
  run kernel -- "$program" /dev/dax0.0 ignore sysfs $driver/unbind dax0.0 touch 0
  same "the end of a program that ignores SIGBUS" "$status" 135
fi

# An ordinary user may not have a userfaultfd that serves the kernel's touches, unless by the device for it: then the program makes its own
# by that.
by_device() {
  # shellcheck disable=SC2016 # the inner shell expands them
  status_of unshare -m sh -c 'mkdir -p nodes && mount -t tmpfs nodes nodes && chmod 755 nodes &&
    mknod nodes/userfaultfd c $(printf "%d %d" 0x$(stat -c %t /dev/userfaultfd) 0x$(stat -c %T /dev/userfaultfd)) && chmod "$0" nodes/userfaultfd && mount --bind nodes/userfaultfd /dev/userfaultfd || exit 77
    exec setpriv --reuid 65534 --regid 65534 --clear-groups "$1" run --exact --size 64M --align 2M --backing shmem --intercept kernel --stats -- "$2" /dev/dax0.0 write 0 write 1 touch 1' \
    "$1" "$daxemu" "$program"
  counted=$(printf '%s\n' "$err" | grep -oE '[0-9]+ (faults|extents touched)' | paste -s -d ' ')
}
if [ "$(id -u)" -eq 0 ] && [ -c /dev/userfaultfd ] && [ "$(cat /proc/sys/vm/unprivileged_userfaultfd)" = 0 ] && command -v setpriv >/dev/null; then
  chmod 755 "$scratch"
  by_device 600
  if [ "$status" -ne 77 ]; then
    same "a user who may not open /dev/userfaultfd" "$counted" "0 faults 16 extents touched"
    by_device 666
    same "one who may: $err" "$counted" "2 faults 2 extents touched"
  fi
fi
nothing_runs
