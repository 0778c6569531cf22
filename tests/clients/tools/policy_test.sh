#!/bin/sh
# policy: memory policies on the node of a device in system-ram mode answer as the kernel's do (expected/policy.txt: Linux
# 6.1 in the guest, by the same program), and what is built on them works: numactl, and memkind's DAX_KMEM kinds.
#   policy_test.sh calls|numactl|memkind
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs daxctl
[ -d /sys/devices/system/node/node0 ] || skip "this kernel has no NUMA nodes"
bin=${DAXEMU_TESTS:?}

# on_ram COMMANDS: runs them where dax0.0 is memory of node $node.
on_ram() {
  cat >commands <<EOF
daxctl reconfigure-device -m system-ram dax0.0 >/dev/null 2>&1 || exit 9
node=\$(cat /sys/bus/dax/devices/dax0.0/target_node)
$1
EOF
  runs "$daxemu" run --size 512M --backing shmem -- sh commands
}

case $1 in
  calls)
    on_ram "$bin/policy_program \$node"
    printf '%s\n' "$out" >got
    diff "$here/expected/policy.txt" got || fail "policies do not answer as the kernel's (<: kernel, >: here)"
    ;;
  numactl)
    needs numactl
    # shellcheck disable=SC2016 # the shell of on_ram expands them
    on_ram 'echo "node $node"; numactl --hardware; numactl --membind=$node numactl --show; numactl --membind=$node cat /proc/self/status;
      numactl --membind=$node cat /proc/self/numa_maps; cat /sys/devices/system/node/node$node/distance /sys/devices/system/node/node0/distance'
    node=$(printf '%s\n' "$out" | sed -n 's/^node \([0-9]*\)$/\1/p')
    [ "$node" -ge 1 ] || fail "no node: $out"
    matches "numactl --hardware" "$out" "^available: $((node + 1)) nodes \(0-$node\)"
    matches "numactl --hardware" "$out" "^node $node size: 512 MB"
    matches "numactl --hardware" "$out" "^ *$node: .*20 +10 *$"
    matches "numactl --membind" "$out" '^policy: bind'
    matches "numactl --membind" "$out" "^membind: $node *$"
    matches "/proc/self/status" "$out" "^Mems_allowed_list:.*[-,]?$node$"
    matches "/proc/self/numa_maps" "$out" "^[0-9a-f]+ bind:$node "
    matches "distance" "$out" '^20.* 10$'
    matches "distance" "$out" '^10.* 20$'
    ;;
  memkind)
    [ -x "$bin/memkind_program" ] || skip "memkind is not installed (python-free-scripts/deps test)"
    on_ram "$bin/memkind_program; MEMKIND_DAX_KMEM_NODES=\$node $bin/memkind_program"
    same "memkind's kinds, found and named" "$out" "DAX_KMEM: 1048576 bytes
DAX_KMEM_ALL: 1048576 bytes
DAX_KMEM_PREFERRED: 1048576 bytes
DAX_KMEM: 1048576 bytes
DAX_KMEM_ALL: 1048576 bytes
DAX_KMEM_PREFERRED: 1048576 bytes"
    # Without a device in that mode there is nothing to have.
    status_of "$daxemu" run --size 512M --backing shmem -- "$bin/memkind_program"
    has_not "memkind without such a device" "$out" 'bytes'
    ;;
esac
nothing_runs
