#!/bin/sh
# cxl_programs_test.sh VERSION [umf]: programs on devices that cxl of that release makes of CXL memory, in one `daxemu run` of a user without
# any capability: fio and a provider of memory on an interleaved volatile region, PMDK's pools on a persistent one. umf: UMF's own tests of its
# device-dax provider too, on the volatile one (DAXEMU_UMF_BUILD: what cxl/umf_build.sh has built).
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs fio setpriv pmempool
folder=$("$here/../../python-free-scripts/daxctl-release" "$1" 2>refused) || skip "$(tail -n 1 refused)"
[ -x "$folder/bin/cxl" ] || skip "there is no cxl $1 here"
programs=${DAXEMU_TESTS:?}
umf=
if [ "${2:-}" = umf ]; then
  umf=${DAXEMU_UMF_BUILD:-}
  [ -x "$umf/test_provider_devdax_memory" ] || skip "UMF is not here: tests/clients/cxl/umf_build.sh SOURCE FOLDER, then DAXEMU_UMF_BUILD=FOLDER"
fi

# What any user can read: the build, the tools and the steps may be in folders that only their owner can enter.
mkdir -p installed/bin installed/lib tools
cp "$daxemu" installed/bin/
cp "${daxemu%/bin/*}/lib/libdaxemu-preload.so" installed/lib/
cp -r "$folder/lib" tools/
for tool in cxl daxctl ndctl; do
  printf '#!/bin/sh\nexec %s/lib/ld-linux-x86-64.so.2 --argv0 %s --library-path %s/lib %s/lib/%s.program "$@"\n' \
    "$scratch/tools" $tool "$scratch/tools" "$scratch/tools" $tool >installed/bin/$tool
done
cp "$programs/provider_program" installed/bin/
[ -z "$umf" ] || cp "$umf"/test_provider_devdax_memory* "$umf"/libumf.so* installed/bin/
[ ! -x "$programs/pmemobj_program" ] || cp "$programs/pmemobj_program" installed/bin/
cp "$here/cxl/default.json" .
cat >steps <<'EOS'
set -e
id -u
cxl create-region -d decoder0.0 -t ram -w 2 -m mem0 mem1 >region.json
daxctl reconfigure-device -f -m devdax dax0.0 >device.json
fio --name=t --ioengine=dev-dax --filename=/dev/dax0.0 --rw=randrw --bs=4k --size=64m --verify=crc32c --do_verify=1 >fio.txt
provider_program /dev/dax0.0 >provider.txt
if command -v test_provider_devdax_memory >/dev/null; then
  for part in test_provider_devdax_memory test_provider_devdax_memory_ipc; do
    LD_LIBRARY_PATH=${0%/*}/installed/bin UMF_TESTS_DEVDAX_PATH=/dev/dax0.0 UMF_TESTS_DEVDAX_SIZE=1073741824 $part >$part.txt 2>&1 || echo "$part ended with $?"
  done
fi
cxl create-region -d decoder0.1 -t pmem -m mem2 >region1.json
device=$(ndctl create-namespace -m devdax | sed -n 's/.*"chardev":"\(.*\)",*/\1/p')
echo "pmem device $device"
pmempool create obj --layout=test "/dev/$device"
pmempool info "/dev/$device" >pool.txt
pmempool check -v "/dev/$device"
pmempool rm -f "/dev/$device"
if command -v pmemobj_program >/dev/null; then
  pmemobj_program create "/dev/$device" >accounts.txt
  pmemobj_program crash "/dev/$device" || echo "crashed $?"
  pmemobj_program check "/dev/$device" >accounts.txt
  cat accounts.txt
fi
cxl list -R
EOS
mkdir home
chmod 755 steps installed/bin/*
chmod -R a+rX "$scratch"
as_nobody="setpriv --no-new-privs"
if [ "$(id -u)" -eq 0 ]; then
  as_nobody="setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs"
  chown 65534:65534 home
fi
cd home
PATH=$scratch/installed/bin:$PATH
HOME=$scratch/home
export PATH HOME
# shellcheck disable=SC2086 # words
status_of $as_nobody "$scratch/installed/bin/daxemu" run --config "$scratch/default.json" -- sh "$scratch/steps"
same "exit status: $out $err" "$status" 0
[ "$(id -u)" -ne 0 ] || matches "who did it" "$out" '^65534$'
matches "two ways" "$(cat region.json)" '"interleave_ways":2'
matches "the device of both" "$(cat device.json)" '"size":1073741824'
matches "fio reports no error" "$(cat fio.txt)" 'err= 0:'
matches "fio read all of it" "$(cat fio.txt)" 'READ: .*io=64(.0)?MiB '
matches "the provider" "$(cat provider.txt)" '^wrong bytes 0$'
matches "the provider knows how large it is" "$(cat provider.txt)" '^size 1073741824 align 2097152$'
if [ -n "$umf" ]; then
  # How many tests it has is UMF's to say: all of them pass, and none is passed over.
  for part in test_provider_devdax_memory test_provider_devdax_memory_ipc; do
    matches "$part" "$(cat $part.txt)" '^\[  PASSED  \] [1-9][0-9]* tests\.$'
    has_not "$part" "$(cat $part.txt)" '^\[  (SKIPPED|FAILED)  ?\]'
    sed -n "s/^\[  PASSED  \]/$part:/p" $part.txt
  done
fi
matches "the pool" "$(cat pool.txt)" '^type +: device dax$'
matches "its check" "$out" 'consistent'
if [ -x "$scratch/installed/bin/pmemobj_program" ]; then
  matches "a program that kills itself in a transaction" "$out" '^crashed 137$'
  matches "no half transaction is left" "$out" '^sum 64000$'
fi
matches "the regions" "$out" '"region":"region1"'
nothing_runs
