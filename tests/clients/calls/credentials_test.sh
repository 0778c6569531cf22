#!/bin/sh
# credentials_test.sh PROGRAM: processes that may not look into the platform's keeper: without capabilities, of another user, in
# namespaces of their own. The device is there as it was, open answers by its mode and owner, and nobody says a word.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"
program=$1
needs setpriv unshare
[ "$(id -u)" -eq 0 ] || skip "only root can become another user"
DAXEMU_HOME=/dev/shm/daxemu-credentials-$$
export DAXEMU_HOME
trap 'rm -rf "$scratch" "$DAXEMU_HOME"' EXIT
chmod 755 "$scratch" # for nobody

all="stat=ok open=ok fstat=ok mmap=ok touch=ok"
kept="stat=ok open=EACCES fstat=ok mmap=ok touch=ok"
other="setpriv --reuid=65534 --regid=65534 --clear-groups"

ask() { # WHAT EXPECTED COMMAND ...
  what=$1 expected=$2
  shift 2
  # shellcheck disable=SC2086 # words
  runs "$daxemu" run $stage -- "$@"
  same "$what ($stage)" "${out% }" "$expected"
  same "what is said on standard error: $what ($stage)" "$err" ""
}

questions() {
  ask "as it was" "$all" "$program" open
  ask "without capabilities" "$all" "$program" caps
  ask "without capabilities, a new program" "$all" setpriv --bounding-set=-all --inh-caps=-all "$program" open
  ask "another user, by a descriptor from before" "$kept" "$program" user
  # shellcheck disable=SC2086 # words
  ask "another user, a new program" "stat=ok open=EACCES" $other "$program" open
  # shellcheck disable=SC2086 # words
  ask "another user, an inherited descriptor" "$kept" \
    sh -c 'exec 5<>/dev/dax0.0; exec "$@"' sh $other "$program" inherited
  # shellcheck disable=SC2086 # words
  ask "the node is listed" "/dev/dax0.0" $other sh -c 'echo /dev/dax*'
  # shellcheck disable=SC2086 # words
  ask "its attributes are read" "2097152" $other cat /sys/bus/dax/devices/dax0.0/align
  if unshare -U true 2>/dev/null; then
    ask "a user namespace without a map" "$all" unshare -U "$program" open # the owner is who he was
    ask "a user namespace of its own root" "$all" unshare -Ur "$program" open
  fi
  if unshare -p -f --mount-proc true 2>/dev/null; then
    ask "a namespace of processes" "$all" unshare -p -f --mount-proc "$program" open
  fi
}

stage="--size 64M --backing shmem"
questions
runs "$daxemu" create lab --size 64M --backing shmem
stage="--platform lab"
questions
nothing_runs
runs "$daxemu" destroy lab
