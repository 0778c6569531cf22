#!/bin/sh
# guest_test.sh CASE: python-free-scripts/guest gives back status, streams and time as it promises. Exit 126 of guest: this machine
# lacks what it needs, which is a skip with guest's own reason.
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
guest=$here/../../python-free-scripts/guest

# guest_gives STATUS OPTIONS... -- COMMAND...: sets $out and $err.
guest_gives() {
  expected=$1
  shift
  status_of "$guest" "$@"
  [ "$status" -ne 126 ] || skip "$err"
  [ "$status" -eq "$expected" ] || fail "exit status $status instead of $expected of: guest $*
$out
$err"
}

# refused VALUE REMEDY OPTIONS...: one line that has both, exit status 2, and no time lost on a guest.
refused() {
  value=$1 remedy=$2
  shift 2
  status_of timeout 100 "$guest" "$@"
  same "exit status of: guest $*" "$status" 2
  same "lines on stderr of: guest $*" "$(wc -l <err | tr -d ' ')" 1
  matches "message of: guest $*" "$err" "^guest: .*$value.*$remedy"
  same "stdout of: guest $*" "$out" ""
}

case_bad_input() {
  mkdir third
  refused nosuch 'pmem nvdimm cxl' --region nosuch -- true
  refused nosuch 'bridges default many wide' --region cxl --topology nosuch -- true
  refused 76 '81 85' --region cxl --tools 76 -- true
  refused 6.1 '6[.]12 or 7[.]3' --region cxl --kernel 6.1 -- true
  refused 3M '4K 2M 1G' --align 3M -- true
  refused 12Q 'K, M or G' --size 12Q -- true
  refused 0 'K, M or G' --size 0 -- true
  refused 3G1 'K, M or G' --size 3G1 -- true
  refused 99999999999999999999 'too large' --size 99999999999999999999 -- true
  refused 9999999G 'at most' --size 9999999G -- true
  refused 1M 'multiple of 2M' --size 1M -- true
  refused 1536M '1G.*round it up' --align 1G --size 1536M -- true
  refused soon 'seconds' --timeout soon -- true
  refused 0 'seconds' --timeout 0 -- true
  refused 1M '512M' --memory 1M -- true
  refused /nosuch/file 'check the path' --copy /nosuch/file -- true
  refused nosuchprogram 'install it' --program nosuchprogram -- true
  refused ./nosuch 'check the path' -- ./nosuch
  refused 1A=b 'NAME=VALUE' --env 1A=b -- true
  refused --nonsense 'guest --help' --nonsense -- true
  refused true 'before the command' true
  refused --size 'needs a value' --size
  refused 'no command' 'after --' --size 1G
  refused 2.4 '6\.1|6\.12|7\.2|7\.3, or \.deb files' --kernel 2.4 -- true
  refused nosuch.deb 'check the path' --kernel nosuch.deb -- true
  refused /nosuch/folder 'check the path' --kernel /nosuch/folder -- true
  refused twice 'one kernel' --kernel 6.1 --kernel 6.12 -- true
  refused 6.1 'name or files' --kernel . --kernel 6.1 -- true
  refused third 'one or two files' --kernel . / "$scratch/third" -- true
  runs "$guest" --help
  matches "help" "$out" '--region'
}

case_returns() {
  head -c 1048576 /dev/urandom >bytes
  mkdir folder
  echo inner >folder/file
  # shellcheck disable=SC2016 # for that shell
  guest_gives 3 --env "WORDS=it's  two" --copy bytes --copy folder --copy bytes:/elsewhere/it --program cksum -- sh -c '
    cat bytes; { cat folder/file; echo "$WORDS"; printf "[%s]" "$@"; cksum <bytes; cksum </elsewhere/it; pwd; } >&2; exit 3' \
    name 'a b' '' '$HOME' "it's"
  cmp bytes out || fail "1 MB of stdout did not come back as it was"
  same "stderr" "$err" "inner
it's  two
[a b][][\$HOME][it's]$(cksum <bytes)
$(cksum <bytes)
$PWD"
  cmp folder/file - <<END || fail "the copied folder has changed on this machine"
inner
END
}

# A device of each kind, in two guests at the same time.
case_regions() {
  # shellcheck disable=SC2016 # for that shell
  look='cd /sys/bus/dax/devices/dax0.0 && stat -c %F /dev/dax0.0 && cat align size && readlink -f . && kill -9 $$'
  "$guest" --region pmem --align 1G --size 3G -- sh -c "$look" >pmem.out 2>pmem.err &
  pmem=$!
  guest_gives 137 --region hmem --align 4K --size 6M -- sh -c "$look"
  same "hmem" "$out" "character special file
4096
6291456
/sys/devices/platform/hmem.0/dax0.0"
  status=0
  wait $pmem || status=$?
  same "exit status beside pmem: $(cat pmem.err)" "$status" 137
  same "pmem" "$(cat pmem.out)" "character special file
1073741824
3221225472
/sys/devices/platform/e820_pmem/ndbus0/region0/dax0.0/dax0.0"
}

# The command has begun, and what it had said until the end of its time is there.
case_time() {
  # On a machine with much else to do the guest may not even have started in 30 s.
  for limit in 30 60 180; do
    before=$(date +%s)
    guest_gives 124 --timeout $limit -- sh -c 'echo begun; sleep 600'
    matches "message" "$err" "^guest: --timeout $limit: .*more seconds"
    took=$(($(date +%s) - before))
    [ $took -le $((limit + 120)) ] || fail "--timeout $limit took $took s"
    [ "$out" != begun ] || break
  done
  same "stdout" "$out" begun
  nothing_runs
}

# A boot that dies where the kernel patches itself, before the command, is tried again: a qemu that does so once, and then boots.
case_boots_again() {
  mkdir bin
  real=$(command -v qemu-system-x86_64) || skip "there is no qemu-system-x86_64"
  cat >bin/qemu-system-x86_64 <<S
#!/bin/sh
case " \$* " in *" file,id=log,path="*) ;; *) exec "$real" "\$@" ;; esac
echo boot >>"$scratch/boots"
[ "\$(wc -l <"$scratch/boots")" -eq 1 ] || exec "$real" "\$@"
for word in "\$@"; do
  case \$word in file,id=log,path=*) echo "Oops: int3: 0000 [#1] SMP NOPTI" >"\${word##*path=}" ;; esac
done
S
  chmod +x bin/qemu-system-x86_64
  PATH=$scratch/bin:$PATH
  guest_gives 3 --accel tcg --cpus 1 -- sh -c 'echo once; exit 3'
  same "stdout" "$out" once
  same "boots" "$(wc -l <boots | tr -d ' ')" 2
}

case_panic() {
  guest_gives 125 -- sh -c 'echo c >/proc/sysrq-trigger; sleep 600'
  matches "the kernel's last lines" "$err" '^  kernel: .*sysrq triggered crash'
  matches "message" "$err" '^guest: .*panicked'
  nothing_runs
}

# A kernel from what has been unpacked of its packages, in one folder and in two; and refusals of what is no whole kernel.
case_files() {
  status_of "$guest" --where
  [ "$status" -ne 126 ] || skip "$err"
  whole=$(dirname "$(sed -n 2p out)")/part.1
  release=$(basename "$(echo "$whole"/boot/vmlinuz-*)" | sed "s/^vmlinuz-//")
  export XDG_CACHE_HOME="$scratch/cache"
  guest_gives 0 --kernel "$whole" -- uname -r
  same "a folder" "$out" "$release"
  mkdir -p image/usr/lib/modules/"$release" modules/usr/lib/modules
  ln -s "$whole"/boot/vmlinuz-* image/usr/lib/modules/"$release"/vmlinuz
  ln -s "$whole"/lib/modules/"$release" modules/usr/lib/modules
  guest_gives 0 --kernel image modules --size 64M -- uname -r
  same "two folders" "$out" "$release"
  status_of "$guest" --kernel image -- true
  same "exit status without modules" "$status" 126
  matches "without modules" "$err" "no modules of $release in .*/image: give"
  status_of "$guest" --kernel modules -- true
  same "exit status without an image" "$status" 126
  matches "without an image" "$err" "no kernel image in .*/modules: give"
}

# A newer kernel would give a soft-reserved device with a node to kmem: it is device_dax that has it, and no memory of it is the
# system's. Then daxctl takes it away and brings it back.
case_newer() {
  # shellcheck disable=SC2016 # for that shell
  guest_gives 0 --kernel 6.12 --region hmem --numa --size 2G -- sh -c '
    driver() { basename "$(readlink /sys/bus/dax/devices/dax0.0/driver)"; }
    stat -c %F /dev/dax0.0; driver; [ -d /sys/bus/dax/drivers/kmem ] && echo kmem is there
    cat /sys/devices/system/node/has_memory; uname -r
    daxctl reconfigure-device -f -m system-ram dax0.0 >/dev/null 2>&1 && driver && cat /sys/devices/system/node/has_memory
    daxctl reconfigure-device -f -m devdax dax0.0 >/dev/null 2>&1 && driver'
  same "a device of 6.12" "$(printf "%s\n" "$out" | sed "s/^6\.12\..*/6.12/")" "character special file
device_dax
kmem is there
0
6.12
kmem
0-1
device_dax"
}

# A CXL bus: the devices are the same at every start, no region is there, and one can be made and becomes a device.
case_cxl() {
  # shellcheck disable=SC2016 # for that shell
  guest_gives 0 --region cxl --timeout 300 -- sh -c '
    for device in /sys/bus/cxl/devices/mem*; do cat $device/serial; done
    echo offline >/sys/devices/system/memory/auto_online_blocks
    cxl create-region -d decoder0.0 -t ram -m mem0 >/dev/null 2>&1 && cat /sys/bus/cxl/devices/region0/target0
    daxctl reconfigure-device -f -m devdax dax0.0 >/dev/null 2>&1 && stat -c %F /dev/dax0.0'
  same "a CXL bus" "$out" "0x1
0x2
0x3
decoder2.0
character special file"
}

# No QEMU that has such a bus: which would, and where it is had.
case_cxl_old_qemu() {
  mkdir bin
  printf "#!/bin/sh\necho QEMU emulator version 7.2.9\n" >bin/qemu-system-x86_64
  chmod +x bin/qemu-system-x86_64
  status_of env PATH="$scratch/bin:$PATH" XDG_CACHE_HOME="$scratch/cache" "$guest" --region cxl -- true
  same "exit status" "$status" 126
  matches "message" "$err" "QEMU 8[.]1 or later.*has 7[.]2[.]9.*Debian 13.*bookworm-backports"
}

# No kernel in the cache, none to be had: the reason and the remedy, and the next run is not harmed by what this one left.
case_no_kernel() {
  mkdir bin
  printf '#!/bin/sh\necho "E: Unable to locate package" >&2\nexit 100\n' >bin/apt-get
  cp bin/apt-get bin/apt-cache
  chmod +x bin/*
  for attempt in 1 2; do
    status_of env PATH="$scratch/bin:$PATH" XDG_CACHE_HOME="$scratch/cache" timeout 60 "$guest" -- true
    same "exit status, attempt $attempt" "$status" 126
    matches "message" "$err" "^guest: .*(--kernel FILE|this machine lacks)"
  done
  case $err in *"this machine lacks"*) skip "$err" ;; esac
  echo "no package" >cache/daxemu/kernel-6.1/by-hand.deb
  status_of env XDG_CACHE_HOME="$scratch/cache" timeout 60 "$guest" -- true
  same "exit status with a broken package" "$status" 126
  matches "message" "$err" 'by-hand\.deb cannot be unpacked .*delete it'
}

"case_$1"
