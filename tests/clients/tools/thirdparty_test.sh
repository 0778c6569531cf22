#!/bin/sh
# thirdparty_test.sh PROGRAM: a short day in its life under `daxemu run`: it starts, does what it is for (with its
# threads, children, sockets and files), and says what it should.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"

under() {
  "$daxemu" run --size 64M --backing shmem -- "$@"
}

case_fio() {
  needs fio
  for engine in psync mmap libaio io_uring; do
    status_of under fio --name=t --ioengine=$engine --filename="$scratch/file" --size=8m --rw=randrw --bs=4k --iodepth=8 \
      --verify=crc32c --do_verify=1 --numjobs=1 --fallocate=none
    case "$out$err" in
      *'Operation not permitted'*) printf 'fio: no %s here\n' $engine; continue ;;
    esac
    same "exit status of $engine: $out $err" "$status" 0
    matches "$engine" "$out" 'err= 0:'
  done
}

case_git() {
  needs git
  cat >steps <<'EOS'
set -e
export HOME=$PWD GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
git init -q --bare origin
git clone -q origin work 2>/dev/null
cd work
for n in 1 2 3 4 5; do seq $n 5000 >file$n; git add . && git commit -qm "change $n"; done
git push -q origin HEAD
git repack -adfq --threads=2 && git fsck --strict && git worktree add -q ../tree HEAD~2
git -C ../tree log --oneline | wc -l
EOS
  runs under sh ./steps
  same "what git says" "$out" 3
}

case_java() {
  needs java javac
  cat >Day.java <<'EOP'
import java.nio.file.*;
import java.util.concurrent.*;
import java.util.stream.*;
public class Day {
  public static void main(String[] words) throws Exception {
    Path file = Files.createTempFile(Path.of("."), "day", "");
    Files.writeString(file, "x".repeat(1 << 20));
    long sum = IntStream.range(0, 1_000_000).parallel().mapToLong(n -> n % 7).sum();
    ExecutorService pool = Executors.newFixedThreadPool(8);
    int length = pool.submit(() -> Files.readString(file).length()).get();
    pool.shutdown();
    byte[][] heap = new byte[64][];
    for (int round = 0; round < 2000; round++) heap[round % 64] = new byte[1 << 18]; // the collector works
    try { Object nothing = null; nothing.hashCode(); } catch (NullPointerException caught) { length++; } // a SIGSEGV
    Process child = new ProcessBuilder("sh", "-c", "exit 5").start();
    System.out.println(sum + " " + length + " " + child.waitFor());
  }
}
EOP
  runs javac Day.java
  runs under java -cp . Day
  same "what Java says" "$out" "2999997 1048577 5"
}

case_node() {
  needs node
  cat >day.js <<'EOP'
const { Worker, isMainThread, parentPort } = require("worker_threads");
if (!isMainThread) {
  parentPort.postMessage(require("zlib").gzipSync(Buffer.alloc(1 << 20)).length < 10000);
} else {
  const http = require("http"), { execFileSync } = require("child_process");
  const worker = new Worker(__filename);
  worker.on("message", packed => {
    const server = http.createServer((request, response) => response.end("served"));
    server.listen("socket", () => http.get({ socketPath: "socket" }, response => {
      response.on("data", text => {
        console.log(packed, String(text), String(execFileSync("echo", ["child"])).trim());
        server.close();
      });
    }));
  });
}
EOP
  runs under node day.js
  same "what node says" "$out" "true served child"
}

case_pmdk() {
  needs pmempool
  runs under pmempool create --layout=day obj pool
  runs under pmempool check -v pool
  matches "the check" "$out" 'pool: consistent'
  runs under pmempool info pool
  matches "the layout" "$out" 'Layout +: day'
}

case_postgresql() {
  bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
  [ -x "$bin/initdb" ] || skip "postgresql is not installed (python-free-scripts/deps third-party)"
  mkdir tree tree/bin tree/lib data
  cp "$daxemu" tree/bin/
  cp "${daxemu%/bin/*}/lib/libdaxemu-preload.so" tree/lib/
  chmod -R a+rX "$scratch"
  daxemu=$scratch/tree/bin/daxemu as=""
  if [ "$(id -u)" -eq 0 ]; then # it refuses to be root
    needs setpriv
    as="setpriv --reuid=65534 --regid=65534 --clear-groups"
    chown 65534:65534 data
  fi
  cat >steps <<'EOS'
set -e
cd data
PATH=$1:$PATH
export PGHOST=$PWD PGUSER=day PGDATABASE=postgres LC_ALL=C
initdb -D db -U day --auth=trust --no-sync >log
pg_ctl -D db -o "-k $PWD -h '' -c max_worker_processes=4" -l server.log -w start >log
psql -qAtc "create table t as select n, md5(n::text) m from generate_series(1, 50000) n; create index on t (m);
  set parallel_setup_cost = 0; set min_parallel_table_scan_size = 0; select count(*), sum(n) from t where m > 'a'"
pgbench -qi -s 1 2>log && pgbench -c 4 -j 2 -t 50 2>/dev/null | grep -o 'processed: 200/200'
pg_ctl -D db -m immediate stop >log # a crash, and its recovery
pg_ctl -D db -o "-k $PWD -h ''" -l server.log -w start >log
psql -qAtc 'select count(*) from t; select count(*) from pgbench_history'
pg_ctl -D db -m fast stop >log
EOS
  # shellcheck disable=SC2086 # words
  status_of $as "$daxemu" run --size 64M --backing shmem -- sh ./steps "$bin"
  [ "$status" -eq 0 ] || fail "exit status $status: $out $err $(tail -n 20 data/server.log 2>/dev/null)"
  same "what PostgreSQL says" "$out" "18650|467264769
processed: 200/200
50000
200"
}

case_redis() {
  needs redis-server redis-cli
  cat >steps <<'EOS'
set -e
redis-server --port 0 --unixsocket "$PWD/socket" --dir "$PWD" --appendonly yes --daemonize no --io-threads 2 >server.log &
server=$!
cli() { redis-cli -s "$PWD/socket" "$@"; }
tries=0
until cli ping >/dev/null 2>&1; do tries=$((tries + 1)); [ $tries -lt 200 ] || { cat server.log; exit 1; }; sleep 0.05; done
i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); echo "set key$i value$i"; done | cli --pipe >/dev/null
cli bgsave >/dev/null # a fork that writes
cli bgrewriteaof >/dev/null
while cli info persistence | grep -qE '(rdb_bgsave|aof_rewrite)_in_progress:1|aof_rewrite_scheduled:1'; do sleep 0.05; done
cli info persistence | grep -E 'last_bgsave_status|last_bgrewrite_status' | tr -d '\r'
cli shutdown nosave >/dev/null 2>&1 || :
wait $server || :
redis-server --port 0 --unixsocket "$PWD/socket" --dir "$PWD" --appendonly yes >server.log &
until cli ping >/dev/null 2>&1; do sleep 0.05; done
until [ "$(cli dbsize)" = 2000 ]; do sleep 0.05; done
cli get key1234
cli shutdown nosave >/dev/null 2>&1 || :
wait
EOS
  runs timeout 60 "$daxemu" run --size 64M --backing shmem -- sh ./steps
  same "what Redis says" "$out" "rdb_last_bgsave_status:ok
aof_last_bgrewrite_status:ok
value1234"
}

"case_$1"
nothing_runs
