#!/bin/sh
# Proves that the summary of a test run counts right, gives reasons, and fails when a test failed or none passed.
#   summary.sh AWK-FILE
set -eu
report=$(mktemp)
trap 'rm -f "$report"' EXIT
case_of() {
  printf '\t<testcase name="%s" classname="%s" time="0.1" status="%s">\n%s\t</testcase>\n' "$1" "$1" "$2" "$3"
}
summary() {
  { echo '<testsuite>'; cat; echo '</testsuite>'; } >"$report"
  awk -f "$awk_file" "$report"
}
awk_file=$1

said=$({
  case_of One run ""
  case_of Two run "		<system-out>SKIP: not a skipped test, it only says so</system-out>
"
  case_of Shell notrun '		<skipped message="SKIP_RETURN_CODE=77"/>
		<system-out>SKIP: no &quot;pool&quot; &amp; no root
</system-out>
'
  case_of Google notrun '		<skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>
		<system-out>/x/y_test.cpp:12: Skipped
needs 8 free huge pages

</system-out>
'
} | summary)
expected='skipped:
  Shell: no "pool" & no root
  Google: needs 8 free huge pages
2 passed, 0 failed, 2 skipped'
[ "$said" = "$expected" ] || { printf 'got:\n%s\nexpected:\n%s\n' "$said" "$expected"; exit 1; }

status=0
said=$({ case_of One run ""; case_of Bad fail '		<failure message="Failed"/>
'; } | summary) || status=$?
[ "$status" -eq 1 ] || { echo "a failure is no failure: $status"; exit 1; }
[ "$said" = 'failed:
  Bad
1 passed, 1 failed, 0 skipped' ] || { printf 'got:\n%s\n' "$said"; exit 1; }

status=0
said=$({
  case_of Lines fail '		<failure message="Failed"/>
		<system-out>as it was
x_test.cpp:3: Failure
1 &lt; 0
</system-out>
'
  case_of Silent fail "		<failure message=\"Failed\"/>
		<system-out>$(seq 14)
</system-out>
"
  case_of Fine run '		<system-out>FAIL: is what it says
</system-out>
'
} | summary) || status=$?
[ "$said" = "failed:
  Lines
    x_test.cpp:3: Failure
    1 < 0
  Silent
$(seq 3 14 | sed 's/^/    /')
1 passed, 2 failed, 0 skipped" ] || { printf 'got:\n%s\n' "$said"; exit 1; }

status=0
: | summary >/dev/null || status=$?
[ "$status" -eq 1 ] || { echo "no test at all is a success: $status"; exit 1; }
echo "counts, reasons and exit status are right"
