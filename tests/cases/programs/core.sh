# shellcheck shell=sh
# shellcheck disable=SC1090,SC2010,SC2012,SC2016,SC2045,SC2086,SC2015,SC2046,SC3009,SC2094,SC2154,SC2002,SC2291,SC2145,SC3045 # short rows, as users type them
# core.sh: how much of a device's mapping is in a core dump under each coredump_filter.
cd /tmp || exit
ulimit -c unlimited
for f in "" 0x33 0x133 0x0 0x1ff; do
  rm -f /tmp/core*
  a=$("$HERE/case_holder" abort $f 2>/dev/null)
  echo "filter.${f:-default}: $("$HERE/case_cf" "$(ls /tmp/core* 2>/dev/null | head -n 1)" "$a")"
done 2>/dev/null
rm -f /tmp/core*
