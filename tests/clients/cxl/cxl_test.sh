#!/bin/sh
# cxl_test.sh NAME KERNEL TOOLS [run's flags]: the emulated CXL bus answers as that kernel's own did in a guest (expected/cxl/linux-KERNEL,
# recorded by cxl/capture), asked by the same scripts. NAME: one of cxl/steps, tree or calls. TOOLS: the release of cxl, daxctl and ndctl,
# 81 or 85, brought by python-free-scripts/daxctl-release.
# The platform is what the guest had: cxl/bridges.json and cxl/wide.json for the steps of that name, else cxl/default.json.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
name=$1 kernel=$2 tools=$3
shift 3
cxl_of "$tools"
export SYSFS_TREE="$DAXEMU_TESTS/sysfs_tree"
# Of a node and an attribute another user asks, too.
[ "$name" != calls ] || [ "$(id -u)" = 0 ] || skip "only root can become another user"
case $name in
  tree | calls | writes-* | uevents) recorded=$here/expected/cxl/linux-$kernel/$name.txt ;;
  *) recorded=$here/expected/cxl/linux-$kernel/tools-$tools/$name.txt ;;
esac
[ -s "$recorded" ] || skip "what Linux $kernel answers to $name is not recorded (tests/clients/cxl/capture)"
steps=$here/cxl/steps/$name.txt
platform=$here/cxl/$name.json
[ -s "$platform" ] || platform=$here/cxl/default.json
case $name in
  tree) set -- "$@" -- sh "$here/cxl/tree.sh" ;;
  calls) set -- "$@" -- sh "$here/cxl/calls.sh" "$DAXEMU_TESTS/attribute_calls_program" ;;
  writes-*) set -- "$@" -- sh "$here/cxl/named.sh" "$DAXEMU_TESTS/poke" "$steps" ;;
  uevents) set -- "$@" -- sh "$here/cxl/named.sh" "$DAXEMU_TESTS/uevents" "$steps" ;;
  *) set -- "$@" -- sh "$here/cxl/replay.sh" "$steps" ;;
esac
status_of "$daxemu" run --config "$platform" --kernel "$kernel" "$@"
case $err in
  *'the kernel does not tell of system calls'*) skip "$err" ;;
esac
same "stderr" "$err" ""
same "exit status" "$status" 0
awk -f "$here/cxl/names.awk" out >answered
if [ "$name" = uevents ]; then
  for side in "$recorded" answered; do
    awk -f "$here/cxl/async.awk" "$side" >"ordered-${side##*/}"
  done
  recorded=ordered-${recorded##*/}
  mv ordered-answered answered
fi
[ "$(grep -c . "$recorded")" -gt 20 ] || fail "$recorded says hardly anything"
diff "$recorded" answered || fail "the bus does not answer as the kernel's (<: kernel, >: here)"
nothing_runs
