#!/bin/sh
# ci_in_root.sh FILE ROOT [SOURCE]: the steps of a CI file (runtime/docs/ci), all of them, in a system that debootstrap has made in ROOT, with
# a project of the reader's. As root; ROOT is changed by it. SOURCE: a checkout, this one without. Minutes: daxemu is built there.
set -eu
file=$1 system=$(cd "$2" && pwd -P)
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=python-free-scripts/common.sh
. "$here/../../python-free-scripts/common.sh"
# shellcheck source=python-free-scripts/root.sh
. "$scripts/root.sh"
source=${3:-$root}
rm -rf "$system/ci"
mkdir -p "$system/ci"
cp -r "$here/project" "$system/ci/project"
cp "$here/../examples/consumer/store_test.c" "$system/ci/project"
git clone --quiet --depth 1 "file://$source" "$system/ci/source"
# git of the root does not trust a folder of another user by itself; nobody's home is asked.
awk -f "$here/ci_steps.awk" "$file" | sed 's,^git clone.*,cp -r /ci/source /tmp/daxemu,' >"$system/ci/steps"
in_root "$system" sh -euc 'rm -rf /tmp/daxemu; cd /ci/project && DAXEMU_SOURCE=/ci/source sh -eux /ci/steps'
say "the steps of ${file##*/} passed in $2"
