#!/bin/sh
# Bad input: exactly one line on stderr that names the value and the remedy, the right exit status, nothing left.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"

# refused STATUS NAMED REMEDY DAXEMU-ARGUMENTS...: NAMED and REMEDY are patterns.
refused() {
  expected=$1 named=$2 remedy=$3
  shift 3
  status_of "$daxemu" "$@"
  same "exit status of: daxemu $*" "$status" "$expected"
  same "stdout of: daxemu $*" "$out" ""
  same "lines on stderr of: daxemu $*: $err" "$(printf '%s\n' "$err" | wc -l)" 1
  matches "message of: daxemu $*" "$err" "^daxemu: .*$named.*; .*$remedy"
}

refused 125 '--size 3M is not a multiple of 2M' '--size 2M or 4M' run --size 3M -- true
refused 125 '--size 1G is not a multiple|--size 1536M is not a multiple of 1G' '--size 1G or 2G' run --size 1536M --align 1G -- true
refused 125 '--size lots is no size' '4G' run --size lots -- true
refused 125 '--size 0' '--size 2M' run --size 0 -- true
refused 125 '--align 3M is no extent size' '4K, 2M or 1G' run --align 3M -- true
refused 125 '--device sda is no device name' 'dax0\.0' run --device sda -- true
refused 125 '--backing paper is not known' 'auto, hugetlb, shmem' run --backing paper -- true
refused 125 'hugetlb cannot hold extents of 4K' '--backing shmem' run --backing hugetlb --align 4K -- true
refused 125 "--type FSDAX: memory type 'FSDAX' is not known" 'FS_DAX' run --size 2M --type FSDAX -- true
refused 125 '--type FS_DAX: memory of type FS_DAX has no extents of 2M' '--align 4K' run --size 2M --type FS_DAX -- true
refused 125 'no NUMA node 4000' 'choose one of: ' run --numa-node 4000 -- true
refused 125 '--write-back 1s is no number of seconds' 'a whole number' run --size 2M --write-back 1s -- true
refused 125 '--driver kmem is of a device, and --no-device begins without one' 'leave it out' run --region cxl --no-device --driver kmem -- true
refused 125 'this machine has no NUMA node 999999' 'choose one of: ' run --region cxl --numa-node 999999 -- true
refused 125 '--share a/b is no name' 'such as pool' run --region cxl --share a/b -- true
refused 125 '--sizee' 'did you mean --size\?' run --size 2M --sizee 4M -- true
refused 125 "there is no verb 'rnu'" 'did you mean run\?' rnu -- true
refused 125 'no command' 'daxemu run -- ' run --size 2M
refused 125 "'ls'" 'behind --' run ls

pool=/sys/kernel/mm/hugepages/hugepages-2048kB
if [ -d $pool ]; then
  has=$(($(cat $pool/free_hugepages) - $(cat $pool/resv_hugepages)))
  wants=$((has + 5000000))
  refused 125 "needs $wants huge pages of 2M, the pool has $has available" 'hugepages-2048kB/nr_hugepages' \
    run --backing hugetlb --size "$((wants * 2))M" -- true
  same "reserved pages are given back" "$(($(cat $pool/free_hugepages) - $(cat $pool/resv_hugepages)))" "$has"
fi

refused 127 "command 'no-such-command' not found in PATH" 'install it or give its path' run -- no-such-command
refused 127 './absent' 'check the path' run -- ./absent
: >plain
refused 126 'plain is not an executable file' 'permissions' run -- ./plain
refused 126 '/ is not an executable file' 'permissions' run -- /
printf '#!/no/such/interpreter\n' >script
chmod +x script
refused 127 'interpreter /no/such/interpreter' 'install the interpreter' run -- ./script

static=$DAXEMU_TESTS/static_program
same "the static program runs by itself" "$("$static")" "a static program ran"
refused 126 'static_program is statically linked' 'link it dynamically' run --intercept libc -- "$static"
refused 126 "go_like_program is a Go program" "leave out --intercept libc" run --intercept libc -- "$DAXEMU_TESTS/go_like_program"
if [ "$(id -u)" -eq 0 ]; then
  cp "$(command -v cat)" setuid
  chown 65534 setuid
  chmod u+s setuid
  refused 126 'setuid is a set-user-ID or set-group-ID program' 'copy of it without these bits' run -- ./setuid
  chown 0 setuid
  chmod u+s setuid
  runs "$daxemu" run --size 64M -- ./setuid /sys/bus/dax/devices/dax0.0/size
fi

status_of env DAXEMU=sometimes "$daxemu" run -- true
same "exit status with DAXEMU=sometimes" "$status" 125
matches "message" "$err" "'sometimes'; use auto, emulate or kernel"
status_of env DAXEMU_PRELOAD=/no/such.so "$daxemu" run -- true
same "exit status without a preload library" "$status" 125
matches "message" "$err" '/no/such\.so does not exist; '
if [ ! -e /sys/bus/dax/devices/dax0.0 ]; then
  refused 125 'this machine has no device-dax named dax0\.0' 'use --mode emulate' run --mode kernel -- true
fi
nothing_runs
