#!/bin/sh
# unprivileged_test.sh ROW: what somebody without privileges, in a container, or in a hostile folder gets. Each row asserts
# the outcome, and what doctor says of it.
row=$1
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/../clients/lib.sh"
poke=${DAXEMU_POKE:?is not set: the poke_extents program}
refuse_calls=${DAXEMU_REFUSE_CALLS:?is not set: the refuse_calls program}
kernel_touches=${DAXEMU_KERNEL_TOUCHES:?is not set: the kernel_touches program}
nobody=65534

# An installed tree that any user can read: the build may be in a folder that only its owner can enter.
mkdir -p tree/bin tree/lib
cp "$daxemu" "$poke" "$refuse_calls" "$kernel_touches" tree/bin/
cp "${daxemu%/bin/*}/lib/libdaxemu-preload.so" tree/lib/
chmod -R a+rX "$scratch"
daxemu=$scratch/tree/bin/daxemu poke=$scratch/tree/bin/poke_extents refuse_calls=$scratch/tree/bin/refuse_calls
kernel_touches=$scratch/tree/bin/kernel_touches
mkdir home
plain=""
if [ "$(id -u)" -eq 0 ]; then
  needs setpriv
  plain="setpriv --reuid=$nobody --regid=$nobody --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs"
  chown $nobody:$nobody home
fi
cd home
DAXEMU_HOME=/dev/shm/daxemu-unprivileged-$$
export DAXEMU_HOME
trap 'rm -rf "$scratch" "$DAXEMU_HOME"' EXIT

# shellcheck disable=SC2086 # words
as_user() {
  $plain "$@"
}
doctor_says() { # TOPIC PATTERN COMMAND ...
  topic=$1 pattern=$2
  shift 2
  status_of "$@" "$daxemu" doctor
  matches "doctor on $topic" "$out" "^[a-z]+ +$topic .*$pattern"
}
unprivileged_userfaultfd_0() {
  [ "$(cat /proc/sys/vm/unprivileged_userfaultfd 2>/dev/null)" = 0 ] || skip "vm.unprivileged_userfaultfd is not 0 here"
  doctor_says userfaultfd 'Operation not permitted; allowed for user-mode faults only' as_user
  matches "the remedy" "$out" 'sysctl vm.unprivileged_userfaultfd=1|access to /dev/userfaultfd'
  doctor_says engine populate as_user
  runs as_user "$daxemu" run --size 64M --backing shmem --stats -- "$poke" 0 32
  matches "extents" "$err" '32 extents touched of 32'
}

# System calls into extents nobody has touched, served by wrappers that touch them first.
user_mode_only() {
  for engine in handler inline; do
    runs as_user "$daxemu" run --size 64M --backing shmem --engine $engine --stats -- "$poke" 0 32
    matches "extents ($engine)" "$err" '32 extents touched of 32'
    runs as_user "$daxemu" run --size 64M --backing shmem --engine $engine -- "$kernel_touches"
  done
}

# The program may have no further thread, so none can serve its touches.
no_threads() {
  needs prlimit
  for engine in auto handler inline; do
    runs as_user "$daxemu" run --size 64M --backing shmem --engine $engine --stats -- prlimit --nproc=1:1 "$poke" 0 32
    matches "extents ($engine)" "$err" '32 extents touched of 32'
  done
  status_of as_user "$daxemu" run --size 64M --backing shmem -- prlimit --nproc=1:1 sh -c 'sleep 0 & wait'
  [ "$status" -ne 0 ] || fail "a user of one process may have more: the limit is none here"
  runs as_user "$daxemu" run --size 64M --backing shmem --engine handler --stats -- "$poke" 0 32
  matches "extents, without the limit" "$err" '32 extents touched of 32'
}

seccomp_eperm() {
  doctor_says userfaultfd 'Operation not permitted' as_user "$refuse_calls" EPERM userfaultfd
  doctor_says seccomp 'a filter is active' as_user "$refuse_calls" EPERM userfaultfd
  for engine in auto handler inline; do
    runs as_user "$refuse_calls" EPERM userfaultfd "$daxemu" run --size 64M --backing shmem --engine $engine --stats -- \
      "$poke" 0 32
    matches "extents" "$err" '32 extents touched of 32'
  done
}

seccomp_enosys() {
  doctor_says userfaultfd 'Function not implemented' as_user "$refuse_calls" ENOSYS userfaultfd
  matches "the remedy" "$out" "seccomp profile"
  runs as_user "$refuse_calls" ENOSYS userfaultfd "$daxemu" run --size 64M --backing shmem -- "$poke" 0 32
}

# The default profile of container engines.
container() {
  doctor_says engine populate as_user "$refuse_calls" EPERM container
  doctor_says io_uring "refused: Operation not permitted; the handler polls instead" as_user "$refuse_calls" EPERM container
  runs as_user "$refuse_calls" EPERM container "$daxemu" create lab --size 32M --backing shmem --image "$PWD/image"
  runs as_user "$refuse_calls" EPERM container "$daxemu" run --platform lab -- "$poke" 0 16
  runs as_user "$refuse_calls" EPERM container "$daxemu" sync lab # without io_uring
  runs as_user "$refuse_calls" EPERM container "$daxemu" destroy lab
  runs as_user "$daxemu" run --image "$PWD/image" -- "$poke" 0 16 check
}

no_memory_files() {
  doctor_says 'memory files' 'Operation not permitted' as_user "$refuse_calls" EPERM memfd_create
  status_of as_user "$refuse_calls" EPERM memfd_create "$daxemu" run --size 64M -- true
  same "exit status" "$status" 125
  matches "the message" "$err" '^daxemu: .*Operation not permitted'
}

private_files() {
  runs as_user "$daxemu" create lab --size 16M --backing shmem
  same "the directory" "$(stat -c '%a %F' "$DAXEMU_HOME")" "700 directory"
  same "files others could use" "$(find "$DAXEMU_HOME" -type f ! -perm 600)" ""
  same "directories others could use" "$(find "$DAXEMU_HOME" -type d ! -perm 700)" ""
  [ "$(id -u)" -eq 0 ] || return 0
  status_of setpriv --reuid=65533 --regid=65533 --clear-groups "$daxemu" run --platform lab -- true
  same "another user" "$status" 125
  matches "what he is told" "$err" '^daxemu: .*(Permission denied|not one that only you)'
}

foreign_home() {
  [ "$(id -u)" -eq 0 ] || skip "needs root, to make another user's folder"
  mkdir "$DAXEMU_HOME" # root's
  for mode in 755 777; do
    chmod $mode "$DAXEMU_HOME"
    status_of as_user "$daxemu" create lab --size 16M --backing shmem
    same "exit status" "$status" 125
    matches "the message" "$err" 'is not a directory only you can write to: Permission denied; remove it, or set DAXEMU_HOME'
  done
  mkdir -p "$DAXEMU_HOME/lab" # a store placed by another: not even looked at
  chown $nobody "$DAXEMU_HOME/lab"
  status_of as_user "$daxemu" run --platform lab -- true
  same "exit status" "$status" 125
  matches "the message" "$err" 'not one that only you can write to: Permission denied'
  status_of as_user env LD_PRELOAD="$scratch/tree/lib/libdaxemu-preload.so" DAXEMU_PLATFORM=lab true
  same "the program itself" "$status" 0
  matches "and what it says" "$err" 'daxemu: cannot use the platform DAXEMU_PLATFORM=lab: Permission denied'
}

symlink_home() {
  mkdir elsewhere
  chmod 700 elsewhere
  [ "$(id -u)" -ne 0 ] || chown $nobody elsewhere
  ln -s "$PWD/elsewhere" "$DAXEMU_HOME"
  status_of as_user "$daxemu" create lab --size 16M --backing shmem
  same "exit status" "$status" 125
  matches "the message" "$err" 'not a directory only you can write to: Too many levels of symbolic links'
  same "what was written behind it" "$(ls elsewhere)" ""
}

# In the way of what is to be made: never followed, never overwritten.
in_the_way() {
  runs as_user "$daxemu" create lab --size 16M --backing shmem
  echo precious >"$scratch/precious"
  chmod 666 "$scratch/precious"
  for file in store dax0.0 dax0.0.folios; do
    mkdir -p "$DAXEMU_HOME/other"
    ln -s "$scratch/precious" "$DAXEMU_HOME/other/$file"
    [ "$(id -u)" -ne 0 ] || chown -R $nobody "$DAXEMU_HOME/other"
    status_of as_user "$daxemu" create other --size 16M --backing shmem
    same "precious after a create over $file" "$(cat "$scratch/precious")" precious
    as_user "$daxemu" destroy other >/dev/null 2>&1 || :
    rm -rf "$DAXEMU_HOME/other"
  done
  ln -s "$scratch/precious" image
  status_of as_user "$daxemu" run --image "$PWD/image" --size 16M -- true
  same "an image that is none" "$status" 125
  same "precious after an image over it" "$(cat "$scratch/precious")" precious
}

# The loader ignores us there, and so do we.
set_user_id() {
  [ "$(id -u)" -eq 0 ] || skip "needs root, to make a set-user-ID program"
  cp "$(command -v ls)" "$scratch/tree/bin/suls"
  chmod 4755 "$scratch/tree/bin/suls"
  findmnt -no OPTIONS -T "$scratch" | grep -q nosuid && skip "the temporary folder is mounted nosuid"
  free="setpriv --reuid=$nobody --regid=$nobody --clear-groups" # without no_new_privs it becomes root
  # shellcheck disable=SC2086 # words
  {
    status_of $free "$daxemu" run --size 16M -- "$scratch/tree/bin/suls" /dev/dax0.0
    same "exit status of run" "$status" 126
    matches "the message" "$err" 'set-user-ID'
    status_of $free "$daxemu" run --size 16M -- sh -c "$scratch/tree/bin/suls /dev/dax0.0; ls /dev/dax0.0"
    matches "the set-user-ID program" "$err" 'suls: cannot access|cannot access .*dax0.0'
    same "what its caller sees" "$out" /dev/dax0.0
  }
}

# Whatever the variables say: at worst a line, and the program runs as without daxemu.
environment() {
  preload=$scratch/tree/lib/libdaxemu-preload.so
  long=$(head -c 5000 /dev/zero | tr '\0' a)
  mkfifo fifo
  head -c 100000 /dev/urandom >noise
  printf 'DAXEMU\r\n' >short
  for value in "" / . .. ../lab lab /dev/null /dev/zero /etc/passwd "$PWD/fifo" "$PWD/noise" "$PWD/short" "$long" "/$long" \
    "%s%n%n" "$(printf 'a\001b')" "/proc/self/fd/0" "/proc/1/fd/3" "/proc/self/mem"; do
    status_of as_user timeout 20 env LD_PRELOAD="$preload" DAXEMU_PLATFORM="$value" sh -c 'echo fine; exit 3' </dev/null
    same "exit status with DAXEMU_PLATFORM=$(printf '%.40s' "$value"): $err" "$status" 3
    same "output" "$out" fine
    matches "and a line" "$err" '^daxemu: .*; the program runs without emulated devices'
  done
  for variable in DAXEMU DAXEMU_TRACE DAXEMU_PRELOAD DAXEMU_CWD; do
    for value in "" nonsense "$long" /dev/null ../..; do
      status_of as_user timeout 20 env "$variable=$value" "$daxemu" run --size 16M --backing shmem -- "$poke" 0 2
      case $status in
        0) same "output with $variable" "$(printf '%s' "$out" | tr '\n' ' ')" "0 1" ;;
        125 | 126 | 127) matches "a refusal with $variable" "$err" '^daxemu: .*; ' ;;
        *) fail "$variable=$(printf '%.40s' "$value") ends with $status: $err" ;;
      esac
    done
  done
  status_of as_user timeout 20 env DAXEMU_HOME="/$long" "$daxemu" create lab --size 16M
  same "exit status with a long DAXEMU_HOME" "$status" 125
}

"$row"
nothing_runs
