# compare.awk REASONS OPEN EXPECTED GOT, -v file=NAME -v all=0|1. A row is "NAME: WORDS"; a line without a name is a row by itself, named
# by its number. A word is named by what stands before its "=", else by its place (#3).
BEGIN { FS = "\t" }
FNR == 1 { part++ }
/^#/ && part < 3 { next }
part == 1 { if ($1 == file) reason[$2, $3] = $4; next }
part == 2 { if ($1 == file) { open_rows[$2] = 1 } next }
{
  if (FNR == 1) number = 0
  if (match($0, /^[^ ]+: /) && $0 !~ /^(bash|sh|ls|cat): /) { name = substr($0, 1, RLENGTH - 2); text = substr($0, RLENGTH + 1) }
  else { number++; name = "line" number; text = $0 }
  while ((part, name) in rows) name = name "'"
  # What every boot or run has another of: a driver's major number, the time.
  gsub(/MAJOR=[0-9]+/, "MAJOR=M", text)
  gsub(/ dev=[0-9]+:/, " dev=M:", text)
  gsub(/(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +[0-9]+ [0-9]+:[0-9]+ /, "DATE ", text)
  rows[part, name] = text
  if (part == 3) order[++count] = name
  else if (!((3, name) in rows)) order[++count] = name
}
function key(word, place) {
  return match(word, /^[A-Za-z0-9_.+-]+=/) ? substr(word, 1, RLENGTH - 1) : "#" place
}
END {
  for (i = 1; i <= count; i++) {
    name = order[i]
    n = split(rows[3, name], want, / +/)
    m = split(rows[4, name], have, / +/)
    differs = 0; excused = 0
    for (w = 1; w <= n || w <= m; w++) {
      if (want[w] == have[w]) continue
      k = key(w <= n ? want[w] : have[w], w)
      if ((name, k) in reason || (name, "*") in reason) { excused = 1; used[name, (name, k) in reason ? k : "*"] = 1 } else differs = 1
    }
    delete want; delete have
    listed = name in open_rows
    seen[name] = 1
    if (!differs) excused ? reasoned++ : equal++
    else if (listed) still++
    if (differs && !listed) bad++
    if (!differs && listed && !list) { stale++; print file " " name ": equal now: take it out of open.tsv" }
    if (list) { if (differs) print file "\t" name; continue }
    if ((differs && (!listed || all)) || (excused && all)) print file " " name "\n  expected | " rows[3, name] "\n  got      | " rows[4, name]
  }
  for (name in open_rows) if (!(name in seen) && !list) { stale++; print file " " name ": open.tsv names it, there is no such row" }
  for (pair in reason) if (!(pair in used) && reason[pair] !~ /^at times: / && !list) {
    split(pair, part_of, SUBSEP)
    stale++
    print file " " part_of[1] " " part_of[2] ": equal now: take it out of reasons.tsv"
  }
  if (list) exit 0
  printf "%s: %d rows, %d equal, %d by reason, %d open, %d differ\n", file, count, equal, reasoned, still, bad
  exit bad + stale > 0
}
