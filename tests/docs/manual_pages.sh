#!/bin/sh
# Manual pages are there for every verb and every function of the C API, have no roff errors, and say what they are.
#   manual_pages.sh FOLDER
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd -P)
cd "$1"
faults=0
fault() { echo "$1"; faults=$((faults + 1)); }
verbs=$(gzip -dc man1/daxemu.1.gz | sed -n 's/^\.TP$//; s/^\\fB\([a-z]*\)\\fR$/\1/p')
[ "$(echo "$verbs" | wc -w)" -gt 10 ] || fault "daxemu.1 tells of few verbs: $verbs"
for verb in $verbs; do
  [ -s "man1/daxemu-$verb.1.gz" ] || fault "there is no page of $verb"
done
# shellcheck disable=SC2013 # the lines are words
for function in $(sed -n 's/^DAXEMU_EXPORT.*[ *]\(daxemu_[a-z0-9_]*\)(.*/\1/p' "$top"/runtime/api/include/daxemu/*.h); do
  [ -s "man3/$function.3.gz" ] || { fault "there is no page of $function"; continue; }
  gzip -dc "man3/$function.3.gz" | tr '\n' ' ' | grep -q "NAME.*$function.*DESCRIPTION" || fault "the page of $function does not name it"
done
command -v groff >/dev/null 2>&1 || { [ "$faults" -eq 0 ] || exit 1; echo "SKIP: groff is not installed (python-free-scripts/deps test): nobody set the pages"; exit 77; }
for page in man1/*.gz man3/*.gz; do
  [ -L "$page" ] && continue
  said=$(gzip -dc "$page" | groff -man -Tutf8 -ww -rHY=0 2>&1 >/dev/null) || :
  [ -z "$said" ] || fault "$page: $said"
done
[ "$faults" -eq 0 ] && echo "$(find man1 -type f | wc -l) pages of commands, $(find man3 -name '*.gz' | wc -l) names of functions"
