#!/bin/sh
# Stock `udevadm monitor` sees devices come and go: what the kernel says, with libudev's checks of sender and filter by
# subsystem.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs udevadm daxctl timeout

cat >steps <<'EOS'
# It says that it listens once it does.
timeout 20 udevadm monitor --kernel --property --subsystem-match=dax >heard &
monitor=$!
while ! grep -q KERNEL heard 2>/dev/null; do sleep 0.1; done
sleep 0.3
daxctl disable-device dax0.0
echo change >/sys/bus/dax/uevent # of another subsystem: not heard
daxctl enable-device dax0.0
tries=0
while [ "$(grep -c '^ACTION=' heard)" -lt 2 ] && [ $tries -lt 100 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
kill $monitor
wait
EOS
runs "$daxemu" run --size 64M -- sh ./steps
heard=$(grep -E '^(ACTION|DEVPATH|SUBSYSTEM|DEVNAME|DRIVER)=' heard)
same "what udevadm heard" "$heard" "ACTION=unbind
DEVPATH=/devices/platform/hmem.0/dax0.0
SUBSYSTEM=dax
DEVNAME=/dev/dax0.0
ACTION=bind
DEVPATH=/devices/platform/hmem.0/dax0.0
SUBSYSTEM=dax
DEVNAME=/dev/dax0.0
DRIVER=device_dax"
nothing_runs
