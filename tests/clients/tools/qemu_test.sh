#!/bin/sh
# QEMU takes the device as the memory of an NVDIMM; the kernel in its guest sees one of the device's size, finds on it
# what was on the device, and what it writes is on the device afterwards.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs qemu-system-x86_64 busybox cpio daxio

# The kernel that python-free-scripts/guest downloads, and its modules.
status_of "$here/../../python-free-scripts/guest" --where
[ "$status" -ne 126 ] || skip "$err"
same "exit status of guest --where: $err" "$status" 0
kernel=$(sed -n 1p out) modules=$(sed -n 2p out)

mkdir -p root/bin root/dev root/sys root/proc
cp "$(command -v busybox)" root/bin/busybox
for module in libnvdimm nd_btt nd_pmem nfit; do cp "$modules/$module.ko" root; done
cat >root/init <<'EOS'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in libnvdimm nd_btt nd_pmem nfit; do insmod /$module.ko; done
echo "nvdimm size $(cat /sys/bus/nd/devices/region0/size)"
echo "nvdimm device $(cat /sys/bus/nd/devices/nmem0/devtype)"
echo "nvdimm holds $(head -c 15 /dev/pmem0)"
printf 'from the guest!' | dd of=/dev/pmem0 bs=4096 seek=512 conv=notrunc,fsync 2>/dev/null
sync
echo "nvdimm done"
poweroff -f
EOS
chmod +x root/init
(cd root && find . | cpio --quiet -o -H newc) | gzip -1 >initramfs

cat >steps <<EOS
set -e
printf 'from the host!!' >greeting
daxio -i greeting -o /dev/dax0.0 >/dev/null
timeout -k 5 200 qemu-system-x86_64 -accel tcg -cpu max -machine pc,nvdimm=on -m 256M,slots=2,maxmem=2G \\
  -object memory-backend-file,id=dimm,mem-path=/dev/dax0.0,share=on,align=2M,pmem=on,size=64M \\
  -device nvdimm,id=nvdimm,memdev=dimm -nodefaults -display none -no-reboot -serial stdio \\
  -kernel $kernel -initrd initramfs \\
  -append 'console=ttyS0 quiet panic=-1 mitigations=off nmi_watchdog=0 no_timer_check' </dev/null
daxio -i /dev/dax0.0 -o back --skip 2M --len 15 >/dev/null
EOS
status_of "$daxemu" run --size 64M --align 2M -- sh ./steps
if printf '%s\n' "$err" | grep -q 'without libpmem'; then
  skip "this QEMU was built without libpmem: $err"
fi
same "exit status ($err
$out)" "$status" 0
out=$(printf '%s\n' "$out" | tr -d '\r')
matches "the guest's NVDIMM has the device's size" "$out" '^nvdimm size 67108864$'
matches "the guest's NVDIMM" "$out" '^nvdimm device nvdimm$'
matches "the guest reads what the host wrote" "$out" '^nvdimm holds from the host!!$'
matches "the guest came to its end" "$out" '^nvdimm done$'
same "the host reads what the guest wrote" "$(cat back)" 'from the guest!'
nothing_runs
