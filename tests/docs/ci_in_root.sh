#!/bin/sh
# ci_in_root.sh FILE ROOT [SOURCE]: the steps of a CI file (runtime/docs/ci), all of them, in a system that debootstrap has made in ROOT, with
# a project of the reader's. As root; ROOT stays as it is: what the steps write is laid over it, and gone at the end.
#   ROOT      / is this machine (then TMPDIR is to be on another file system: /dev/shm)
#   SOURCE    the checkout that the root gets in the place of what is cloned: this one without; /FOLDER is one in ROOT (what clean-root --keep has
#             built there saves the minutes that building takes)
set -eu
file=$1 system=$(cd "$2" && pwd -P)
here=$(cd "$(dirname "$0")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
work=$(mktemp -d "${TMPDIR:-/var/tmp}/daxemu-ci.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
mkdir "$work/over" "$work/work" "$work/system" "$work/over/ci"
cp -r "$here/project" "$work/over/ci/project"
cp "$here/../examples/consumer/store_test.c" "$work/over/ci/project"
where=${3:-}
if [ -z "$where" ]; then
  where=/ci/source
  git clone --quiet --depth 1 "file://$root" "$work/over$where"
else # the CI files are those of this checkout
  mkdir -p "$work/over$where/runtime/docs"
  cp -r "$root/runtime/docs/ci" "$work/over$where/runtime/docs/"
fi
awk -f "$here/ci_steps.awk" "$file" | sed "s,^git clone.*,ln -sfn $where /tmp/daxemu," >"$work/over/ci/steps"
# shellcheck disable=SC2016 # the inner shell's
unshare --mount --propagation private sh -euc '
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/over,workdir=$2/work" "$2/system"
  . "$3/python-free-scripts/root.sh"
  in_root "$2/system" sh -euc "export PATH=/usr/local/sbin:/usr/local/bin:\$PATH; cd /ci/project && DAXEMU_SOURCE=$4 sh -eux /ci/steps"
' sh "$system" "$work" "$root" "$where"
echo "the steps of ${file##*/} passed in $2"
