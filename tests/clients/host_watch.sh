#!/bin/sh
# host_watch.sh begin|end FOLDER WATCHER: nothing of the machine's /dev and /sys is made, moved, taken away or changed while the client
# tests run: looked at by inotify all the time, and by listings before and after.
set -u
folder=$2 watcher=$3

look() {
  find /dev -xdev -not -path '/dev/shm*' -not -path '/dev/pts*' -printf '%p %y %m %U:%G %l\n' 2>/dev/null | sort
  find /sys/bus /sys/class /sys/dev /sys/devices/platform /sys/module -maxdepth 3 -printf '%p %y %m %U:%G\n' 2>/dev/null | sort
}

case $1 in
  begin)
    [ ! -e "$folder/ready" ] || { : >"$folder/stop"; sleep 1; } # of a run that was cut short: watchers are few
    rm -rf "$folder"
    mkdir -p "$folder" || exit 1
    look >"$folder/before"
    setsid "$watcher" "$folder" </dev/null >/dev/null 2>&1 &
    for attempt in $(seq 100); do
      [ ! -e "$folder/ready" ] || exit 0
      sleep 0.1
    done
    echo "SKIP: the watcher is not ready after $attempt looks: has this user inotify watches left?"
    exit 77 ;;
  end)
    [ -e "$folder/ready" ] || { echo "SKIP: there was no watcher"; exit 77; }
    : >"$folder/stop"
    sleep 1
    look >"$folder/after"
    failed=0
    # What a test of the machine itself, a login or a terminal does is not ours: names of ours, and whatever is in /sys.
    if grep -E ' (/dev/(dax|ndctl)|/sys/)' "$folder/events"; then
      echo "FAILED: the events above are of the machine's own /dev or /sys"
      failed=1
    fi
    if ! diff "$folder/before" "$folder/after"; then
      echo "FAILED: the machine's own /dev or /sys is not as it was (<: before, >: after)"
      failed=1
    fi
    exit $failed ;;
esac
exit 2
