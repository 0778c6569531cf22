# The page "what is interposed" from the rows of runtime/calls/*.def. Reads them whole; a row is a macro with its
# arguments, texts may be in pieces.
#   -v part=calls|gaps|harmless|operations|inside
FNR == 1 { if (file != "") scan(); file = FILENAME; text = ""; title = $0; sub(/^\/\/ */, "", title) }
/^[ \t]*\/\// { next }
{ text = text $0 " " }
END { scan(); if (part == "harmless") write_reasons() }

# The arguments that begin at `at`, behind the opening bracket, into args[1..n]; sets `behind`.
function arguments(at,   depth, c, n, in_string) {
  depth = 0; n = 1; in_string = 0
  delete args
  for (; at <= length(text); ++at) {
    c = substr(text, at, 1)
    if (c == "\\" && in_string) { args[n] = args[n] substr(text, at, 2); at++; continue }
    if (c == "\"") { in_string = !in_string; continue } # pieces of a text become one
    if (!in_string) {
      if (c == "(") depth++
      else if (c == ")") { if (depth-- == 0) break }
      else if (c == "," && depth == 0) { n++; continue }
      else if (c == " " && (args[n] == "" || args[n] ~ / $/)) continue
    }
    args[n] = args[n] c
  }
  behind = at + 1
  for (at = 1; at <= n; ++at) { gsub(/\\"/, "\"", args[at]); gsub(/^ +| +$/, "", args[at]); gsub(/  +/, " ", args[at]) }
  return n
}

function scan(   at, kind, named) {
  at = 1
  headed = 0
  while (match(substr(text, at), /DAXEMU_[A-Z]+\(/)) {
    kind = substr(text, at + RSTART - 1, RLENGTH - 1)
    arguments(at + RSTART + RLENGTH - 1)
    at = behind
    if (kind == "DAXEMU_CALL") row(args[1], args[2], args[3], args[4], args[5], args[6])
    else if (kind == "DAXEMU_ENTRY") row(args[1], "", args[2], args[3], args[4], args[5])
    else if (kind == "DAXEMU_BUFFER") row(args[1], args[2], "buffer", "buffer", args[3], "")
    else if (kind == "DAXEMU_PLAIN") row(args[1], args[2], "nothing", "plain", args[3], "")
    else if (kind == "DAXEMU_OPERATION") operation(args[1], args[2], args[3], args[4], args[6], args[7])
    else if (kind == "DAXEMU_INSIDE" && part == "inside") printf "| %s | %s |\n", listed(args[2]), cell(args[1])
  }
}

function listed(entries) { gsub(/ /, ", ", entries); return entries == "" ? "" : "`" entries "`" }
function cell(s) { gsub(/\|/, "\\|", s); return s }
function names_of(names) { gsub(/ *\| */, ", ", names); return names == "nothing" ? "" : names }

function row(name, number, names, answer, entries, by) {
  if (part == "calls" && answer == "handled") {
    if (!headed) { headed = 1; printf "\n### %s\n\n| call | number | functions | names | answered in |\n|---|---|---|---|---|\n", title }
    printf "| %s | %s | %s | %s | %s |\n", name, number, listed(entries), names_of(names), by
  }
  if (part == "gaps" && answer == "gap") printf "| %s | %s | %s | %s |\n", name, number, listed(entries), cell(by)
  if (part == "harmless" && answer == "harmless") {
    if (!(by in reason)) order[++reasons] = by
    reason[by] = reason[by] (reason[by] == "" ? "" : ", ") name
  }
  if (part == "harmless" && answer == "plain") plain = plain (plain == "" ? "" : ", ") name
  if (part == "harmless" && answer == "buffer") buffers = buffers (buffers == "" ? "" : ", ") name
}

function operation(name, opcode, names, answer, call, by) {
  if (part == "operations")
    printf "| %s | %s | %s | %s | %s | %s |\n", name, opcode, call, names_of(names), answer, cell(by)
}

function write_reasons(   at) {
  for (at = 1; at <= reasons; ++at) printf "| %s | %s |\n", reason[order[at]], cell(order[at])
  printf "| %s | the kernel reads or fills memory, and no more: an untouched extent of a device is EFAULT there with engine `inline` |\n", buffers
  printf "| %s | names none of these |\n", plain
}
