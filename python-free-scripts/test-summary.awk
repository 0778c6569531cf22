# Reads ctest's JUnit report: lists what was skipped and why, what failed, and ends with one line of counts.
# The reason is what the test said: "SKIP: reason" (shell) or the line behind GoogleTest's "FILE:LINE: Skipped".
# Of what failed the first complaint and the lines behind it are shown: where CI ran, nobody can look afterwards.

function attribute(line, name) {
  if (!match(line, name "=\"[^\"]*\"")) return ""
  return decoded(substr(line, RSTART + length(name) + 2, RLENGTH - length(name) - 3))
}
function decoded(text) {
  gsub(/&lt;/, "<", text)
  gsub(/&gt;/, ">", text)
  gsub(/&quot;/, "\"", text)
  gsub(/&apos;/, "'", text)
  gsub(/&amp;/, "\\&", text)
  return text
}
# A line that a failed test has put out. The last ones are for tests that end without a complaint.
function keep(line) {
  if (complaints > 0 || line ~ complains) {
    if (complaints < most_lines) complaint[++complaints] = line
  } else {
    last[lasts++ % most_lines] = line
  }
}
function what_it_said(  text, i) {
  for (i = 1; i <= complaints; i++) text = text "    " complaint[i] "\n"
  if (complaints > 0) return text
  for (i = lasts > most_lines ? lasts - most_lines : 0; i < lasts; i++) text = text "    " last[i % most_lines] "\n"
  return text
}

BEGIN {
  most_lines = 12
  complains = ": Failure$|^FAIL: |ERROR: |WARNING: ThreadSanitizer|runtime error: "
}

# A name may have a line end in it.
{ while ($0 ~ /<testcase / && $0 !~ / status="/ && (getline more) > 0) $0 = $0 " " more }
/<testcase / {
  name = attribute($0, "name")
  status = attribute($0, "status")
  reason = message = ""
  next_is_reason = in_output = complaints = lasts = 0
}
/<skipped / { message = attribute($0, "message") }
next_is_reason && reason == "" { reason = decoded($0) }
{ next_is_reason = 0 }
/: Skipped$/ { next_is_reason = 1 }
/SKIP: / && reason == "" { reason = decoded(substr($0, index($0, "SKIP: ") + 6)) }
/<system-out>/ { in_output = 1 }
in_output && status == "fail" {
  line = $0
  sub(/^.*<system-out>/, "", line)
  sub(/<\/system-out>.*/, "", line)
  if (line != "") keep(decoded(line))
}
/<\/system-out>/ { in_output = 0 }
/<\/testcase>/ {
  if (status == "run") {
    passed++
  } else if (status == "fail") {
    failures = failures "  " name "\n" what_it_said()
    failed++
  } else {
    skips = skips "  " name ": " (reason != "" ? reason : status " " message) "\n"
    skipped++
  }
}

END {
  if (skipped) printf "skipped:\n%s", skips
  if (failed) printf "failed:\n%s", failures
  printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
  exit failed || !passed
}
