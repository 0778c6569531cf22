# What changed in device-dax from kernel to kernel: rows whose answers differ, by kinds that say what to do about it.
#   awk -f kernels.awk kernel-changes.tsv golden/KERNEL/REGION-ALIGN.tsv ...   kernels in their order
# Fails if a row that changed is of no kind, if a kind has no row, or if a kernel was not asked of a device that others were.
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
# Most are one mistake many times.
function fault(text) {
  if (++faults <= 10) print "kernels.awk: " text | "cat >&2"
}
# What the three said of a row on a device, as the cells of a table; "" where they agree.
function cells(row, scope,   k, text, changed) {
  for (k = 1; k <= nr_kernels; ++k) {
    if (!((row, scope, k) in has)) return "" # a fault of its own
    if (answer[row, scope, k] != answer[row, scope, 1]) changed = 1
    # Said once: what is as it was in the kernel before is not repeated.
    text = text " | " (k > 1 && answer[row, scope, k] == answer[row, scope, k - 1] ? "the same" : cell(answer[row, scope, k]))
  }
  return changed ? text : ""
}
function kind_of(row,   k, p, count, pattern) {
  for (k = 1; k <= nr_kinds; ++k) {
    count = split(patterns[k], pattern, " ")
    for (p = 1; p <= count; ++p) if (row ~ glob(pattern[p])) return k
  }
  return 0
}
BEGIN { FS = "\t" }
FNR == 1 { files++ }
files == 1 {
  if ($0 ~ /^#/ || NF == 0) next
  if (NF != 3 || $1 == "" || $2 == "" || $3 == "") fault(FILENAME ":" FNR ": not rows, kind and what to do")
  nr_kinds++
  patterns[nr_kinds] = $1; kind[nr_kinds] = $2; advice[nr_kinds] = $3
  next
}
FNR == 1 {
  parts = split(FILENAME, part, "/")
  name = part[parts - 1]; sub(/^linux-/, "", name)
  scope = part[parts]; sub(/\.tsv$/, "", scope)
  if (!(name in kernel_at)) { kernel_at[name] = ++nr_kernels; kernel[nr_kernels] = name }
  if (!(scope in scope_known)) { scope_known[scope] = 1; scopes[++nr_scopes] = scope }
  at = kernel_at[name]
  asked[scope, at] = 1
}
{
  if (!($1 in row_known)) { row_known[$1] = 1; rows[++nr_rows] = $1 }
  answer[$1, scope, at] = $2
  has[$1, scope, at] = 1
}
END {
  for (s = 1; s <= nr_scopes; ++s) for (k = 1; k <= nr_kernels; ++k)
    if (!((scopes[s], k) in asked)) fault(kernel[k] " was not asked of " scopes[s])
  for (r = 1; r <= nr_rows; ++r) {
    row = rows[r]
    seen_in = ""
    delete said
    lines_here = 0
    for (s = 1; s <= nr_scopes; ++s) {
      for (k = 1; k <= nr_kernels; ++k)
        if ((scopes[s], k) in asked && !((row, scopes[s], k) in has)) fault("row " row " is missing in " kernel[k] " on " scopes[s])
      text = cells(row, scopes[s])
      if (text == "") continue
      if (!(text in said)) { said[text] = scopes[s]; order[++lines_here] = text }
      else said[text] = said[text] " " scopes[s]
      for (k = 2; k <= nr_kernels; ++k)
        if (answer[row, scopes[s], k] != answer[row, scopes[s], k - 1]) changed_in[row, k] = 1
    }
    if (lines_here == 0) continue
    nr_changed++
    for (k = 2; k <= nr_kernels; ++k) if ((row, k) in changed_in) rows_in[k]++
    at = kind_of(row)
    if (at == 0) { fault("row " row " changed and is of no kind in kernel-changes.tsv"); continue }
    of_kind[at]++
    # Rows with the same answers on the same devices are one line.
    for (l = 1; l <= lines_here; ++l) {
      key = at SUBSEP said[order[l]] SUBSEP order[l]
      if (!(key in names)) { keys[at, ++nr_keys[at]] = key; devices[key] = said[order[l]]; told[key] = order[l] }
      names[key] = names[key] (names[key] == "" ? "" : ", ") "`" cell(row) "`"
    }
  }
  for (k = 1; k <= nr_kinds; ++k) if (!of_kind[k]) fault("no row that changed is of the kind '" kind[k] "'")
  if (faults) exit 1

  printf "%d of %d behaviours answer otherwise", nr_changed, nr_rows
  for (k = 2; k <= nr_kernels; ++k) printf "%s %d in %s than in %s", (k == 2 ? ":" : ","), rows_in[k], kernel[k], kernel[k - 1]
  printf ". Asked of:"
  for (s = 1; s <= nr_scopes; ++s) printf "%s %s", (s > 1 ? "," : ""), scopes[s]
  print "."
  for (at = 1; at <= nr_kinds; ++at) {
    printf "\n### %s\n\n%s\n\n| behaviour | on", kind[at], advice[at]
    for (k = 1; k <= nr_kernels; ++k) printf " | %s", kernel[k]
    printf " |\n|---|---|"
    for (k = 1; k <= nr_kernels; ++k) printf "---|"
    printf "\n"
    for (n = 1; n <= nr_keys[at]; ++n) {
      key = keys[at, n]
      where = split(devices[key], unused, " ") == nr_scopes ? "all" : devices[key]
      printf "| %s | %s%s |\n", names[key], where, told[key]
    }
  }
}
