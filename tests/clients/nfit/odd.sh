#!/bin/sh
# odd.sh: what attributes of the nd bus take and refuse, by good and bad words, and ndctl with odd sizes, alignments, names and modes. As session.sh, in a
# guest and below the emulator.
set +e
# shellcheck source=tests/clients/nfit/say.sh
. "$(dirname "$(readlink -f "$0")")/say.sh"
# w FILE WORD: is it taken, and what is read then? WORD is as printf(1) has it.
w() {
  taken=taken
  (printf '%b' "$2" >"$1") 2>/dev/null || taken=refused
  printf '%s\n' "$1 '$2' is $taken, then $(cat "$1" 2>/dev/null)" | clean
}
d() {
  taken=taken
  (printf '%b' "$2" >"../drivers/$1") 2>/dev/null || taken=refused
  printf '%s\n' "$1 '$2' is $taken"
}
run ndctl disable-region region0
run ndctl init-labels -f "$dimm"
run ndctl enable-region region0
region_state
for v in '' '\n' ' ' 0 1 2 -1 x 0x 4096 2097152 0x200000 16777216 33554432 1073741824 18446744073709551615 18446744073709551616 ' 16777216' '16777216 ' '16777216\n\n'; do w region0/align "$v"; done
w region0/align 16777216
for v in '' '\n' ' ' 0 1 -1 x 4096 2097152 0x1000000 16777216 16777217 33554432 1073741824 2147483648 18446744073709551615 '16777216 ' '16777216\n\n'; do w namespace0.0/size "$v"; done
for v in '' '\n' x 12345678-1234-1234-1234-123456789abc 12345678-1234-1234-1234-123456789ABC '12345678-1234-1234-1234-123456789abc\n' 12345678123412341234123456789abc 00000000-0000-0000-0000-000000000000 '12345678-1234-1234-1234-123456789abcd' ' 12345678-1234-1234-1234-123456789abc'; do w namespace0.0/uuid "$v"; done
w namespace0.0/size 33554432
for v in '' '\n' x abc 'a b' 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' ' lead' 'trail '; do w namespace0.0/alt_name "$v"; done
for v in '' 0 1 2 -1 x y n; do w namespace0.0/force_raw "$v"; done
w namespace0.0/force_raw 0
for v in '' 0 512 520 528 4096 4104 4160 4224 1024 x -1; do w namespace0.0/sector_size "$v"; done
for v in '' '\n' none btt pfn dax raw memory fsdax dax_ '<unknown>' safe; do w namespace0.0/holder_class "$v"; done
for v in '' 0 1 2 x; do
  w region0/read_only "$v"
  w region0/deep_flush "$v"
done
w region0/read_only 0
for v in '' 0 1 x; do
  w region0/set_cookie "$v"
  w region0/badblocks "$v"
  w region0/available_size "$v"
  w ndbus0/wait_probe "$v"
done
w pfn0.0/align 3
w pfn0.0/align 4096
w pfn0.0/align 2097152
w pfn0.0/align 1073741824
w pfn0.0/align x
w pfn0.0/align ''
for v in '' none pmem ram dev mem x 'pmem\n\n'; do w pfn0.0/mode "$v"; done
for v in '' namespace0.0 namespace0.1 x '\n' ' namespace0.0'; do w pfn0.0/namespace "$v"; done
w pfn0.0/uuid x
w pfn0.0/uuid 22345678-1234-1234-1234-123456789abc
w pfn0.0/size 1
w pfn0.0/resource 1
for v in '' 512 4096 x 3; do w btt0.0/sector_size "$v"; done
for v in '' namespace0.0 x '\n'; do w btt0.0/namespace "$v"; done
w btt0.0/uuid 32345678-1234-1234-1234-123456789abc
for v in none dev mem pmem ram x ''; do w dax0.0/mode "$v"; done
for v in 4096 2097152 1073741824 8192 x ''; do w dax0.0/align "$v"; done
w dax0.0/namespace namespace0.0
w dax0.0/uuid 42345678-1234-1234-1234-123456789abc
show dax0.0/mode dax0.0/align dax0.0/uuid dax0.0/namespace dax0.0/size dax0.0/resource dax0.0/supported_alignments dax0.0/modalias
d nd_pmem/bind namespace0.0
d dax_pmem/bind dax0.0
d nd_pmem/bind dax0.0
d dax_pmem/bind namespace0.0
d nd_pmem/bind x
d nd_pmem/bind ''
d nd_region/unbind namespace0.0
d nd_pmem/unbind namespace0.0
d dax_pmem/unbind dax0.0;
region_state
run ndctl list -r region0 -RNi
run ndctl destroy-namespace -f all
region_state
run ndctl create-namespace -r region0 -m devdax -s 1
run ndctl create-namespace -r region0 -m devdax -s 0
run ndctl create-namespace -r region0 -m devdax -s 1M
run ndctl create-namespace -r region0 -m devdax -s 16M
run ndctl create-namespace -r region0 -m devdax -s 17M -a 1M
run ndctl create-namespace -r region0 -m devdax -s 48M -a 3M
run ndctl create-namespace -r region0 -m devdax -s 48M -a 1G
run ndctl create-namespace -r region0 -m devdax -s 48M -M none
run ndctl create-namespace -r region0 -m devdax -s 48M -M dev -n name1
run ndctl create-namespace -r region0 -m fsdax -s 48M -n 'a name with blanks'
run ndctl create-namespace -r region0 -m nosuch -s 48M
run ndctl create-namespace -r region0 -m raw -s 48M -n raw1
run ndctl create-namespace -r region0 -m memory -s 32M
run ndctl create-namespace -r region0 -m sector -s 48M -l 3
run ndctl create-namespace -r region0 -m sector -s 48M -l 520
run ndctl create-namespace -r region0 -m devdax -s 48M -l 4096
run ndctl create-namespace -r region0 -m devdax -u 12345678-1234-1234-1234-123456789abc -s 32M
run ndctl create-namespace -r region0 -m devdax -u 12345678-1234-1234-1234-123456789abc -s 32M
run ndctl create-namespace -r region0 -m devdax -u nonsense -s 32M
run ndctl create-namespace -r region9 -m devdax
run ndctl create-namespace -r region0 -t blk
run ndctl create-namespace -r region0 -t nosuch
run ndctl create-namespace -r region0 -m devdax -s 48M -L
run ndctl create-namespace -r region0 -m devdax -s 48M --no-autolabel
run ndctl create-namespace -r region0 -m devdax --continue -s 128M
region_state
run ndctl list -r region0 -RNi
run ndctl list -r region0 -NX
run ndctl create-namespace -f -e namespace0.0 -m devdax -s 64M
run ndctl create-namespace -f -e namespace0.0 -m fsdax
run ndctl create-namespace -f -e namespace0.0 -m raw
run ndctl create-namespace -e namespace0.0 -m devdax
run ndctl create-namespace -f -e namespace9.9 -m devdax
run ndctl create-namespace -f -e namespace0.0 -m devdax -n newname
run ndctl check-namespace namespace0.0
run ndctl check-namespace -f namespace0.0
run ndctl disable-namespace namespace0.0
run ndctl disable-namespace namespace0.0
run ndctl disable-namespace nosuch
run ndctl enable-namespace namespace0.0
run ndctl enable-namespace namespace0.0
run ndctl destroy-namespace namespace0.0
run ndctl destroy-namespace nosuch
