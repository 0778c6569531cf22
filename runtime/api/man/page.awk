# A public header as a manual page. What stands above a declaration explains it; the comment on the first lines is the
# page's description.   -v version -v page -v header
function roff(text) {
  gsub(/\\/, "\\e", text)
  gsub(/-/, "\\-", text)
  if (text ~ /^[.']/) text = "\\&" text
  return text
}
function flush_comment(   text) {
  text = comment
  comment = ""
  return text
}
# A line of a comment without its marks.
function stripped(line) {
  sub(/^[ \t]*\/?\*+[ \t]?/, "", line)
  sub(/[ \t]*\*\/[ \t]*$/, "", line)
  return line
}
function emit_block(   lines, count, at) {
  if (declaration == "") return
  body = body ".PP\n.nf\n"
  count = split(declaration, lines, "\n")
  for (at = 1; at <= count; ++at) {
    if (sub(/^DAXEMU_EXPORT /, "", lines[at])) shift = 14
    else if (lines[at] !~ /^ /) shift = 0
    else if (shift > 0) lines[at] = substr(lines[at], shift + 1)
    body = body "\\fB" roff(lines[at]) "\\fR\n"
  }
  body = body ".fi\n"
  if (explanation != "") body = body ".RS\n" roff_paragraph(explanation) ".RE\n"
  declaration = ""
  explanation = ""
}
function roff_paragraph(text,   lines, count, at, out) {
  count = split(text, lines, "\n")
  for (at = 1; at <= count; ++at) if (lines[at] != "") out = out roff(lines[at]) "\n"
  return out
}
BEGIN { state = "top" }
# The comment on the first lines.
state == "top" {
  if ($0 ~ /^#/) { state = "body"; next }
  top = top stripped($0) "\n"
  next
}
/^#/ || /^DAXEMU_(BEGIN|END)_C/ { next }
in_comment {
  comment = comment stripped($0) "\n"
  if ($0 ~ /\*\//) in_comment = 0
  next
}
depth == 0 && /^\/\*/ {
  emit_block()
  comment = stripped($0) "\n"
  if ($0 !~ /\*\//) in_comment = 1
  next
}
/^[ \t]*$/ {
  if (depth == 0) emit_block()
  next
}
{
  if (depth == 0 && declaration == "" ) explanation = flush_comment()
  declaration = declaration (declaration == "" ? "" : "\n") $0
  depth += gsub(/{/, "{") - gsub(/}/, "}")
  line = $0
  while (match(line, /daxemu_[a-z0-9_]+\(/)) {
    if (line ~ /^DAXEMU_EXPORT/ || last_export) names = names (names == "" ? "" : ", ") substr(line, RSTART, RLENGTH - 1)
    line = substr(line, RSTART + RLENGTH)
    break
  }
}
END {
  emit_block()
  if (names == "") exit 1
  title = toupper(page)
  summary = top
  sub(/[.:;].*/, "", summary)
  gsub(/\n/, " ", summary)
  printf ".TH %s 3 \"\" \"daxemu %s\" \"daxemu C API\"\n.nh\n.ad l\n.SH NAME\n%s \\- %s\n", roff(title), version, roff(names), \
    roff(tolower(substr(summary, 1, 1)) substr(summary, 2))
  printf ".SH SYNOPSIS\n.nf\n.B #include <daxemu/%s>\n.fi\n.PP\nCompile and link with \\fIpkg\\-config \\-\\-cflags \\-\\-libs daxemu\\fP.\n", roff(header)
  printf ".SH DESCRIPTION\n%s", roff_paragraph(top)
  printf ".SH DECLARATIONS\n%s", body
  print ".SH SEE ALSO\n.BR daxemu (1),\n.BR daxemu_device (3),\n.BR daxemu_gup (3),\n.BR daxemu_page (3),\n.BR daxemu_pgmap (3),\n.BR daxemu_dma (3),\n.BR daxemu_file (3)"
}
