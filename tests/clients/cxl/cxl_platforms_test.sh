#!/bin/sh
# cxl_platforms_test.sh VERSION: a CXL bus by flags, by name and from a file, as stock cxl and daxctl of that release see it; what
# they make of a bus without regions; what daxemu says of it.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
cxl_of "$1"
DAXEMU_HOME=$scratch/home
export DAXEMU_HOME
examples=$here/../examples/cxl

# listed COMMAND ...: runs it; its output without blanks is in $flat.
listed() {
  runs "$@"
  flat=$(printf '%s' "$out" | tr -d ' \n')
}
# has WHAT TEXT: $flat has it.
has() {
  case $flat in
    *"$2"*) ;;
    *) fail "$1: no $2 in
$out" ;;
  esac
}
lacks() {
  case $flat in
    *"$2"*) fail "$1: $2 in
$out" ;;
  esac
}
count() {
  printf '%s' "$flat" | grep -o -- "$1" | wc -l | tr -d ' '
}

# What run promises is there, whoever made it.
listed "$daxemu" run --region cxl --size 1G -- sh -c 'test -c /dev/dax0.0 && cxl list -R && daxctl list'
has "the region" '"region":"region0",'
has "its size" '"size":1073741824,"type":"ram","interleave_ways":1,"interleave_granularity":256,"decode_state":"commit"'
has "its device" '"chardev":"dax0.0","size":1073741824'
has "its mode" '"mode":"devdax"'
listed "$daxemu" run --region cxl --size 1G -- cxl list -M
same "memdevs" "$(count '"memdev":"mem')" 2
listed "$daxemu" run --region cxl --size 1G --driver kmem -- daxctl list
has "the driver kmem" '"mode":"system-ram"'
listed "$daxemu" run --region cxl --size 1G --driver none -- daxctl list -i
has "no driver" '"state":"disabled"'
listed "$daxemu" run --region cxl --size 1G --driver default --kernel 7.3 -- daxctl list
has "the kernel's driver" '"mode":"system-ram"'
listed "$daxemu" run --region cxl --size 1G --align 1G -- daxctl list
has "extents" '"align":1073741824'
listed "$daxemu" run --region cxl --size 1G --ways 4 -- cxl list -R
has "four ways" '"interleave_ways":4'

# No bus or address of this machine's is taken.
# shellcheck disable=SC2016 # the shell in there expands it
runs "$daxemu" run --region cxl --size 1G -- sh -c 'for d in /sys/bus/cxl/devices/mem*; do basename "$(readlink -f "$d/..")"; done'
for function in $out; do
  [ ! -e "/sys/bus/pci/devices/$function" ] || fail "$function is this machine's"
done

# A program that makes its own.
cat >own <<'END'
set -e
[ ! -e /dev/dax0.0 ]
cxl create-region -d decoder0.0 -t ram -w 2 -m mem0 mem1 2>&1
daxctl reconfigure-device -f -m devdax dax0.0 2>&1
echo bytes | daxio -o /dev/dax0.0 -l 6 2>/dev/null
daxio -i /dev/dax0.0 -l 6 2>/dev/null
cxl disable-region region0 2>&1
cxl enable-region region0 2>&1
daxctl reconfigure-device -f -m devdax dax0.0 2>&1
daxio -i /dev/dax0.0 -l 6 2>/dev/null
cxl disable-region region0 2>&1
cxl destroy-region region0 2>&1
cxl list -R 2>&1
END
if command -v daxio >/dev/null; then
  listed "$daxemu" run --region cxl --size 1G --no-device -- sh ./own
  has "a region made" 'created1region'
  same "bytes, before and after the region was disabled" "$(printf '%s\n' "$out" | grep -cx bytes)" 2
  has "it is destroyed" 'destroyed1region'
fi

# What is open on a device outlives it: its file operations are the driver's, which finds no device (check_vma(), ENXIO).
gone() {
  runs "$daxemu" run "$@"
  same "an open device, of $1 $2" "$out" 'shared 0 readonly 0 private 22 read 22 pread 22 write 22 truncate 22 lock 0
shared 6 readonly 6 private 6 read 22 pread 22 write 22 truncate 22 lock 0'
}
gone --region cxl --size 1G -- "$DAXEMU_TESTS/gone_program" 'cxl disable-region region0 2>/dev/null'
gone --region cxl --size 1G -- "$DAXEMU_TESTS/gone_program" 'cxl destroy-region -f region0 2>/dev/null'
gone --size 1G -- "$DAXEMU_TESTS/gone_program" '{ daxctl disable-device dax0.0; daxctl destroy-device dax0.0; } >/dev/null 2>&1'

# By name.
listed "$daxemu" run --region cxl --preset two-hosts --ways 4 --size 1G -- sh -c 'cxl list -R; cxl list -P; cxl list -M'
has "ways over two host bridges" '"interleave_ways":4'
same "host bridges" "$(count '"port":"port')" 2
same "memdevs" "$(count '"memdev":"mem')" 4
listed "$daxemu" run --region cxl --preset switch --ways 4 --size 1G -- sh -c 'cxl list -R; cxl list -P -p switch; cxl list -M'
has "ways below a switch" '"interleave_ways":4'
has "the switch" '"depth":2'
listed "$daxemu" run --region cxl --preset pmem --size 1G -- cxl list -R
has "a persistent region" '"type":"pmem","interleave_ways":1'
listed "$daxemu" run --region cxl --preset pmem --size 1G -- sh -c 'ndctl create-namespace -m devdax >/dev/null && daxctl list'
has "a namespace of it" '"mode":"devdax"'
listed "$daxemu" run --region cxl --preset cxl_test -- sh -c 'cxl list -M; cxl list -R; cxl list -D -d root'
same "the mock's memdevs" "$(count '"memdev":"mem')" 10
has "the mock's region" '"size":536870912,"type":"ram","interleave_ways":2,"interleave_granularity":4096'
same "the mock's windows" "$(count '"decoder":"decoder0\.')" 5

# From a file.
listed "$daxemu" run --config "$examples/two-hosts.json" -- sh -c 'cxl list -R; cxl list -M; daxctl list'
has "the file's region" '"size":2147483648,"type":"ram","interleave_ways":4,"interleave_granularity":1024'
has "its serial numbers" '"serial":22'
listed "$daxemu" run --config "$examples/switch.json" -- sh -c 'cxl list -R; daxctl list'
same "regions" "$(count '"region":"region')" 2
has "one as memory" '"mode":"system-ram"'
has "one as a device" '"mode":"devdax"'
listed "$daxemu" run --config "$examples/partitions.json" -- cxl list -M -I
has "what can be divided" '"partition_alignment_size":268435456'
has "what is" '"ram_size":1073741824'
printf '{\n "cxl": {\n  "preset": "switch",\n  "ways": 5 } }\n' >bad.json
status_of "$daxemu" run --config bad.json -- true
same "exit status of a bad file" "$status" 125
matches "its message" "$err" '^daxemu: bad\.json:4: cxl\.ways: ways 5 are no ways of interleaving; use 1, 2, 4, 8 or 16'

# What is persistent, in a folder.
cat >first <<'END'
set -e
ndctl create-namespace -m devdax >/dev/null
echo bytes | daxio -o /dev/dax0.0 -l 6 2>/dev/null
END
if command -v daxio >/dev/null; then
  runs "$daxemu" run --region cxl --preset pmem --size 512M --image kept -- sh ./first
  for file in mem0.media mem0.labels; do
    [ -s "kept/$file" ] || fail "there is no kept/$file: $(ls -l kept)"
  done
  listed "$daxemu" run --region cxl --preset pmem --size 512M --image kept -- sh -c 'ndctl list; daxio -i /dev/dax0.0 -l 6 2>/dev/null'
  has "the namespace of the run before" '"mode":"devdax"'
  has "its bytes" bytes
  # shellcheck disable=SC2016 # the shell in there expands it: daxemu run is killed, and nobody returns what the device has
  "$daxemu" run --region cxl --preset pmem --size 512M --image kept -- sh -c 'daxio -i /dev/dax0.0 -l 6 2>/dev/null; kill -9 $PPID' >killed 2>&1 || :
  listed "$daxemu" run --region cxl --preset pmem --size 512M --image kept -- daxio -i /dev/dax0.0 -l 6
  has "its bytes after a run that was killed" bytes
  status_of "$daxemu" run --region cxl --preset pmem --size 512M --image kept -- \
    "$daxemu" run --region cxl --preset pmem --size 512M --image kept -- true
  matches "files in use" "$err" 'the image .*kept/mem0\.media is in use by platform run-'
  status_of "$daxemu" run --region cxl --preset pmem --size 1G --image kept -- true
  matches "files of another size" "$err" 'kept/mem0\.media is of 512M, its memdev has 1G; '
fi
status_of "$daxemu" run --region cxl --image kept -- true
matches "nothing to keep" "$err" '--image kept: no memdev of --preset one-host is persistent; add --preset pmem'

# A platform that is kept.
runs "$daxemu" create lab --region cxl --size 1G --no-device
trap '"$daxemu" destroy --force lab >/dev/null 2>&1 || :; rm -rf "$scratch"' EXIT
runs "$daxemu" run --platform lab -- cxl create-region -d decoder0.0 -t ram -m mem1
listed "$daxemu" run --platform lab -- cxl list -R
has "another run's region" '"region":"region0"'
runs "$daxemu" list --cxl
matches "a memdev in the list" "$out" '^mem0 +1G ram +enabled +lab +0000:'
matches "a window" "$out" '^decoder0\.0 +2G window +- +lab'
matches "a region" "$out" '^region0 +1G ram +commit +lab +mem1: dax0\.0$'
listed "$daxemu" list --cxl --json
has "the list as JSON" '"memdevs":["mem1"],"devices":["dax0.0"]'

# Media that fail, by device address: the device of the region has them too.
runs "$daxemu" poison mem1 --offset 2M --platform lab
runs "$daxemu" list --cxl
matches "an error of media" "$out" '^mem1 .*, 1 media errors$'
runs "$daxemu" poison mem1 --offset 2M --clear --platform lab
runs "$daxemu" list --cxl # and what other tests have at this moment
has_not "an error that is cleared" "$(printf '%s\n' "$out" | grep ' lab ')" 'media errors'
status_of "$daxemu" poison mem1 --offset 1G --platform lab
matches "an address behind its end" "$err" '--offset 1G --length 64 is not of mem1; its device addresses are those below 1G'
status_of "$daxemu" poison mem7 --offset 0 --platform lab
matches "no such memdev" "$err" 'platform lab has no device mem7'
runs "$daxemu" destroy lab
status_of "$daxemu" run --region cxl --size 1G -- "$daxemu" poison mem7 --offset 0
matches "a platform of a run, by its name" "$err" '^daxemu: platform run-[0-9]+ has no device mem7'

status_of "$daxemu" run --region cxl --ways 5 -- true
matches "ways" "$err" '^daxemu: --ways 5 are no ways of interleaving; use 1, 2, 4, 8 or 16; '
status_of "$daxemu" run --region cxl --size 4T --backing hugetlb -- true
same "exit status without the huge pages" "$status" 125
matches "no huge pages" "$err" '^daxemu: region0 of 4T becomes no device: no huge pages for it; grow the pool'
status_of "$daxemu" run --region cxl --kernel 6.1 -- true
matches "a kernel without such regions" "$err" '^daxemu: Linux 6\.1 makes no regions of volatile CXL memory; '
nothing_runs
