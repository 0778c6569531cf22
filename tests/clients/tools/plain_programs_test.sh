#!/bin/sh
# Programs that never touch the device print the same, and end the same, with daxemu and without it.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"
needs git find tar awk sort bash

# both NAME COMMAND ...: runs COMMAND both ways, each in a fresh folder of the same name, and compares all it says.
both() {
  name=$1
  shift
  for way in without with; do
    rm -rf work
    mkdir work
    status=0
    case "$way" in
      without) (cd work && "$@") >"$way.out" 2>"$way.err" </dev/null || status=$? ;;
      with) (cd work && "$daxemu" run --size 64M -- "$@") >"$way.out" 2>"$way.err" </dev/null || status=$? ;;
    esac
    echo "exit status $status" >>"$way.err"
  done
  cmp without.out with.out || fail "$name prints something else: $(diff without.out with.out | head -n 20)"
  cmp without.err with.err || fail "$name complains otherwise: $(diff without.err with.err | head -n 20)"
  [ "$name" = silent ] || [ -s without.out ] || fail "$name prints nothing: this compares nothing ($(cat without.err))"
}

cat >repository <<'EOS'
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z' HOME=$PWD GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
set -e
git init -q -b main .
for n in 1 2 3 4 5 6 7 8 9; do
  seq "$n" 2000 >"file$n"
  git add . && git commit -qm "change $n"
done
git log --stat; git status; git gc -q; git fsck; git checkout -q HEAD~3; git diff HEAD main --stat
git clone -q . copy; git -C copy rev-parse HEAD
EOS
both git sh "$scratch/repository"
# shellcheck disable=SC2016 # for that shell
both sh sh -c 'i=0; while [ $i -lt 300 ]; do i=$((i + 1)); (echo "$i") | cat; done; echo "$0 $#"; ls -d /etc /usr; umask; pwd'
# shellcheck disable=SC2016 # for that shell
both bash bash -c 'mapfile -t lines < /etc/passwd; echo ${#lines[@]} /usr/*; exec 9>x; echo hi >&9; cat x; read -r a < <(echo sub); echo $a; [[ -c /dev/null ]] && echo char'
both find find /usr/include /usr/lib/x86_64-linux-gnu /usr/share/doc -printf '%p %y %s %i %l\n'
both walk sh -c 'ls -lR /usr/share/misc /etc/apt /dev/disk 2>/dev/null; du -s /usr/share/misc; stat /etc/passwd /dev/null /dev/zero'
both archive sh -c 'tar -cf - -C /usr/share misc | tar -tvf - | sort; tar -cf - -C /usr/share misc | cksum'
both devices sh -c 'cat /sys/dev/char/1:3/uevent; readlink -f /sys/dev/char/1:3; head -c 10 /dev/zero | cksum; ls /sys/class | head'
# shellcheck disable=SC2016 # for that shell
# The preload library keeps a descriptor of the platform's store, far above those a program gets.
both descriptors sh -c 'for fd in $(ls /proc/self/fd); do [ "$fd" -ge 1000 ] || echo "$fd"; done'
both errors sh -c 'exec 2>&1; cat /no/such/file; ls /root/../nowhere; mkdir /proc/x; cat /; exit 9'
both silent true
nothing_runs
