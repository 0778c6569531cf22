# shellcheck shell=sh
# shellcheck disable=SC2154 # what bench has set
# Sourced by bench: a bus of many devices, on this machine and, beside a real one, in a guest.

# A platform file of $1 devices.
platform_of() {
  awk -v count="$1" 'BEGIN {
    printf "{\"backing\": \"shmem\", \"regions\": [{\"devices\": ["
    for (id = 0; id < count; id++) printf "%s{\"id\": %d, \"size\": \"2M\"}", id ? ", " : "", id
    print "]}]}"
  }'
}

# "NAME NANOSECONDS" lines as the benchmark library would have written them.
as_json() {
  awk 'BEGIN { print "{\"benchmarks\": [" }
    NF == 2 { printf "%s{\"name\": \"%s\", \"run_type\": \"iteration\", \"real_time\": %s, \"time_unit\": \"ns\"}\n",
              n++ ? "," : "", $1, $2 }
    END { print "]}" }'
}

bus() {
  count=1000
  [ -z "$quick" ] || count=20
  platform_of "$count" >"$scratch/many.json"
  run many-devices many -- "$bin/daxemu" run --config "$scratch/many.json" -- \
    "$bin/daxemu-bench-command" "$scratch" --benchmark_filter='daxctl_list/daxemu'
  [ -z "$quick" ] || return 0 # a guest takes a minute: it has tests of its own
  say "bus-in-guest" >&2
  status=0
  "$scripts/guest" --region hmem --size 512M --program "$bin/daxemu" --program "$root/build/release/lib/libdaxemu-preload.so" \
    --copy "$root/tests/bench/bus-in-guest" -- sh "$root/tests/bench/bus-in-guest" "$bin/daxemu" 100 3 \
    >"$out/bus.lines" 2>"$out/bus.txt" || status=$?
  if [ "$status" -ne 0 ]; then
    say "no comparison with a real bus: $(tail -n 1 "$out/bus.txt")" >&2
    return 0
  fi
  say "cxl-in-guest" >&2
  "$scripts/guest" --region cxl --topology many --kernel 6.12 --timeout 600 --program "$bin/daxemu" --program "$root/build/release/lib/libdaxemu-preload.so" \
    --copy "$root/tests/bench/cxl-in-guest" -- sh "$root/tests/bench/cxl-in-guest" "$bin/daxemu" 3 \
    >>"$out/bus.lines" 2>"$out/cxl-bus.txt" || say "no comparison with a real CXL bus: $(tail -n 1 "$out/cxl-bus.txt")" >&2
  as_json <"$out/bus.lines" >"$out/bus.json"
  files="$files $out/bus.json"
}
