#!/bin/sh
# compare.sh NAME GOT [EXPECTED]: prints which rows of GOT differ from answers/NAME.txt, expected | got, word by word; exit status 1
# if one differs that neither reasons.tsv nor open.tsv names, or if open.tsv names one that is equal.
#   --all: those that are named too. --list: only their names, as lines of open.tsv. --kernel: nothing may differ but what kernel.tsv names.
set -eu
here=$(dirname -- "$(readlink -f -- "$0")")
all=0 list=0 reasons=$here/reasons.tsv open=$here/open.tsv
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo '# none' >"$work/none"
case $1 in
  --kernel) reasons=$here/kernel.tsv open=$work/none; shift ;;
  --all) all=1; shift ;;
  --list) list=1; shift ;;
esac
version_of() {
  case $1 in
    libc) getconf GNU_LIBC_VERSION ;;
    *) "$1" --version 2>&1 ;;
  esac | grep -oE '[0-9]+(\.[0-9]+)*' | head -n 1
}
# with_newer NAME FILE: the answers, with those of answers/newer.tsv for programs that are as new as it says.
with_newer() {
  cp "$2" "$work/answers"
  tab=$(printf '\t')
  while IFS="$tab" read -r file row program version answer; do
    [ "$file" = "$1" ] || continue
    [ "$(printf '%s\n%s\n' "$version" "$(version_of "$program")" | sort -V | head -n 1)" = "$version" ] || continue
    row=$row answer=$answer awk 'index($0, ENVIRON["row"] ": ") == 1 { print ENVIRON["row"] ": " ENVIRON["answer"]; next } { print }' \
      "$work/answers" >"$work/newer"
    mv "$work/newer" "$work/answers"
  done <"$here/answers/newer.tsv"
  cat "$work/answers"
}
# Times, rates, addresses, how long the file of all mappings is and which dax of the nd bus has the namespace are of the moment; newer tools leave their folder out of what they say.
plain() {
  sed -E 's,(^| )(/usr)?/bin/([a-z0-9]+): ,\1\3: ,g; s/[0-9.e-]+ s, [0-9.]+ [kMG]?B\/s/T s, R/; s,region0/dax0\.[0-9]/,region0/dax0.N/,g; s/reads [0-9]+, last [0-9]+/reads N, last N/; s/times=[0-9]+/times=N/; s/settid=[0-9]+/settid=N/; s/poll=[01] pvr/poll=N pvr/' "$1"
}
plain "${3:-$here/answers/$1.txt}" >"$work/first"
with_newer "$1" "$work/first" >"$work/expected"
plain "$2" >"$work/got"
awk -v file="$1" -v all=$all -v list=$list -f "$here/compare.awk" "$reasons" "$open" "$work/expected" "$work/got"
