#!/bin/sh
# suites_test.sh SUITE: the script of a suite, run on a small one of our own that has a test that passes, one that fails and one that skips where its real
# one has them: what is counted, what is said, and what is left. The real suites are the user's to bring.
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/../clients/lib.sh"
export DAXEMU_BIN="$daxemu"

program() { # FILE: from standard input, made executable
  mkdir -p "$(dirname "$1")"
  cat >"$1"
  chmod +x "$1"
}
# refuses STATUS PATTERN COMMAND...
refuses() {
  expected=$1 pattern=$2
  shift 2
  status_of "$@"
  same "exit status of $*" "$status" "$expected"
  matches "what is said" "$err" "$pattern"
}

case $1 in
  pmdk)
    refuses 2 'is not there: give PMDK' "$here/pmdk" nosuch
    mkdir -p pmdk/src/test/unittest
    : >pmdk/src/test/unittest/unittest.sh
    : >pmdk/src/test/envconfig.sh
    echo 'config = {}' >pmdk/src/test/testconfig.py.example
    program pmdk/src/test/obj_one/TEST1 <<'END'
#!/bin/sh
# require_dax_devices 3
[ "$FS" = non-pmem ] && [ "$BUILD" = nondebug ] && sudo -n test -c /dev/dax4.0 || exit 1
grep -q '^DEVICE_DAX_PATH=($SUITE_DEVICES)$' ../testconfig.sh && [ "${SUITE_DEVICES%% *} ${SUITE_DEVICES##* }" = "/dev/dax0.0 /dev/dax4.0" ] || exit 1
[ "$(cat /sys/bus/dax/devices/dax2.0/align) $(cat /sys/bus/dax/devices/dax3.0/align)" = "2097152 4096" ] || exit 1
echo "obj_one/TEST1: PASS"
END
    # shellcheck disable=SC2016 # the small test's own
    printf '#!/bin/sh\nrequire_build_type() { [ "$BUILD" = "$1" ] || exit 9; }\nrequire_build_type debug\n# require_dax_device_alignments 4096\necho "obj_one/TEST2: FAILED: of no use"; exit 1\n' | program pmdk/src/test/obj_one/TEST2
    printf '#!/bin/sh\n# require_max_devdax_size 0\necho "obj_one/TEST10: SKIP no valgrind"\n' | program pmdk/src/test/obj_one/TEST10
    printf '#!/bin/sh\n# a file system only\nexit 9\n' | program pmdk/src/test/obj_one/TEST3
    program pmdk/src/test/util_bad/TEST1 <<'END'
#!/bin/sh
require_fs_type() { [ "$1" = "$FS" ]; }
require_badblock_tests_enabled() { ndctl inject-error --block=0 --count=1 namespace0.0 >/dev/null && ndctl list -MN | grep -q '"badblock_count":1'; }
require_fs_type any || exit 1
require_badblock_tests_enabled dax_device || exit 1
[ "$(cat /sys/bus/dax/devices/dax0.2/align)" = 4096 ] && echo "util_bad/TEST1: PASS"
END
    mkdir -p pmdk/src/test/pmem2_one
    cat >pmdk/src/test/pmem2_one/TESTS.py <<'END'
@t.require_devdax(t.DevDax("one"))
class ONE(t.Test):
    test_type = t.Short


class TEST0(ONE):
    pass


@t.require_devdax(t.DevDax("one"))
class TEST1(t.Test):
    pass


class TEST2(TEST1):
    pass


class TEST3(ONE):
    pass


class TEST4(t.Test):
    pass
END
    program pmdk/src/test/env.py <<'END'
#!/bin/sh
[ "$*" = "./TESTS.py -u 0,1,2,3" ] && grep -q "'keep_going': True" ../testconfig.py || exit 1
for said in 'TEST0: SETUP	(short/devdax/nondebug)' 'TEST0: PASS 	[002.100 s]' 'TEST1: SKIP: no such tool' 'TEST2: FAILED	(short)' 'TEST3: SETUP	(short)' 'TEST3: TIMEOUT	(short)'; do
  echo "pmem2_one/$said"
done
exit 1
END
    status_of "$here/pmdk" pmdk
    matches "passes" "$out" '^obj_one/TEST1 +[0-9]+ s  passes$'
    matches "fails" "$out" '^obj_one/TEST2 +[0-9]+ s  fails \(1\): obj_one/TEST2: FAILED: of no use$'
    matches "skips" "$out" '^obj_one/TEST10 +[0-9]+ s  skips: .*no valgrind$'
    matches "a test of errors" "$out" '^util_bad/TEST1 +[0-9]+ s  passes$'
    matches "one of TESTS.py" "$out" '^pmem2_one/TEST0 +2 s  passes$'
    matches "one that skips" "$out" '^pmem2_one/TEST1 +- s  skips: SKIP: no such tool$'
    matches "one that fails" "$out" '^pmem2_one/TEST2 +- s  fails \(1\)$'
    matches "one whose time is up" "$out" '^pmem2_one/TEST3 +180 s  takes too long$'
    matches "counts" "$out" '^pmdk: 3 passed, 3 failed, 2 skipped$'
    same "exit status" "$status" 1
    status_of "$here/pmdk" pmdk --errors
    matches "one part" "$out" '^pmdk: 1 passed, 0 failed, 0 skipped$'
    for left in pmdk/src/test/testconfig.*; do
      [ "$left" = pmdk/src/test/testconfig.py.example ] || fail "it left $left"
    done
    ;;
  umf)
    refuses 2 'is not there: give the folder that UMF' "$here/umf" nosuch
    program umf/test/test_provider_devdax_memory <<'END'
#!/bin/sh
[ "$UMF_TESTS_DEVDAX_SIZE" = "$(cat /sys/bus/dax/devices/${UMF_TESTS_DEVDAX_PATH#/dev/}/size)" ] || exit 1
echo '[  PASSED  ] 34 tests.'
END
    status_of "$here/umf" umf inline handler
    same "exit status" "$status" 0
    matches "passes" "$out" '^provider_devdax_memory, inline +[0-9]+ s  passes: \[ PASSED \] 34 tests[.]$'
    matches "counts" "$out" '^umf: 2 passed, 0 failed, 4 skipped$'
    ;;
  memkind)
    needs daxctl
    refuses 2 'build memkind' "$here/memkind" nosuch
    program memkind/dax_kmem_test <<'END'
#!/bin/sh
echo "nodes $MEMKIND_DAX_KMEM_NODES, $*"
[ -d "/sys/devices/system/node/node${MEMKIND_DAX_KMEM_NODES##*,}" ] || exit 1
END
    status_of env KEEP=said "$here/memkind" memkind
    same "exit status" "$status" 0
    matches "one node" "$(cat said/*one*)" '^nodes [0-9]+, --gtest_filter=-\*PREFFERED'
    matches "two nodes" "$(cat said/*two*)" '^nodes [0-9]+,[0-9]+, '
    matches "counts" "$out" '^memkind: 2 passed, 0 failed, 1 skipped$'
    ;;
  fio)
    needs fio
    fio --enghelp | grep -q dev-dax || skip "this fio has no engine dev-dax"
    refuses 2 "give examples/ of fio's sources" "$here/fio" nosuch
    mkdir examples
    printf '; one\n[global]\nbs=2m\nioengine=dev-dax\ntime_based\nruntime=30\nfilename=/dev/dax0.0\n[w]\nrw=randwrite ; comment\n' >examples/dev-dax.fio
    printf '[v]\nrw=randwrite\nbs=4k\ndirect=1\nioengine=libaio\nverify=crc32c\nfilename=/dev/XXX\n' >examples/basic-verify.fio
    printf '[v]\nrw=read\nbs=4k\nverify=crc32c\n' >examples/flow.fio # nobody wrote what it verifies
    printf '[v]\nrw=nonsense\n' >examples/zipf.fio
    status_of "$here/fio" examples 1
    same "exit status" "$status" 1
    matches "as it is" "$out" '^dev-dax.fio +[0-9]+ s  passes$'
    matches "moved" "$out" '^basic-verify.fio +[0-9]+ s  passes$'
    matches "bad" "$out" '^flow.fio +[0-9]+ s  fails \(1\): '
    matches "counts" "$out" "^fio: 2 passed, 1 failed, [0-9]+ skipped$"
    ;;
  *) fail "no suite $1" ;;
esac
nothing_runs
