#!/bin/sh
# guest_test.sh RESULTS NAME: what the kernel's own device answered in the guest (tests/guest/session) is what is recorded.
here=$(dirname -- "$(readlink -f -- "$0")")
if [ -s "$1/skipped" ]; then
  echo "SKIP: $(cat "$1/skipped")"
  exit 77
fi
[ -s "$1/$2.out" ] || { echo "FAILED: the guest's session has no result of $2"; exit 1; }
sed -i -e '${/^$/d}' "$1/$2.out" # the session's own line end
exec "$here/compare.sh" --kernel "$2" "$1/$2.out"
