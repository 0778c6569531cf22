# shellcheck shell=sh
# shellcheck disable=SC2154 # what bench has set
# Sourced by bench: how things grow, as SVG, with the line that each should follow.

# plot NAME TITLE XLABEL YLABEL SERIES...: the benchmarks growth/SERIES/N over N, both axes logarithmic. A series is
# NAME:flat, which should cost the same at every N (the line is the first point's), or NAME:linear, as much more as there are
# more (the line goes through the last point but one: a start that is in all of them is not the first's alone).
# Behind its name the verdict of its goal.
plot() {
  name=$1
  title=$2
  x=$3
  y=$4
  shift 4
  lines=""
  color=0
  for series in "$@"; do
    what=${series%:*}
    color=$((color + 1))
    points=$out/$name.$what.tsv
    # shellcheck disable=SC2086 # words
    "$bin/daxemu-bench-table" series "growth/$what" $first >"$points"
    verdict=$(awk -F'\t' -v above="growth/$what/" 'index($3, above) == 1 && $1 ~ /^growth/ { print $1; exit }' \
      "$root/tests/bench/goals.tsv" | while IFS= read -r goal; do
      awk -F' *[|] *' -v goal="$goal" '$2 == goal { print $4 " times at the far end, goal " $3 ": " $7 }' "$out/goals.md"
    done)
    line=$(awk -v how="${series#*:}" '{ x[NR] = $1; y[NR] = $2 }
      END { if (how == "flat") print y[1]; else { at = NR > 1 ? NR - 1 : 1; print y[at] / x[at] " * x" } }' "$points")
    lines="$lines${lines:+, }'$points' using 1:2 with linespoints lc $color title '$what (${verdict:-no goal})'"
    lines="$lines, $line with lines lc $color dt 2 title 'the line that it should follow'"
  done
  gnuplot <<PLOT || say "gnuplot could not draw $name" >&2
set terminal svg size 900,560 background rgb 'white'
set output '$out/$name.svg'
set title '$title' noenhanced
set xlabel '$x'
set ylabel '$y'
set logscale xy
set grid
set key below left noenhanced
plot $lines
PLOT
}

plots() {
  plot sizes "A platform of one device: made and ended; mapped whole and unmapped" "GiB" "ms (create), us (map)" \
    create:flat map:flat
  plot devices "A platform of many devices" "devices" "us" devices_create:linear devices_list:linear devices_start:flat devices_open:flat
  plot mappings "One more mapping of one extent: map, touch, unmap" "mappings there already" "us" mappings:flat
  plot processes "Processes that have the same device" "processes" "us" processes_map:flat processes_touch:flat processes_at_once:flat
}
