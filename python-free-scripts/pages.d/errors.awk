# The refusals that the code can make, as rows FILE<TAB>MESSAGE<TAB>REMEDY. Reads whole source files; understands the few
# forms that the house has for a Problem. What is no text there (a value) becomes an ellipsis.
BEGIN {
  # Form: which of its arguments are the message and the remedy; those of because() add the system's word for the error.
  # The forms of one word are matched with their "(", those of a list with "{".
  what["refuse("] = 2; remedy["refuse("] = 3
  what["because("] = 1; remedy["because("] = 3; suffix["because("] = ": …"
  what["refused("] = 3; remedy["refused("] = 5; prefix["refused("] = "…: "; suffix["refused("] = ": …"
  what["{"] = 2; remedy["{"] = 3
}
FNR == 1 { if (file != "") scan(); file = FILENAME; text = "" }
{
  line = $0
  sub(/^[ \t]*\/\/.*/, "", line)
  text = text line " "
}
END { scan() }

# Sets args[1..n] to the arguments that begin at `at` (behind the opening bracket); returns n, 0 if it is no call.
function arguments(at,   depth, c, n, current, in_string, previous) {
  depth = 0; n = 1; current = ""; in_string = 0
  for (; at <= length(text); ++at) {
    c = substr(text, at, 1)
    if (in_string) {
      current = current c
      if (c == "\\") { at++; current = current substr(text, at, 1) }
      else if (c == "\"") in_string = 0
      continue
    }
    if (c == "\"") in_string = 1
    else if (c == "'" && substr(text, at + 2, 1) == "'") { current = current substr(text, at, 3); at += 2; continue }
    else if (c ~ /[({[]/) depth++
    else if (c ~ /[)}\]]/) { if (depth-- == 0) { args[n] = current; return n } }
    else if (c == ";") return 0
    else if (c == "," && depth == 0) { args[n++] = current; current = ""; continue }
    current = current c
  }
  return 0
}

# The text that an expression makes.
function words(expression,   at, c, out, format, other, literal) {
  gsub(/std::string\(/, "(", expression)
  out = ""; other = 0
  format = expression ~ /fmt::format\(/
  for (at = 1; at <= length(expression); ++at) {
    c = substr(expression, at, 1)
    if (c != "\"") {
      if (c == ":" && substr(expression, at - 1, 1) == " " && substr(expression, at + 1, 1) == " ") { out = out " | "; other = 0 }
      else if (c == ")" && format && out != "") { format = 0; skip = 1 }
      else if (c ~ /[A-Za-z_0-9]/ && !(format && out == "")) other = 1
      continue
    }
    literal = ""
    for (at++; substr(expression, at, 1) != "\""; at++) {
      c = substr(expression, at, 1)
      if (c == "\\") { at++; c = substr(expression, at, 1); if (c == "n") c = " " }
      literal = literal c
    }
    if (other && substr(out, length(out)) != "…" && out !~ / \| $/) out = out "…"
    other = 0
    out = out literal
  }
  if (expression !~ /fmt::format\(/ && other) out = out "…"
  gsub(/\{[^{}]*\}/, "…", out)
  gsub(/\{\{/, "{", out); gsub(/\}\}/, "}", out)
  gsub(/(… ?)+…/, "…", out)
  return out
}

function scan(   form, rest, at, found, n, code) {
  at = 1
  while (match(substr(text, at), /(^|[^A-Za-z_])(refuse|because|refused)\(|\{(E[A-Z0-9]+|errno|code|[a-z_]*\.?(error|value|code)[a-z_.()>-]*), /)) {
    found = substr(text, at + RSTART - 1, RLENGTH)
    form = found ~ /\($/ ? found : "{"
    sub(/^[^a-z{]/, "", form)
    at = at + RSTART - 1 + (form == "{" ? 1 : RLENGTH)
    n = arguments(at)
    if (n < remedy[form] || (form == "{" && n != 3) || args[1] ~ /^(int|const) /) continue
    message = prefix[form] words(args[what[form]]) suffix[form]
    advice = words(args[remedy[form]])
    if (message ~ /[a-z][a-z]/) printf "%s\t%s\t%s\n", file, message, advice
  }
}
