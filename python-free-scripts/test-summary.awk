# Reads ctest's JUnit report: lists what was skipped and why, what failed, and ends with one line of counts.
# The reason is what the test said: "SKIP: reason" (shell) or the line behind GoogleTest's "FILE:LINE: Skipped".

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

# A name may have a line end in it.
{ while ($0 ~ /<testcase / && $0 !~ / status="/ && (getline more) > 0) $0 = $0 " " more }
/<testcase / {
  name = attribute($0, "name")
  status = attribute($0, "status")
  reason = message = ""
  next_is_reason = 0
}
/<skipped / { message = attribute($0, "message") }
next_is_reason && reason == "" { reason = decoded($0) }
{ next_is_reason = 0 }
/: Skipped$/ { next_is_reason = 1 }
/SKIP: / && reason == "" { reason = decoded(substr($0, index($0, "SKIP: ") + 6)) }
/<\/testcase>/ {
  if (status == "run") {
    passed++
  } else if (status == "fail") {
    failures = failures "  " name "\n"
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
