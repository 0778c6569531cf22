#!/bin/sh
# daxctl_replay_test.sh TRANSCRIPT KERNEL VERSION [run's flags]: daxctl goes through a device's life and says what it said on a real
# hmem region of 2 GiB under that kernel in the guest: same JSON, messages and exit status of every step. VERSION is of daxctl:
# "own" is this machine's, another is brought (python-free-scripts/daxctl-release). Only addresses and the number of the target node
# are the machine's own. Transcripts: expected/ndctl-VERSION of 6.1, expected/linux-KERNEL/ndctl-VERSION.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs daxctl bash
file=$1 kernel=$2 release=$3
shift 3
if [ "$release" != own ]; then
  own=$(daxctl --version | cut -d . -f 1)
  [ "$own" != "$release" ] || skip "daxctl $release is this machine's own, which other tests run"
  folder=$("$here/../../python-free-scripts/daxctl-release" "$release" 2>refused) || skip "$(tail -n 1 refused)"
  PATH=$folder/bin:$PATH
  export PATH
fi
recorded "$file" "$kernel"
grep '^[$-]' "$transcript" >/dev/null || fail "no steps in $transcript"

# platform_at GIGABYTES DRIVER: a platform file whose region begins there, or higher.
platform_at() {
  printf '{ "kernel": "%s", "regions": [ { "start": "%sG", "devices": [ { "size": "2G", "driver": "%s" } ] } ] }\n' \
    "$kernel" "$1" "$2" >"$scratch/platform.json"
}

# A node lists its blocks in an order that their numbers give (kernfs_name_hash), and daxctl stops at the first that does not go
# offline. In the guest that was the first listed: the region begins where it is here too.
begin_where_the_first_block_is_listed_first() {
  for gigabytes in $(seq 256 1 512); do
    platform_at "$gigabytes" kmem
    # shellcheck disable=SC2016 # the shell in there expands it
    runs "$daxemu" run --config platform.json -- sh -c '
      set -- $(ls -U /sys/devices/system/node/node"$(cat /sys/bus/dax/devices/dax0.0/target_node)" | grep "^memory[0-9]" | head -n 1) \
        $(($(cat /sys/bus/dax/devices/dax0.0/resource) / 0x$(cat /sys/devices/system/memory/block_size_bytes)))
      [ "$1" != "memory$2" ] || echo yes'
    if [ "$out" = yes ]; then
      platform_at "$gigabytes" device_dax
      return 0
    fi
  done
  fail "there is no such place"
}

set -- --kernel "$kernel" --size 2G "$@"
if grep -q 'Failed to offline .*/memory@0/' "$transcript"; then
  begin_where_the_first_block_is_listed_first
  set -- --config platform.json
fi
status_of "$daxemu" run "$@" -- bash "$here/replay.sh" "$transcript"
same "stderr" "$err" ""
same "exit status" "$status" 0
diff "$transcript" out || fail "daxctl does not say what it said on the real device (<: real, >: here)"
same "steps" "$(grep -c '^\$ ' out)" "$(grep -c '^\$ ' "$transcript")"
nothing_runs
