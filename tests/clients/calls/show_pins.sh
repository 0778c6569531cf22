#!/bin/sh
# show_pins.sh [DAXEMU-PINS-ARGUMENTS]: a line for each hold, with what does not change from run to run.
"${DAXEMU_BIN:?}" pins --json "$@" 2>/dev/null | awk -F '[:,]' '
  /"released"/ { what = "released " }
  /"first_extent"/ { first = $2 + 0 }
  /"extents"/ { last = first + $2 - 1 }
  /"kind"/ { kind = $2; gsub(/^ "|"$/, "", kind) }
  /"gets"/ { gets = $2 + 0 }
  /"pins"/ && !/\[/ { pins = $2 + 0 }
  /"since_ns"/ { printf "  %s%d-%d %s, %d pages each\n", what, first, last, kind, gets + pins; held = 1 }
  END { if (!held) print "  nothing" }'
