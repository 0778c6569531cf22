#!/bin/sh
# Runs what a page tells its reader to type: the blocks marked sh one after the other, in one shell, in a folder of its
# own, with the build put where an installation would be; and the commands of its CI snippets (yaml), which need a
# project: the one that the page itself or the example of the installed package has. What installs Debian packages is
# not run here (the clean root does that), and said.
#   run_page.sh PAGE BUILD
set -eu
page=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME="$work" DAXEMU_HOME="$work/platforms"
unset DAXEMU DAXEMU_PLATFORM DAXEMU_PRELOAD LD_PRELOAD CMAKE_PREFIX_PATH || :
here=$(cd "$(dirname "$0")" && pwd -P)
for part in runtime dev; do
  cmake --install "$build" --prefix "$work/daxemu" --component "$part" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
done
PATH="$work/daxemu/bin:$PATH"
export PATH CMAKE_PREFIX_PATH="$work/daxemu"
cd "$work"

awk '
  /^<!-- once -->$/ { once = 1; next }
  /^```sh$/ { inside = 1; next }
  /^```yaml$/ { yaml = 1; snippet++; printf "echo == snippet %d\nrm -rf build\n", snippet; next }
  /^```/ { if (inside && once) once = 0; inside = 0; yaml = 0; next }
  inside && once { print "echo \x27(once, not here) " $0 "\x27"; next }
  inside { print; next }
  yaml {
    line = $0
    if (sub(/^ *- run: /, "", line) || sub(/^    - /, "", line)) {
      if (line ~ /^apt-get/) print "echo \x27(not here) " line "\x27"
      else print line
    }
  }' "$page" >typed
grep -c . typed >/dev/null || { echo "$page has no commands"; exit 1; }
# The snippets build a project of the reader.
if grep -q '^echo == snippet' typed; then
  cp -r "$here/project" "$work/project"
  cp "$here/../examples/consumer/store_test.c" "$work/project"
  # shellcheck disable=SC2016 # the typed shell's
  sed 's/^echo == snippet.*/&; cd "$HOME\/project"/' typed >typed.there
  mv typed.there typed
fi
status=0
sh -eu typed >said 2>&1 </dev/null || status=$?
cat said
[ "$status" -eq 0 ] || { echo "FAIL: exit status $status; typed was:"; cat typed; exit 1; }
[ ! -d "$work/platforms" ] || [ -z "$(ls -A "$work/platforms")" ] || { echo "FAIL: platforms left: $(ls "$work/platforms")"; exit 1; }
