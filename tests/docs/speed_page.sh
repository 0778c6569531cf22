#!/bin/sh
# The page of speed says what a file of results says, and no file of another form gets into it; the table that bench prints is
# made of JSON whose medians are known.
#   speed_page.sh AWK-PROGRAM BENCH-TABLE RESULTS-FOLDER
set -eu
program=$1 table=$2 results=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
faults=0
# has WHAT TEXT FILE
has() {
  if grep -qF -- "$2" "$3"; then
    echo "ok: $1"
  else
    echo "FAIL: $1: no line has '$2' in"
    cat "$3"
    faults=1
  fi
}

# run FILE FACTOR: ours takes FACTOR times what theirs does in each of 15 turns, whatever the machine is like.
run() {
  awk -v factor="$2" 'BEGIN {
    print "{\"benchmarks\": ["
    for (turn = 0; turn < 15; turn++)
      for (who = 0; who < 2; who++)
        printf "%s{\"name\": \"%s\", \"run_type\": \"iteration\", \"repetition_index\": %d, \"real_time\": %f, \"time_unit\": \"us\"}\n",
          (n++ ? "," : ""), (who ? "ours" : "theirs"), turn, (turn + 1) * (who ? factor : 1)
    print "]}" }' >"$1"
}
run "$work/fast.json" 1.0
run "$work/slow.json" 1.5
{
  printf 'kept\tratio\tours\ttheirs\t2\n'
  printf 'missed\tratio\tours\ttheirs\t0.5\n'
  printf 'sometimes\tratio\tours\ttheirs\t1.2\n'
  printf 'upward\tinverse\ttheirs\tours\t0.9\n'
  printf 'absent\tratio\tours\tnothing\t1\n'
  printf 'shown\tratio\tours\ttheirs\t-\n'
} >"$work/goals.tsv"

"$table" goals "$work/goals.tsv" "$work/fast.json" >"$work/one"
has "one run" "| kept | <= 2 | 1.00 | 1.00 to 1.00 | 15 | met | - | - |" "$work/one"
has "a goal that is missed" "| missed | <= 0.5 | 1.00 | 1.00 to 1.00 | 15 | not met | - | - |" "$work/one"
has "what was not measured" "| absent | <= 1 | not measured here | - | - | - | - | - |" "$work/one"

printf '# machine\t2 cores\n# kernel\t6.1\n# date\t2000-01-01\n# runs\t3\n# load\t0\n# commit\tabc\n' >"$work/results.tsv"
"$table" results "$work/goals.tsv" "$work/fast.json" -- "$work/slow.json" -- "$work/fast.json" >>"$work/results.tsv"
LC_ALL=C awk -f "$program" "$work/results.tsv" >"$work/page"
has "the machine" "## 2 cores, Linux 6.1, 2000-01-01" "$work/page"
has "the middle run and the worst" "| kept | <= 2 | 1.00 | 1.00 to 1.00 | 1.50 | met | - |" "$work/page"
has "a run that missed it" "| sometimes | <= 1.2 | 1.00 | 1.00 to 1.00 | 1.50 | undecided (met in 2 of 3) | - |" "$work/page"
has "a ratio that is to be large" "| upward | >= 0.9 | 1.00 | 1.00 to 1.00 | 0.67 | undecided (met in 2 of 3) | - |" "$work/page"
has "what is only shown" "| shown | - | 1.00 | 1.00 to 1.00 | - | - | - |" "$work/page"
has "counts" "Of the goals 1 are met, 2 are undecided, 1 are not met. Not measured there: absent." "$work/page"

printf 'a line\tof another form\n' >>"$work/results.tsv"
if LC_ALL=C awk -f "$program" "$work/results.tsv" >/dev/null 2>"$work/said"; then
  echo "FAIL: a line of another form is taken"
  faults=1
fi
has "a line of another form is named" "no line of results" "$work/said"

for file in "$results"/*.tsv; do
  [ -e "$file" ] || continue
  for name in machine kernel date runs load commit; do
    has "$(basename "$file") says $name" "# $name	" "$file"
  done
done
exit "$faults"
