# shellcheck shell=sh
# What the scripts share. Each sets -eu, sources this file and is then in the top folder of the checkout.

root=$(cd "$(dirname "$0")/.." && pwd -P)
scripts="$root/python-free-scripts"
cd "$root" || exit 1

say() {
  printf '%s: %s\n' "${0##*/}" "$1"
}

fail() {
  printf '%s: %s\n' "${0##*/}" "$1" >&2
  exit 1
}

# The comment at the top of the script is its help.
help() {
  sed -n -e '1d' -e '/^#/!q' -e 's/^# \{0,1\}//p' "$scripts/${0##*/}"
  exit 0
}

cores() {
  nproc 2>/dev/null || echo 2
}

for word in "$@"; do
  case "$word" in
    --help | -h) help ;;
  esac
done
