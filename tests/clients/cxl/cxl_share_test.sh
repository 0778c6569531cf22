#!/bin/sh
# cxl_share_test.sh VERSION: several platforms that share memdevs (--share), as hosts share a device with several heads: the same
# bytes, labels and media errors, a tree of its own each; one may end or be killed, the others go on.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs daxio
cxl_of "$1"
DAXEMU_HOME=$scratch/home
export DAXEMU_HOME
pool=pool-$$
find /dev/shm -maxdepth 1 -newer "$scratch" -uid "$(id -u)" | sort >shm.before

# A host runs the steps that are written to its pipe, one a line, and says "done N" after each.
cat >host.sh <<'END'
count=0
while read -r step; do
  count=$((count + 1))
  eval "$step" >"$1.out.$count" 2>&1
  echo $? >"$1.status.$count.new"
  mv "$1.status.$count.new" "$1.status.$count"
done
END
# host NAME DAXEMU-ARGUMENTS...: starts one.
host() {
  name=$1
  shift
  rm -f "$name.pipe" "$name".out.* "$name".status.*
  mkfifo "$name.pipe"
  "$daxemu" run "$@" -- sh "$scratch/host.sh" "$scratch/$name" <"$name.pipe" >"$name.told" 2>&1 5>&- 6>&- 7>&- &
  eval "run_$name=$! steps_$name=0"
  case $name in
    one) exec 5>one.pipe ;;
    two) exec 6>two.pipe ;;
    three) exec 7>three.pipe ;;
  esac
}
# on NAME STEP: runs it there; sets $status and $out.
on() {
  count=0
  eval "steps_$1=\$((steps_$1 + 1)); count=\$steps_$1"
  case $1 in
    one) printf '%s\n' "$2" >&5 ;;
    two) printf '%s\n' "$2" >&6 ;;
    three) printf '%s\n' "$2" >&7 ;;
  esac
  for attempt in $(seq 600); do
    [ ! -e "$1.status.$count" ] || break
    sleep 0.05
  done
  [ -e "$1.status.$count" ] || fail "$1 has not done it after $attempt looks: $2: $(cat "$1.told" "$1.out.$count" 2>/dev/null)"
  status=$(cat "$1.status.$count")
  out=$(cat "$1.out.$count")
}
# does NAME STEP: that succeeds.
does() {
  on "$1" "$2"
  [ "$status" = 0 ] || fail "$1: exit status $status of $2: $out"
}
# ends NAME: its daxemu run.
ends() {
  case $1 in
    one) exec 5>&- ;;
    two) exec 6>&- ;;
    three) exec 7>&- ;;
  esac
  eval "wait \$run_$1" || fail "$1 ended with $?: $(cat "$1.told")"
}
put="| daxio -o /dev/dax0.0 -l"

# Two hosts, regions over the same memdevs by other names; what one writes the other reads.
host one --region cxl --size 1G --ways 4 --no-device --share "$pool"
does one true
host two --region cxl --size 1G --ways 4 --no-device --share "$pool,join"
does one 'cxl create-region -d decoder0.0 -t ram -w 2 -m mem0 mem1'
does one 'daxctl reconfigure-device -f -m devdax dax0.0'
does one "echo from-one $put 9"
does two 'cxl list -R'
has_not "a region of the other host's" "$out" region0
does two 'cxl create-region -d decoder0.0 -t ram -m mem3'
does two 'cxl create-region -d decoder0.1 -t ram -w 2 -m mem0 mem1'
does two 'daxctl reconfigure-device -f -m devdax dax1.0'
does two 'daxio -i /dev/dax1.0 -l 9'
matches "what the other host has written" "$out" '^from-one$'
does two 'echo from-two | daxio -o /dev/dax1.0 -l 9'
does one 'daxio -i /dev/dax0.0 -l 9'
matches "what this host has written" "$out" '^from-two$'
does one 'cxl list -R'
has_not "the second region of the other host" "$out" region1

does two 'daxctl list'
matches "both devices of the second host" "$out" '"chardev":"dax1.0"'

# The same device addresses otherwise interleaved: one after the other.
does two 'cxl disable-region region1 && cxl destroy-region region1'
does two 'cxl create-region -d decoder0.1 -t ram -w 2 -m mem1 mem0'
does two 'cat /sys/bus/cxl/devices/region1/commit; ls /sys/bus/cxl/devices/region1/dax_region1; ls /dev'
has_not "a device of bytes that another host has, dealt out otherwise" "$out" '^dax1\.0$'
does one 'cxl disable-region region0'
does two 'cxl disable-region region1 && cxl enable-region region1 && daxctl reconfigure-device -f -m devdax dax1.0'
does two 'daxio -i /dev/dax1.0 -k 256 -l 9'
matches "the first granule is the second one" "$out" '^from-two$'
does two 'cxl disable-region region1 && cxl destroy-region region1'
does one 'cxl enable-region region0 && daxctl reconfigure-device -f -m devdax dax0.0'
does two 'cxl create-region -d decoder0.1 -t ram -w 2 -m mem0 mem1 && daxctl reconfigure-device -f -m devdax dax1.0'

# Media errors are the device's: in the list of both, and in the memory of both.
# shellcheck disable=SC2154 # host() sets it
runs "$daxemu" poison mem0 --offset 2M --platform "$run_one"
does two 'cxl list -m mem0 --media-errors'
matches "the other host's list" "$out" '"offset":2097152'
on two 'daxio -i /dev/dax1.0 -k 4194304 -l 64 >read.two'
[ "$status" != 0 ] || fail "the second host reads what is poisoned"
on one 'daxio -i /dev/dax0.0 -k 4194304 -l 64 >read.one'
[ "$status" != 0 ] || fail "the first host reads what is poisoned"
does two 'printf 0x200000 >/sys/kernel/debug/cxl/mem0/clear_poison'
does one 'cxl list -m mem0 --media-errors'
has_not "an error that the other host has cleared" "$out" '"offset":2097152'
does one 'daxio -i /dev/dax0.0 -k 4194304 -l 64 >read.one'

# One is killed: the other goes on, and whoever comes finds the bytes.
# shellcheck disable=SC2154
kill -9 "$run_two"
wait "$run_two" 2>/dev/null || :
exec 6>&-
does one 'daxio -i /dev/dax0.0 -l 9'
matches "the bytes after the other host was killed" "$out" '^from-two$'
host three --region cxl --size 1G --ways 4 --no-device --share "$pool,join"
does three 'cxl create-region -d decoder0.0 -t ram -w 2 -m mem0 mem1 && daxctl reconfigure-device -f -m devdax dax0.0'
does three 'echo from-three | daxio -o /dev/dax0.0 -l 11'
does one 'cxl disable-region region0'
ends one
does three 'daxio -i /dev/dax0.0 -l 11'
matches "the bytes after the first host has ended" "$out" '^from-three$'

# What does not fit.
status_of "$daxemu" run --region cxl --size 2G --ways 4 --share "$pool" -- true
same "exit status with other sizes" "$status" 125
matches "other sizes" "$err" "^daxemu: mem0 has 2G of ram, .*; with platform run-[0-9]*, which shares it, the memdev of serial 1 has 1G of ram, .*; give it the same sizes"
printf '{ "cxl": { "host_bridges": [ { "root_ports": [ { "memdev": { "ram": "1G", "serial": 5, "share": "%s" } } ] } ] } }' "$pool" >fifth.json
status_of "$daxemu" run --config fifth.json -- true
matches "a memdev that the share has not" "$err" '^daxemu: platform run-[0-9]* shares no memdev of serial 5, which mem0 has; give it one of the serials: 1, 2, 3, 4$'
status_of "$daxemu" create kept --region cxl --size 1G --ways 4 --share "$pool"
matches "a kept platform and what ends with a run" "$err" 'ends with it, and this one is to be kept; make the first one with daxemu create too'
status_of "$daxemu" run --region cxl --size 512M --share "$pool-other,join" -- true
same "exit status of joining nobody" "$status" 125
matches "joining nobody" "$err" "^daxemu: --share $pool-other,join: no platform shares by that name; begin one with --share $pool-other, or join one of: (.*, )?$pool(,.*)?$"
ends three
status_of "$daxemu" run --region cxl --size 512M --share "$pool,join" -- true
matches "joining those that have ended" "$err" 'no platform shares by that name'
status_of "$daxemu" run --region cxl --backing hugetlb --size 512M --share "$pool" -- true
matches "huge pages" "$err" '^daxemu: shared memdevs have no huge pages'
status_of "$daxemu" run --region hmem --share "$pool" -- true
matches "a share of no CXL bus" "$err" '^daxemu: --share is of a CXL bus; add --region cxl'

# Persistent memdevs: labels and namespaces, in a folder that both use.
host one --region cxl --preset pmem --size 512M --share "$pool" --image kept
does one 'ndctl create-namespace -m devdax && echo bytes | daxio -o /dev/dax0.0 -l 6'
host two --region cxl --preset pmem --size 512M --share "$pool"
does two 'ndctl list'
matches "the namespace of the other host" "$out" '"mode":"devdax"'
does two 'daxio -i /dev/dax0.0 -l 6'
matches "its bytes" "$out" '^bytes$'
status_of "$daxemu" run --region cxl --preset pmem --size 512M --image kept -- true
matches "the same files without the share" "$err" 'the image .*kept/mem0\.media is in use by platform run-'
status_of "$daxemu" run --region cxl --preset pmem --size 512M --image elsewhere --share "$pool" -- true
matches "another folder" "$err" 'keeps it in .*/kept; leave out --image'
ends one
does two 'echo later | daxio -o /dev/dax0.0 -l 6'
ends two
runs "$daxemu" run --region cxl --preset pmem --size 512M --image kept -- daxio -i /dev/dax0.0 -l 6
matches "what the last host has left in the folder" "$out" '^later$'

# Kept platforms share too.
runs "$daxemu" create left --region cxl --size 512M --share "$pool"
runs "$daxemu" create right --region cxl --size 512M --share "$pool,join"
trap '"$daxemu" destroy --force left >/dev/null 2>&1 || :; "$daxemu" destroy --force right >/dev/null 2>&1 || :; rm -rf "$scratch"' EXIT
runs "$daxemu" run --platform left -- sh -c 'echo kept | daxio -o /dev/dax0.0 -l 5'
runs "$daxemu" destroy left
runs "$daxemu" run --platform right -- daxio -i /dev/dax0.0 -l 5
matches "the bytes of a platform that is gone" "$out" '^kept$'
runs "$daxemu" destroy right

# From a file: a memdev of its own beside two that are shared.
runs "$daxemu" run --config "$here/../examples/cxl/shared.json" -- sh -c "cxl list -M; cxl list -R"
matches "the memdevs of the file" "$out" '"serial":31'
matches "the region of two that are shared" "$out" '"interleave_ways":2'
find /dev/shm -maxdepth 1 -newer "$scratch" -uid "$(id -u)" | sort >shm.after
same "what is left in /dev/shm" "$(comm -13 shm.before shm.after | grep -c daxemu || :)" 0
nothing_runs
