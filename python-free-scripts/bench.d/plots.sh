# shellcheck shell=sh
# shellcheck disable=SC2154 # what bench has set
# Sourced by bench: how things grow, as SVG.

# plot NAME TITLE XLABEL YLABEL PREFIX...: the benchmarks PREFIX/N over N, both axes logarithmic.
plot() {
  name=$1
  title=$2
  x=$3
  y=$4
  shift 4
  lines=""
  for prefix in "$@"; do
    # shellcheck disable=SC2086 # words
    "$bin/daxemu-bench-table" series "$prefix" $files >"$out/$name.$(echo "$prefix" | tr / _).tsv"
    lines="$lines${lines:+, }'$out/$name.$(echo "$prefix" | tr / _).tsv' using 1:2 with linespoints title '$prefix'"
  done
  gnuplot <<PLOT || say "gnuplot could not draw $name" >&2
set terminal svg size 720,480 background rgb 'white'
set output '$out/$name.svg'
set title '$title' noenhanced
set xlabel '$x'
set ylabel '$y'
set logscale xy
set grid
set key left top noenhanced
plot $lines
PLOT
}

plots() {
  plot sizes "Making and ending a platform, mapping its device" "GiB" "ms (platform), us (mapping)" create_platform map_device
  plot mappings "One more mapping of one extent: map, touch, unmap" "mappings there already" "us" mappings
  plot processes "Processes that map a device and touch 16 extents" "processes at once" "us for each" processes
}
