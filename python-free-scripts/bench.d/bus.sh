# shellcheck shell=sh
# shellcheck disable=SC2154 # what bench has set
# Sourced by bench: a bus of many devices beside a real one, in a guest.

# "NAME NANOSECONDS" lines as the benchmark library would have written them.
as_json() {
  awk 'BEGIN { print "{\"benchmarks\": [" }
    NF == 2 { printf "%s{\"name\": \"%s\", \"run_type\": \"iteration\", \"real_time\": %s, \"time_unit\": \"ns\"}\n",
              n++ ? "," : "", $1, $2 }
    END { print "]}" }'
}

# One processor for the CXL guest: of two that QEMU emulates, one has lost its timer for good.
buses() {
  [ -z "$quick" ] || return 0 # a guest takes a minute: it has tests of its own
  : >"$out/bus.lines"
  a_bus bus --region hmem --size 512M --timeout 900 --copy "$root/tests/bench/bus-in-guest" -- sh "$root/tests/bench/bus-in-guest" "$bin/daxemu" 100 "$count"
  a_bus cxl-bus --region cxl --topology many --kernel 6.12 --cpus 1 --timeout 900 --copy "$root/tests/bench/cxl-in-guest" -- \
    sh "$root/tests/bench/cxl-in-guest" "$bin/daxemu" "$count"
  as_json <"$out/bus.lines" >"$out/bus.json"
  files="$files $out/bus.json"
}

# a_bus NAME ARGUMENTS of guest...: its lines to those of the others.
a_bus() {
  name=$1
  shift
  say "$name, in a guest" >&2
  "$scripts/guest" --program "$bin/daxemu" --program "$bin/../lib/libdaxemu-preload.so" "$@" \
    >>"$out/bus.lines" 2>"$out/$name.txt" || say "no comparison with a real $name: $(tail -n 1 "$out/$name.txt")" >&2
}
