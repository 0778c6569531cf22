#!/bin/sh
# Proves that deps takes what a release has: the first of several names, the newest of a pattern; that what a release lacks is
# named, and fails only what cannot do without it; and that one package that cannot be installed keeps no other away.
#   dependencies.sh DEPS
# Nothing is installed: apt-get, apt-cache, dpkg-query and id are programs of this test.
set -eu
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
deps=$top/deps
sed "s,^policy=/usr.*,policy=$top/policy-rc.d," "$1" >"$deps"
chmod +x "$deps"
mkdir "$top/bin"
cat >"$top/bin/apt-cache" <<'END'
#!/bin/sh
cat "$TOP/has"
END
cat >"$top/bin/apt-get" <<'END'
#!/bin/sh
echo "apt-get $*" >>"$TOP/ran"
case "$*" in
  update) [ ! -e "$TOP/has.fresh" ] || mv "$TOP/has.fresh" "$TOP/has" ;;
  *broken*) echo "E: broken cannot be installed"; exit 100 ;;
esac
END
printf '#!/bin/sh\nexit 1\n' >"$top/bin/dpkg-query"
printf '#!/bin/sh\necho 0\n' >"$top/bin/id"
chmod +x "$top"/bin/*

# deps_says STATUS GROUP: runs it; leaves what it said in $said, what it had installed in $ran.
deps_says() {
  : >"$top/ran"
  status=0
  said=$(TOP="$top" PATH="$top/bin:$PATH" "$deps" "$2" 2>&1) || status=$?
  ran=$(sed -n 's/^apt-get install -y --no-install-recommends //p' "$top/ran")
  [ "$status" -eq "$1" ] || { printf 'FAIL: exit status %s, not %s, of deps %s: %s\n' "$status" "$1" "$2" "$said"; exit 1; }
}
# is WHAT GOT EXPECTED
is() {
  [ "$2" = "$3" ] || { printf 'FAIL: %s\ngot:      %s\nexpected: %s\n' "$1" "$2" "$3"; exit 1; }
}

printf '%s\n' nodejs openjdk-9-jdk-headless openjdk-21-jdk-headless openjdk-21-jdk-headless-dbg postgresql-9.6 postgresql-17 \
  postgresql-17-age redis-server golang-go chromium rustc musl-tools >"$top/has"
deps_says 0 third-party
is "the newest of what is there" "$ran" "nodejs openjdk-21-jdk-headless postgresql-17 redis-server golang-go chromium rustc musl-tools"
printf '%s\n' default-jdk-headless openjdk-21-jdk-headless postgresql redis-server golang-go chromium rustc musl-tools >"$top/has"
deps_says 0 third-party
is "the release's own choice comes first" "$ran" "default-jdk-headless postgresql redis-server golang-go chromium rustc musl-tools"
case $said in
  *'does not have nodejs: what needs them is skipped'*) ;;
  *) echo "FAIL: nothing is said of nodejs: $said"; exit 1 ;;
esac

printf '%s\n' fio >"$top/has"
deps_says 1 demo
case $said in
  *'no package daxctl: install by hand'*) ;;
  *) echo "FAIL: nothing is said of daxctl: $said"; exit 1 ;;
esac
is "a demo without daxctl" "$ran" ""
printf '%s\n' fio daxctl >"$top/has.fresh" # the lists were old
deps_says 0 demo
is "after an update of the lists" "$ran" "fio daxctl"

sed -i 's/^bench=.*/bench="fio broken gnuplot-nox"/' "$deps"
printf '%s\n' fio broken gnuplot-nox >"$top/has"
deps_says 0 bench
is "one that cannot be installed" "$(printf '%s\n' "$ran" | tail -n 3 | tr '\n' ,)" "fio,broken,gnuplot-nox,"
case $said in
  *'could not install broken (broken cannot be installed)'*) ;;
  *) echo "FAIL: nothing is said of the broken package: $said"; exit 1 ;;
esac
echo "deps takes what a release has"
