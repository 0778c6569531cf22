# shellcheck shell=sh
# shellcheck disable=SC2154 # what bench has set
# Sourced by bench: what was measured, as a file for tests/bench/results.

results() {
  printf '# date\t%s\n' "$(date -u +%Y-%m-%d)"
  printf '# commit\t%s\n' "$(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
  printf '# machine\t%s cores, %s, %s GiB\n' "$(nproc)" \
    "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)" \
    "$(awk '/^MemTotal/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo)"
  printf '# kernel\t%s\n' "$(uname -r | sed 's/^\([0-9]*\.[0-9]*\).*/\1/')"
  printf '# load\t%s\n' "$(cut -d' ' -f1-3 /proc/loadavg)"
  printf '# runs\t%s, of at least %s pairs each\n' "$runs" "$count"
  # shellcheck disable=SC2086 # words
  "$bin/daxemu-bench-table" results "$root/tests/bench/goals.tsv" $files
}
