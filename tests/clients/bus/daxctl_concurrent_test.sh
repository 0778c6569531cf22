#!/bin/sh
# daxctl_concurrent_test.sh ROUNDS: four processes create and destroy devices with daxctl, ROUNDS times each. At no time
# do two devices share an address; in the end nothing is lost. That single commands fail is daxctl's way: it makes a
# device and then looks for it, and another process may have taken it meanwhile, on a real region too.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs daxctl
rounds=$1

cat >worker <<'EOS'
rounds=$1 size=$2 round=0 made=0
while [ $round -lt $rounds ]; do
  round=$((round + 1))
  device=$(daxctl create-device -s "$size" 2>/dev/null | sed -n 's/.*"chardev":"\(.*\)",/\1/p')
  [ -n "$device" ] || continue
  made=$((made + 1))
  daxctl destroy-device -f "$device" >/dev/null 2>&1
done
echo $made >"made.$size"
EOS
# A listing takes its time, and one device may have gone before the next, in its place, is read. So: what two listings in a row
# agree on, by address; each range must end before the next begins.
cat >look <<'EOS'
for listing in 1 2; do
  daxctl list -DM
  echo '"listing"'
done | awk -F: '
  { sub(/,.*/, "", $2); gsub(/[ "]/, "", $2) }
  /"chardev"/ { name = $2 }
  /"start"/ { from = $2 }
  /"end"/ { key = name " " from " " $2; seen[key]++; if (seen[key] == 2) agreed[++n] = key; now++ }
  /"listing"/ { if (now > 1) many = 1; now = 0 }
  END {
    for (i = 1; i <= n; i++)
      for (j = i + 1; j <= n; j++) {
        split(agreed[i], a, " "); split(agreed[j], b, " ")
        if (a[2] + 0 <= b[3] + 0 && b[2] + 0 <= a[3] + 0) printf "%s and %s overlap\n", agreed[i], agreed[j]
      }
    if (many) print "seen" >"/dev/stderr"
  }' >>overlaps 2>>seen
EOS
cat >steps <<'EOS'
daxctl disable-device dax0.0 2>/dev/null
echo 0 >/sys/bus/dax/devices/dax0.0/size
: >overlaps
: >seen
workers=""
for size in 64M 32M 128M 2M; do
  sh ./worker "$1" $size &
  workers="$workers $!"
done
for worker in $workers; do
  while kill -0 "$worker" 2>/dev/null; do sh ./look; done
done
wait
# What commands that lost a race have left: bound or not, sized or not. Nothing else may be in the way of the end.
for device in /sys/bus/dax/devices/dax0.*; do
  name=${device##*/}
  echo "$name" >/sys/bus/dax/drivers/device_dax/unbind 2>/dev/null
  echo 0 >"$device/size"
  [ "$name" = dax0.0 ] || echo "$name" >/sys/devices/platform/hmem.0/dax_region/delete
done
ls /sys/bus/dax/devices >devices
cat /sys/devices/platform/hmem.0/dax_region/available_size >available
EOS
status_of "$daxemu" run --size 1G -- sh ./steps "$rounds"
same "overlapping ranges" "$(cat overlaps)" ""
same "devices in the end" "$(cat devices)" dax0.0
same "available_size in the end" "$(cat available)" $((1 << 30))
made=$(cat made.* | awk '{ sum += $1 } END { print sum }')
[ "$made" -ge "$rounds" ] || fail "only $made devices were made in $((4 * rounds)) rounds"
[ -s seen ] || fail "no two devices were ever seen at once: this showed nothing"
nothing_runs
