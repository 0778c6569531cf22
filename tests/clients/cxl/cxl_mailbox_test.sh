#!/bin/sh
# cxl_mailbox_test.sh VERSION: cxl of that version asks memdevs for what their mailboxes and label areas have, and changes it: what it
# says, and its exit status, are those of a guest (Linux 6.12, QEMU's devices: expected/linux-6.12/ndctl-VERSION/cxl-mailbox.txt), but for
# PCI addresses. Then labels as the nd bus has them (nmem0), and that what is written is what is read.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
version=$1
cxl_of "$version"
transcript=$here/expected/linux-6.12/ndctl-$version/cxl-mailbox.txt

memdev() { printf '{ "memdev": { "%s": "512M", "serial": %s } }' "$1" "$2"; }
printf '{ "kernel": "6.12", "cxl": { "host_bridges": [ { "root_ports": [ %s, %s, %s ] } ],
  "windows": [ { "size": "4G" }, { "size": "4G" } ] } }\n' "$(memdev ram 1)" "$(memdev ram 2)" "$(memdev pmem 3)" >platform.json
no_addresses() { sed 's/0000:[0-9a-f]*:00\.0/ADDRESS/'; }
no_addresses <"$transcript" >expected
sed -n 's/^\$ //p' expected >steps
[ -s steps ] || fail "no steps in $transcript"
cat >go.sh <<'GO'
while read -r step; do
  head -c 131072 /dev/zero >labels
  echo "\$ $step"
  $step >out 2>err </dev/null && status=0 || status=$?
  head -c 600 out | tr '\0' .
  sed 's/^/2> /' err
  echo "= $status"
done <steps
GO
timeout 200 "$daxemu" run --config platform.json -- sh go.sh >said 2>&1 || fail "exit status $?: $(tail -n 3 said)"
no_addresses <said | diff expected - || fail "cxl says otherwise than in the guest"

head -c 1M /dev/urandom >random
cat >labels.sh <<'GO'
set -eu
cxl disable-memdev mem2
cxl write-labels -i random mem2
cxl read-labels -o read mem2
cmp random read
cxl write-labels -s 777 -O 5001 -i random mem2
cxl read-labels -s 777 -O 5001 -o read mem2
head -c 777 random | cmp - read
cxl zero-labels mem2
cxl read-labels -o read mem2
head -c 1M /dev/zero | cmp - read
cxl enable-memdev mem2
ndctl disable-dimm nmem0
for step in "init-labels nmem0" "init-labels -f nmem0" "read-labels -j nmem0" "zero-labels nmem0" "check-labels nmem0"; do
  ndctl $step || : # to verify none is a failure
done
GO
timeout 200 "$daxemu" run --config platform.json -- sh labels.sh >said 2>&1 || fail "labels: exit status $?: $(tail -n 5 said)"
sed -n '/^initialized/,$p' said | diff "$here/expected/linux-6.12/ndctl-$version/nmem-labels.txt" - ||
  fail "ndctl says otherwise of labels than in the guest"
echo "cxl $version: $(wc -l <steps) commands say what they said in the guest; labels are what was written"
