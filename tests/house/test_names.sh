#!/bin/sh
# test_names.sh CTEST BUILD: names of tests can be read, and are the same tomorrow. A row of a table that gtest cannot print has its bytes in
# the name, with whatever addresses its pointers have; and two tests of one name are one to whoever looks for it.
set -eu
names=$("$1" --test-dir "$2" -N | sed -n 's/^ *Test *#[0-9]*: //p')
[ -n "$names" ] || {
  echo "FAIL: no tests"
  exit 1
}
if printf '%s\n' "$names" | grep -a 'byte object <'; then
  echo "FAIL: these need a PrintTo() of their rows (tests/unit/readable.hpp)"
  exit 1
fi
twice=$(printf '%s\n' "$names" | sort | uniq -d)
[ -z "$twice" ] || {
  printf 'FAIL: more than once:\n%s\n' "$twice"
  exit 1
}
