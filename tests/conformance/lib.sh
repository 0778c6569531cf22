# What the conformance scripts share. Sourced by scripts that set $here.
# shellcheck shell=sh disable=SC2154

# device_size REGION ALIGN: the sizes that the goldens were made with. A pmem namespace has 2M of its own, and wants a
# multiple of 16M in all.
device_size() {
  case $1-$2 in
    *-1G) echo 3G ;;
    pmem-*) echo 62M ;;
    *) echo 64M ;;
  esac
}

# golden KERNEL REGION ALIGN: the file with the answers of that kernel, such as 6.1.
golden() {
  echo "$here/golden/linux-$1/$2-$3.tsv"
}

# summary_of SCOPE: where the figures of this configuration go for the report; those of an earlier run are gone.
summary_of() {
  folder=${CONFORMANCE_REPORT:-$work}
  mkdir -p "$folder"
  rm -f "$folder/$1.tsv"
  echo "$folder/$1.tsv"
}

# skip SCOPE REASON: exit status 77, and the report says why.
skip() {
  printf '%s\tskipped\t%s\n' "$1" "$2" >"$(summary_of "$1")"
  echo "SKIP: $2"
  exit 77
}

# expected_of GOLDEN SCOPE ROWS: the golden, but for rows that the kernel that was asked (ROWS begins with "# linux ... 6.1.176-1
# ...") answers as earlier.tsv says of kernels that old.
expected_of() {
  version=$(sed -n '1s/^# linux .* Debian \([0-9][0-9.]*\).*/\1/p' "$3")
  earlier=$(dirname -- "$1")/earlier.tsv
  if [ -z "$version" ] || [ ! -f "$earlier" ]; then
    cat "$1"
    return 0
  fi
  configuration=${2#*-}
  grep -v '^#' "$earlier" | while IFS='	' read -r where before row answer why; do
    # shellcheck disable=SC2254 # a pattern
    case ${configuration%-*} in $where) ;; *) continue ;; esac
    oldest=$(printf '%s\n%s\n' "$version" "$before" | sort -V | head -n 1)
    [ "$oldest" = "$version" ] || continue
    [ "$version" != "$before" ] || continue
    if grep -qxF "$row	$answer" "$3"; then
      printf '%s\t%s\n' "$row" "$answer"
      echo "as kernels before $before: $row: $why" >&2
    fi
  done >"$work/earlier"
  awk -F '\t' -v earlier="$work/earlier" '
    FILENAME == earlier { other[$1] = $0; next }
    $1 in other { print other[$1]; next }
    { print }' "$work/earlier" "$1"
}
