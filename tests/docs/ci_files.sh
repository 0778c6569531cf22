#!/bin/sh
# ci_files.sh FOLDER BUILD: the steps of the CI files in runtime/docs/ci, run where they lead: in a project of the reader's, with the build put
# where install.sh puts it. What installs packages and builds daxemu is not run here (ci_in_root.sh does that), and said.
set -eu
folder=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME="$work" DAXEMU_HOME="$work/platforms"
unset DAXEMU DAXEMU_PLATFORM DAXEMU_PRELOAD LD_PRELOAD CMAKE_PREFIX_PATH || :
for part in runtime dev; do
  cmake --install "$build" --prefix "$work/daxemu" --component "$part" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
done
PATH="$work/daxemu/bin:$PATH"
export PATH CMAKE_PREFIX_PATH="$work/daxemu"
for file in github.yml gitlab.yml Containerfile; do
  echo "== $file"
  rm -rf "$work/project"
  cp -r "$here/project" "$work/project"
  cp "$here/../examples/consumer/store_test.c" "$work/project"
  awk -f "$here/ci_steps.awk" "$folder/$file" >"$work/steps"
  [ "$(grep -c 'daxemu run' "$work/steps")" -ge 1 ] || { echo "FAIL: $file runs nothing"; exit 1; }
  [ "$(grep -c 'install.sh' "$work/steps")" -eq 1 ] || { echo "FAIL: $file does not install daxemu"; exit 1; }
  awk '/^apt-get |^git clone |install[.]sh|^rm -rf / { print "echo \"(not here) " $1 " " $2 "\""; next } { print }' "$work/steps" >"$work/here"
  (cd "$work/project" && sh -eu "$work/here") >"$work/said" 2>&1 </dev/null || { cat "$work/said"; echo "FAIL: $file"; exit 1; }
  cat "$work/said"
done
