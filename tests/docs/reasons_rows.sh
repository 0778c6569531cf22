#!/bin/sh
# Every row that a reason names is one that the conformance suite asks: its name is in the answers of some kernel.
#   reasons_rows.sh REASONS GOLDENS
set -eu
reasons=$1 goldens=$2
rows=$(mktemp)
trap 'rm -f "$rows"' EXIT
find "$goldens" -name '*.tsv' -exec cut -f1 {} + | LC_ALL=C sort -u >"$rows"
# The last string of each reason, which may be on several lines.
named=$(awk '/^\/\//{next} { text = text $0 "\n" } END {
  n = split(text, reason, /\nDAXEMU_REASON\(|^DAXEMU_REASON\(/)
  for (i = 2; i <= n; ++i) {
    sub(/\)[^)]*$/, "", reason[i]); sub(/"[^"]*$/, "", reason[i]); sub(/.*"/, "", reason[i])
    print reason[i]
  }
}' "$reasons")
[ "$(printf '%s\n' "$named" | wc -l)" -gt 60 ] || { echo "FAIL: found few reasons in $reasons"; exit 1; }
failed=0 count=0
while IFS= read -r row; do
  [ -n "$row" ] || continue
  count=$((count + 1))
  grep -Fxq -- "$row" "$rows" || { echo "FAIL: no kernel was asked for $row"; failed=1; }
done <<END
$named
END
[ "$failed" -eq 0 ] && echo "$count rows are asked"
exit "$failed"
