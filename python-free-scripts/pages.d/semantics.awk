# What device-dax does, from the kernel's answers: rows of one family that have the same answers are one line of the page.
#   awk -f semantics.awk deliberate.tsv golden/REGION-ALIGN.tsv ...     the first golden gives the order
function glob(pattern,   at, c, out) {
  out = "^"
  for (at = 1; at <= length(pattern); ++at) {
    c = substr(pattern, at, 1)
    out = out (c == "*" ? ".*" : c == "?" ? "." : c ~ /[A-Za-z0-9_=-]/ ? c : "[" c "]")
  }
  return out "$"
}
function cell(text) {
  gsub(/\|/, "\\|", text)
  return text
}
BEGIN { FS = "\t" }
FNR == 1 { files++; scope = FILENAME; sub(/.*\//, "", scope); sub(/\.tsv$/, "", scope); if (files > 1) scopes[files - 1] = scope }
files == 1 {
  if ($0 !~ /^#/ && NF == 3) { rules++; rule[rules] = glob($1); where[rules] = $2; why[rules] = $3 }
  next
}
{
  if (!($1 in known)) { known[$1] = 1; name[++rows] = $1 }
  answer[$1, files - 1] = $2
}
END {
  nr_scopes = files - 1
  print "# What device-dax does, and the emulator with it"
  print ""
  print "Made by `python-free-scripts/pages` from the answers that `tests/conformance` has of a real Linux 6.1, and from its list"
  print "of deliberate differences; a test keeps it current. The emulator's answers are compared with these in every run of the"
  print "tests: where a line says *equal*, a difference would be a failure. How to read an answer, and how to ask a device of"
  print "your own, is told by [the suite](../../tests/conformance/README.md). What 6.12 (the default) and 7.3 answer otherwise is in"
  print "[kernels.md](kernels.md)."
  print ""
  differing = 0
  for (at = 1; at <= rows; ++at) {
    row = name[at]
    first = answer[row, 1]
    kernel = ""
    for (s = 2; s <= nr_scopes; ++s) if (answer[row, s] != first) kernel = "differs"
    if (kernel == "") kernel = cell(first)
    else {
      # Per answer, who gives it.
      kernel = ""
      delete said
      for (s = 1; s <= nr_scopes; ++s) {
        if (answer[row, s] in said) continue
        said[answer[row, s]] = 1
        who = ""
        for (t = s; t <= nr_scopes; ++t) if (answer[row, t] == answer[row, s]) who = who (who == "" ? "" : " ") scopes[t]
        kernel = kernel (kernel == "" ? "" : "<br>") who ": " cell(answer[row, s])
      }
    }
    emulator = "as the kernel"
    equal = "equal"
    for (r = 1; r <= rules; ++r) if (row ~ rule[r]) {
      emulator = (where[r] == "*" ? "" : "on " where[r] " ") "differs: " cell(why[r])
      equal = "deliberate"
      differing++
      break
    }
    family = row
    sub(/\..*/, "", family)
    rest = substr(row, length(family) + 2)
    if (rest == "") rest = row
    if (!(family in seen)) { seen[family] = 1; families[++nr_families] = family }
    key = kernel "\t" emulator "\t" equal
    combined = family SUBSEP key
    if (!(combined in lines)) { ++count[family]; order[family, count[family]] = key }
    lines[family, key] = lines[family, key] (lines[family, key] == "" ? "" : ", ") "`" cell(rest) "`"
    size[family]++
  }
  printf "%d behaviours of each of %d devices (", rows, nr_scopes
  for (s = 1; s <= nr_scopes; ++s) printf "%s%s", (s > 1 ? ", " : ""), scopes[s]
  printf "); %d equal, %d different on purpose.\n", rows - differing, differing
  for (f = 1; f <= nr_families; ++f) {
    family = families[f]
    printf "\n## %s\n\n%d behaviours.\n\n| behaviour | kernel | emulator | |\n|---|---|---|---|\n", family, size[family]
    for (at = 1; at <= count[family]; ++at) {
      split(order[family, at], part, "\t")
      printf "| %s | %s | %s | %s |\n", lines[family, order[family, at]], part[1], part[2], part[3]
    }
  }
}
