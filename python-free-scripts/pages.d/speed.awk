# A file of tests/bench/results as a section of runtime/docs/speed.md. Its lines, written by daxemu-bench-table results: WHAT,
# GOAL, runs, pairs in each, measured (the middle run), the interval's ends, the worst run, verdict, runs that met it,
# instructions added. Lines that begin with # tell of the machine: # NAME <tab> VALUE.
BEGIN { FS = "\t" }
/^# / { about[substr($1, 3)] = $2; next }
{
  if (NF != 11) { print FILENAME ":" FNR ": no line of results" > "/dev/stderr"; exit 1 }
  short = $9
  sub(/,.*/, "", short) # ", of the first run only", ", measured in 3 of 5 runs"
  verdicts[short]++
  if ($9 == "not measured") { missing = missing "; " $1; next }
  worst = $3 > 1 ? $8 : "-"
  verdict = short == "met" || $9 == "-" || $3 == 1 ? $9 : $9 " (met in " $10 " of " $3 ")"
  # Of what is only shown there is neither a better nor a worse.
  lines = lines sprintf("| %s | %s | %s | %s to %s | %s | %s | %s |\n", $1, $2, $5, $6, $7, $2 == "-" ? "-" : worst, verdict, $11)
}
END {
  printf "\n## %s, Linux %s, %s\n\n", about["machine"], about["kernel"], about["date"]
  printf "Runs: %s; load averages at the end: %s; commit %s. ", about["runs"], about["load"], about["commit"]
  printf "Of the goals %d are met, %d are undecided, %d are not met", verdicts["met"], verdicts["undecided"], verdicts["not met"]
  printf "%s.\n\n", missing == "" ? "" : ". Not measured there: " substr(missing, 3)
  print "| what | goal | measured | 95 % | worst run | verdict | instructions |"
  print "|---|---|---|---|---|---|---|"
  printf "%s", lines
}
