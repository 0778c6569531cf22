#!/bin/sh
# ndctl_tests.sh FOLDER [--kernel 7.3] [--tools 81] [--keep FOLDER] [TEST...]: runs ndctl's own tests on the bus that each asks for, and
# prints a table: a test, and "passes" or the line it stops at. Those of CXL have --preset cxl_test, the mock of tools/testing/cxl; those
# that say nfit_test.0 or ACPI.NFIT a region of two DIMMs with labels on a bus of that name.
#
#   FOLDER    test/ of ndctl's sources, brought by you (https://github.com/pmem/ndctl, tag v81)
#   --keep    where what the tests print (sh -x) is left, a file each
#   TEST      cxl-topology.sh, multi-dax.sh ...; all cxl-*.sh without
#
# DAXEMU_BIN is the daxemu command. cxl, daxctl and ndctl are those of python-free-scripts/daxctl-release, jq is this machine's.
# What the tests ask of a machine is answered by commands of the folder `machine`, said there. Each test has a platform of its own,
# which is what `modprobe -r cxl_test; modprobe cxl_test` gives it at its start. Of the two buses of nfit_test there is the first.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
daxemu=$(command -v "${DAXEMU_BIN:?is not set: the daxemu command}") || { echo "ndctl_tests.sh: '$DAXEMU_BIN' is no command" >&2; exit 2; }
daxemu=$(readlink -f "$daxemu")
usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"; }
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  '' | -*) usage >&2; exit 2 ;;
esac
tests=$(cd "$1" && pwd -P)
shift
kernel=7.3 tools=81 keep=
while [ $# -gt 0 ]; do
  case $1 in
    --kernel) kernel=$2 ;;
    --tools) tools=$2 ;;
    --keep) keep=$2 ;;
    *) break ;;
  esac
  shift 2
done
[ -r "$tests/common" ] || { echo "ndctl_tests.sh: $tests/common is not there: give test/ of ndctl's sources" >&2; exit 2; }
command -v jq >/dev/null || { echo "ndctl_tests.sh: jq is not installed" >&2; exit 126; }
release=$("$here/../../../python-free-scripts/daxctl-release" "$tools")
[ -n "$keep" ] || { keep=$(mktemp -d) && trap 'rm -rf "$keep"' EXIT; }
mkdir -p "$keep"
keep=$(cd "$keep" && pwd -P)
if [ $# -eq 0 ]; then
  for file in "$tests"/cxl-*.sh; do set -- "$@" "${file##*/}"; done
fi

# stopped FILE: the script's last line that was tried, with the number the test gave.
stopped() {
  line=$(sed -n 's/.*failed at line \([0-9]*\).*/\1/p' "$1" | head -n 1)
  tried=$(sed -n "/^+* trap /d; /^+* err\b/q; /^+* /p" "$1" | grep -v "^+* '\[' " | tail -n 1)
  [ -n "$tried" ] || tried=$(tail -n 1 "$1" | sed "s/.*: line/line/")
  printf 'stops%s: %s' "${line:+ at line $line}" "$(printf %s "$tried" | cut -c 1-100)"
}

# options_of TEST: what it gives the module cxl_test, of which modprobe (the folder `machine`) and the platform are told.
options_of() {
  if grep -q 'modprobe cxl_test interleave_arithmetic=1' "$tests/$1"; then echo interleave_arithmetic=1; fi
}

# platform_of TEST OPTIONS: the words of `daxemu run` for it.
platform_of() {
  case $1:$2 in
    *:interleave_arithmetic=1) echo --region cxl --preset cxl_test_xor --no-device ;;
    cxl-*) echo --region cxl --preset cxl_test --driver default ;;
    daxctl-create.sh:*) echo --region cxl --preset cxl_test --driver device_dax ;;
    align.sh:* | sub-section.sh:* | daxctl-devices.sh:*) echo --config "$here/nfit-acpi.json" ;;
    *) echo --config "$here/nfit-test.json" ;;
  esac
}

# The tests pass over what does not say that it is of cxl_test: without that bus they would pass and have tried nothing.
"$daxemu" run --kernel "$kernel" --region cxl --preset cxl_test -- "$release/bin/cxl" list -b cxl_test -M 2>/dev/null | grep -q memdev ||
  { echo "ndctl_tests.sh: cxl finds no bus of cxl_test" >&2; exit 1; }
bad=0
printf '%-26s %5s  %s\n' test "s" "Linux $kernel, cxl $tools"
for test in "$@"; do
  log=$keep/${test%.sh}.log
  start=$(date +%s)
  status=0
  options=$(options_of "$test")
  # shellcheck disable=SC2016,SC2046 # the inner shell's; words
  REAL_NDCTL=$release/bin/ndctl CXL=$release/bin/cxl NDCTL=$here/machine/ndctl DAXCTL=$release/bin/daxctl MODPROBED=$keep/modprobed MOCK_OPTIONS=$options timeout 300 \
    "$daxemu" run --kernel "$kernel" $(platform_of "$test" "$options") -- \
    env PATH="$here/machine:$release/bin:$PATH" sh -c 'rm -f "$MODPROBED"; cd "$1" && exec bash "$1/$2"' sh "$tests" "$test" >"$log" 2>&1 </dev/null || status=$?
  case $status in
    0) answer=passes ;;
    77) answer="skips: $(grep -v "^+" "$log" | tail -n 1)" bad=1 ;;
    124) answer="takes more than 300 s; $(stopped "$log")" bad=1 ;;
    *) answer=$(stopped "$log") bad=1 ;;
  esac
  printf '%-26s %5s  %s\n' "$test" $(($(date +%s) - start)) "$answer"
done
exit $bad
