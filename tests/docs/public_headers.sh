#!/bin/sh
# Every exported function has words of its own in its header, and those that can fail say how: an errno, 0, or which
# other function's comment tells.   public_headers.sh FOLDER
set -eu
cd "$1"
LC_ALL=C awk '
  FNR == 1 { comment = ""; above = "" }
  /^\/\*/ { comment = ""; in_comment = 1 }
  in_comment { comment = comment " " $0; if ($0 ~ /\*\//) in_comment = 0; next }
  /^DAXEMU_EXPORT / {
    name = $0
    sub(/\(.*/, "", name)
    sub(/.*[ *]/, "", name)
    functions++
    words = comment
    if ($0 ~ /\/\*/) words = words " " $0 # behind it
    if (words == "") { printf "%s:%d: %s has no words\n", FILENAME, FNR, name; faults++ }
    if ($0 ~ /^DAXEMU_EXPORT (int|long|int64_t) / && words !~ /-E[A-Z]+|daxemu_[a-z_]+\(\)|[Nn]umber|folio|NUMA|bytes/) {
      printf "%s:%d: %s does not say how it fails\n", FILENAME, FNR, name
      faults++
    }
    comment = ""
    next
  }
  END {
    if (functions < 50) { printf "only %d functions: are these the headers?\n", functions; faults++ }
    if (faults) exit 1
    printf "%d functions have words\n", functions
  }' ./*.h
