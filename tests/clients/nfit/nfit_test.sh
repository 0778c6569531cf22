#!/bin/sh
# nfit_test.sh: labels and namespaces of a region of DIMMs, as an administrator meets them with stock ndctl, against what a guest with
# a real nd bus said to the same words (nfit/session.sh, disks.sh, sectors.sh and odd.sh, recorded with ndctl 76 on 6.12).
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs ndctl
if [ "$(ndctl --version)" != 76.1 ]; then # which is what was asked there
  tools=$("$here/../../python-free-scripts/daxctl-release" 76 2>refused) || skip "$(tail -n 1 refused)"
  PATH=$tools/bin:$PATH
  export PATH
fi
"$daxemu" run --config "$here/nfit/lab.json" -- sh "$here/nfit/session.sh" >got.txt 2>errors.txt || fail "the session ended with $?: $(cat errors.txt)"
diff "$here/nfit/labels.txt" got.txt >difference.txt || fail "what ndctl and sysfs say of labels differs (<: the guest): $(head -n 40 difference.txt)"
"$daxemu" run --config "$here/nfit/lab.json" -- sh "$here/nfit/disks.sh" >got.txt 2>errors.txt || fail "the session of disks ended with $?: $(cat errors.txt)"
diff "$here/nfit/disks.txt" got.txt >difference.txt || fail "what ndctl, sysfs and disks say of fsdax and sector namespaces differs (<: the guest): $(head -n 40 difference.txt)"
"$daxemu" run --config "$here/nfit/lab.json" -- sh "$here/nfit/sectors.sh" >got.txt 2>errors.txt || fail "the session of sectors ended with $?: $(cat errors.txt)"
diff "$here/nfit/sectors.txt" got.txt >difference.txt || fail "what ndctl, sysfs and disks say of sector mode with labels of version 1.2 differs (<: the guest): $(head -n 40 difference.txt)"
"$daxemu" run --config "$here/nfit/lab.json" -- sh "$here/nfit/odd.sh" >got.txt 2>errors.txt || fail "the session of odd words ended with $?: $(cat errors.txt)"
diff "$here/nfit/odd.txt" got.txt >difference.txt || fail "what attributes and ndctl say to odd words differs (<: the guest): $(head -n 40 difference.txt)"

# What a namespace keeps: its bytes, over a change of drivers and over that of its mode.
cat >keeps.sh <<'S'
set -eu
say() { "$1" "$2" | sed -n 's/.*"chardev":"\(.*\)".*/\1/p'; }
printf 'kept by a namespace' >want
truncate -s 4096 want
daxio -i want -o /dev/dax0.0 -l 4096 >/dev/null
ndctl disable-region region0 >/dev/null
ndctl enable-region region0 >/dev/null
daxio -i /dev/dax0.0 -o got -l 4096 >/dev/null
cmp want got
ndctl create-namespace -r region0 -m devdax -s 32M >/dev/null
daxio -i want -o /dev/dax0.1 -l 4096 >/dev/null
ndctl destroy-namespace -f namespace0.0 >/dev/null
daxio -i /dev/dax0.1 -o got -l 4096 >/dev/null
cmp want got
[ ! -e /dev/dax0.0 ]
S
needs daxio
"$daxemu" run --region pmem,dimms=2,labels --size 62M --free 64M -- sh keeps.sh || fail "a namespace does not keep its bytes ($?)"

# A namespace in sector mode wants labels, whoever asks; and a disk is not mapped, nor mounted.
"$daxemu" run --region pmem --size 62M --explain -- sh -c 'ndctl create-namespace -f -e namespace0.0 -m sector; echo "-> $?"' >refused.txt 2>&1 || :
matches "sector mode without labels" "$(cat refused.txt)" "failed to enable"
matches "why" "$(cat refused.txt)" "wants a region with labels"

# Ten namespaces of a region have a devdax, a pfn or a btt; that an eleventh has not is said, and what can still be had.
# shellcheck disable=SC2016 # the inner shell expands them
"$daxemu" run --region pmem,dimms=2,labels --size 62M --free 512M --explain -- sh -c '
  for number in 2 3 4 5 6 7 8 9 10 11; do ndctl create-namespace -m devdax -s 32M -a 4096 >/dev/null || echo "refused: $number"; done
  ndctl create-namespace -m raw -s 32M >/dev/null && echo "raw: fine"' >refused.txt 2>&1 || :
same "which one is refused" "$(grep -E "^(refused|raw):" refused.txt)" "refused: 11
raw: fine"
matches "why" "$(cat refused.txt)" "EBUSY: .*the region has 10 namespaces in devdax, fsdax or sector mode.*take another region"

# What such a region cannot be is refused, and nothing is made.
refuses() {
  expected=$1
  shift
  status_of "$daxemu" run "$@" -- true
  [ "$status" -eq 125 ] || fail "exit status $status for $*"
  [ "$(printf %s "$err" | wc -l)" -le 1 ] || fail "more than a line for $*: $err"
  matches "$*" "$err" "$expected"
}
refuses 'cannot be interleaved over 3 DIMMs; use 1, 2, 4' --region pmem,dimms=3,labels
refuses 'DIMMs without labels are not emulated' --region pmem,dimms=2
refuses 'only pmem has DIMMs' --region hmem,labels
refuses "'color=red' is not known" --region pmem,labels,color=red
refuses 'bus x is not known' --region pmem,labels,bus=x
refuses 'a namespace of DIMMs has no image' --region pmem,dimms=2,labels --image "$scratch/image"
[ ! -e "$scratch/image" ] || fail "an image was made all the same"
refuses 'no first driver but device_dax' --region pmem,dimms=2,labels --driver kmem
refuses 'dax0.2 is not the next namespace' --region pmem,labels --size 64M --with dax0.2=64M
refuses '32 DIMMs in one platform' --region pmem,dimms=16,labels --size 64M --with dax1.0=64M
