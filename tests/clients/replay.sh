#!/bin/bash
# replay.sh TRANSCRIPT: runs the commands of a transcript again and prints the transcript of what happened now. Both are
# the same when the machine answers as the recorded one did. Runs on whatever device it finds: under daxemu, or on a
# kernel's own.
#
# In a transcript `@0x1000` is the address 0x1000 bytes behind the region's start and `memory@3` the fourth memory block
# from there: what the memory map of a machine decides is left out. So are uuids. Lines of a transcript:
#   $ COMMAND | -- stdout | -- stderr | -- exit status N
set -u
export LC_ALL=C
transcript=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$transcript" "$work/transcript" || exit 1

start=$(cat /sys/bus/dax/devices/dax0.0/resource) || exit 1
block=$((0x$(cat /sys/devices/system/memory/block_size_bytes 2>/dev/null || echo 8000000)))
if [ -e /sys/bus/dax/devices/dax0.0/mapping0/start ]; then
  start=$(cat /sys/bus/dax/devices/dax0.0/mapping0/start)
fi
start=$((start))
first_block=$((start / block))
# No step may reach memory that the machine itself runs on.
if [ -e "/sys/devices/system/memory/memory$first_block" ]; then
  echo "replay.sh: memory$first_block is a block of this machine: the region must begin behind all of them" >&2
  exit 1
fi

# The command with this machine's addresses.
here() {
  local text=$1 hex
  while [[ $text =~ @0x([0-9a-f]+) ]]; do
    hex=${BASH_REMATCH[1]}
    text=${text//@0x$hex/$(printf '%x' $((start + 0x$hex)))}
  done
  while [[ $text =~ memory@([0-9]+) ]]; do
    text=${text//memory@${BASH_REMATCH[1]}/memory$((first_block + BASH_REMATCH[1]))}
  done
  printf '%s' "$text"
}

# The lines of a file without this machine's addresses.
anywhere() {
  local line address
  while IFS= read -r line; do
    while [[ $line =~ (0x[0-9a-f]{9,}) ]]; do
      address=${BASH_REMATCH[1]}
      line=${line//$address/$(printf '@0x%x' $((address - start)))}
    done
    if [[ $line =~ ^(.*\"target_node\":)[0-9]+(.*)$ ]]; then
      line=${BASH_REMATCH[1]}N${BASH_REMATCH[2]}
    fi
    if [[ $line =~ ^(.*\"uuid\":)\"[0-9a-f-]+\"(.*)$ ]]; then
      line=${BASH_REMATCH[1]}UUID${BASH_REMATCH[2]}
    fi
    while [[ $line =~ /memory([0-9]+)/ ]]; do
      line=${line//\/memory${BASH_REMATCH[1]}\//\/memory@$((BASH_REMATCH[1] - first_block))\/}
    done
    printf '%s\n' "$line"
  done <"$1"
}

while IFS= read -r line <&3; do
  [[ $line == '$ '* ]] || continue
  command=$(here "${line#\$ }")
  timeout -k 2 60 bash -c "$command" >"$work/out" 2>"$work/err" 3<&-
  status=$?
  printf '%s\n' "$line"
  if [ -s "$work/out" ]; then
    echo '-- stdout'
    anywhere "$work/out"
  fi
  if [ -s "$work/err" ]; then
    echo '-- stderr'
    anywhere "$work/err"
  fi
  echo "-- exit status $status"
done 3<"$work/transcript"
