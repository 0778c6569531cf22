#!/bin/sh
# `daxemu trace` of a program: its events in a file of JSON, its exit status, and with --symbols the functions they came
# from.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
program=$DAXEMU_TESTS/trace_program

# count KIND FILE: events of that category
count() { grep -c "\"cat\":\"$1\"" "$2" || :; }

runs "$daxemu" trace --size 16M --backing shmem -o plain.json -- "$program" /dev/dax0.0
same "faults" "$(count fault plain.json)" 2
same "maps" "$(count map plain.json)" 1
has_not "no symbols unless asked for" "$(cat plain.json)" '"site"'
if command -v jq >/dev/null 2>&1; then
  same "every event has the format's members" \
    "$(jq '[.traceEvents[] | select((.name | type) != "string" or (.pid | type) != "number" or (.ph | test("^[MXibe]$") | not)
      or (.ph != "M" and ((.ts | type) != "number" or (.tid | type) != "number")) or (.ph == "X" and (.dur | type) != "number"))] | length' plain.json)" 0
fi

runs "$daxemu" trace --symbols --engine handler --size 16M --backing shmem -o named.json -- "$program" /dev/dax0.0
faults=$(grep '"cat":"fault"' named.json)
matches "the first touch" "$faults" '"extent":0,.*"from":"touch_first'
matches "the second touch" "$faults" '"extent":1,.*"from":"touch_second'
matches "the mapping" "$(grep '"cat":"map"' named.json)" '"from":"map_it'
has_not "modules are not events" "$(cat named.json)" '"cat":"module"'

# What the kernel holds of a device for calls of the program: three pages in a pipe, of two extents, read in two steps. That they
# are out of the pipe is noticed when somebody looks.
runs env SHOW="$here/calls/show_pins.sh" "$daxemu" trace --size 16M --backing shmem -o pins.json -- "$DAXEMU_TESTS/pins_program" /dev/dax0.0 2097152 pipe
held() { grep '"by":"vmsplice"' pins.json | grep "\"ph\":\"$1\"" | sed 's/.*"length":\([0-9]*\).*/\1/' | awk '{ sum += $1 } END { print sum }'; }
same "bytes held" "$(held b)" 12288
same "bytes released" "$(held e)" 12288

status_of "$daxemu" trace --size 16M --backing shmem -o t.json -- sh -c 'exit 7'
same "the command's exit status" "$status" 7
nothing_runs
