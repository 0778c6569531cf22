#!/bin/sh
# run --explain beside what the lines say (causes.sh): where they go, that nothing else changes for the program, with each
# engine; the reasons in trace and report.
#   explain.sh DAXEMU [CC]
set -eu
daxemu=$1 cc=${2:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME="$work" DAXEMU_HOME="$work/platforms"
unset DAXEMU DAXEMU_PLATFORM DAXEMU_PRELOAD DAXEMU_KERNEL LD_PRELOAD || :
cd "$work"
faults=0
fault() { echo "FAIL: $*"; faults=1; }
has() { grep -qF -- "$2" "$1" || { fault "$1 has no '$2'"; cat "$1"; }; }
lines() { wc -l <"$1" | tr -d ' '; }

cat >app.c <<'END'
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
static sigjmp_buf back;
static int code;
static void handle(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  code = info->si_code;
  siglongjmp(back, 1);
}
int main(int count, char **words) {
  int fd = open("/dev/dax0.0", O_RDWR);
  if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED) return 1;
  char *p = mmap(NULL, 66 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  p[0] = 1;
  if (count > 1 && strcmp(words[1], "handles") == 0) {
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, NULL);
    if (sigsetjmp(back, 1) == 0) p[64 << 20] = 1;
    struct sigaction old;
    sigaction(SIGBUS, NULL, &old);
    printf("handled %d mine %d\n", code, old.sa_sigaction == handle);
    return 0;
  }
  struct sigaction old;
  sigaction(SIGBUS, NULL, &old);
  if (old.sa_handler != SIG_DFL) return 2;
  if (count > 1 && strcmp(words[1], "dies") == 0) p[64 << 20] = 1;
  if (count > 1 && strcmp(words[1], "child") == 0) {
    if (fork() == 0) {
      mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
      _exit(0);
    }
    sleep(1);
  }
  puts("done");
  return 0;
}
END
"$cc" -g -w -o app app.c
run() { "$daxemu" run --mode emulate --size 64M "$@"; }

# To standard error, which the program does not write to; off, nothing.
run --explain -- ./app >out 2>err || fault "exit status $?"
[ "$(cat out)" = "done" ] || fault "the program said: $(cat out)"
[ "$(lines err)" -eq 1 ] || fault "$(lines err) lines, not one: $(cat err)"
has err 'daxemu: mmap by app['
has err ' at main (app.c:18): EINVAL: dax0.0: app: dax_mmap: fail, unaligned vma ('
run -- ./app >out 2>err || fault "exit status $?"
[ ! -s err ] || fault "said without being asked: $(cat err)"

# To a file; what stands behind the flag is not taken for one if it is a flag.
run --explain=told -- ./app >out 2>err || fault "exit status $?"
[ ! -s err ] || fault "said on standard error: $(cat err)"
has told 'mmap by app['
run --explain --align 2M -- ./app >out 2>err || fault "exit status $?"
has err 'daxemu: mmap by app['

# With each engine: the program dies as without it, or its handler is called, and is what it finds.
for engine in handler inline populate; do
  status=0
  run --engine $engine --explain=told -- ./app dies >out 2>err || status=$?
  plain=0
  run --engine $engine -- ./app dies >out 2>err || plain=$?
  [ "$status" -eq "$plain" ] || fault "$engine: exit status $status for $plain"
  has told ' at main (app.c:33): SIGBUS: dax0.0: pgoff_to_phys(0x4000) failed; '
  [ "$(lines told)" -eq 2 ] || fault "$engine: $(lines told) lines, not two"
  run --engine $engine --explain=told -- ./app handles >out 2>err || fault "$engine: exit status $?"
  has out 'handled 2 mine 1'
  [ "$(lines told)" -eq 2 ] || fault "$engine: $(lines told) lines, not two"
done

# What returns no errno of its own, and system calls that find an extent that cannot be touched.
cat >requests.c <<'END'
#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#ifdef URING
#include <liburing.h>
#endif
int main(void) {
  int fd = open("/dev/dax0.0", O_RDWR);
  char buffer[64];
#ifdef URING
  struct io_uring ring;
  struct io_uring_cqe *done;
  io_uring_queue_init(4, &ring, 0);
  io_uring_prep_read(io_uring_get_sqe(&ring), fd, buffer, 64, 0);
  io_uring_submit(&ring);
  io_uring_wait_cqe(&ring, &done);
  printf("io_uring %s\n", strerrorname_np(-done->res));
#endif
  if (fd < 0) return 0;
  struct iocb one = {.aio_fildes = (unsigned)fd, .aio_lio_opcode = IOCB_CMD_PREAD, .aio_buf = (unsigned long)buffer, .aio_nbytes = 64};
  struct iocb *list = &one;
  aio_context_t context = 0;
  syscall(SYS_io_setup, 4, &context);
  long taken = syscall(SYS_io_submit, context, 1, &list);
  printf("io_submit %ld %s\n", taken, strerrorname_np(errno));
  struct aiocb request = {.aio_fildes = fd, .aio_buf = buffer, .aio_nbytes = 64};
  aio_read(&request);
  printf("aio_read %s\n", strerrorname_np(aio_error(&request)));
  char *p = mmap(NULL, 66 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  int file = open("file", O_RDWR | O_CREAT, 0600);
  int zero = open("/dev/zero", O_RDONLY);
  p[0] = 1;
  if (write(file, p, 64) != 64) puts("a write of what is there");
  if (write(file, p + (64 << 20), 1) >= 0 || errno != EFAULT) puts("write");
  if (pread(zero, p + (65 << 20), 1, 0) >= 0 || errno != EFAULT) puts("pread");
  struct iovec pieces[2] = {{buffer, 0}, {p + (64 << 20), 1}};
  if (writev(file, pieces, 2) >= 0 || errno != EFAULT) puts("writev");
  if (write(file, (void *)8, 1) >= 0 || errno != EFAULT) puts("write of nothing");
  return 0;
}
END
if "$cc" -g -w -D_GNU_SOURCE -DURING -o requests requests.c -luring 2>err && ./requests >out 2>err && grep -q '^io_uring EBADF' out; then uring=yes; else
  uring=
  "$cc" -g -w -D_GNU_SOURCE -o requests requests.c
fi
wanted=2
[ -z "$uring" ] || wanted=3
for engine in handler inline populate; do
  run --engine $engine --explain=told -- ./requests >out 2>err || fault "$engine: exit status $?"
  [ -z "$uring" ] || has out 'io_uring EINVAL'
  has out 'io_submit -1 EINVAL'
  has out 'aio_read EINVAL'
  [ -z "$uring" ] || has told 'io_uring READ by requests['
  has told 'io_submit by requests['
  grep -qE '^io_submit by requests\[[0-9]+\] at main \(requests\.c:' told || fault "$engine: where io_submit was called: $(cat told)"
  has told 'aio_read by requests['
  for call in write pread writev; do
    grep -qE "^$call by requests\[[0-9]+\] at main \(requests\.c:[0-9]+\): EFAULT: dax0\.0: pgoff_to_phys\(0x4[01]00\) failed; " told ||
      fault "$engine: of $call: $(cat told)"
  done
  [ "$(grep -c EFAULT told)" -eq 3 ] || fault "$engine: of an address that is nobody's: $(cat told)"
  [ "$(grep -c 'EINVAL: dax0.0: device-dax has no read' told)" -eq "$wanted" ] || fault "$engine: $(cat told)"
done

# A forked child has its parent's name.
run --explain=told -- ./app child >out 2>err || fault "exit status $?"
[ "$(grep -c 'mmap by app\[' told)" -eq 2 ] || fault "of a child: $(cat told)"

# Mistakes: one line, before anything is run.
status=0
run --explain=/nowhere/told -- ./app >out 2>err || status=$?
{ [ "$status" -eq 125 ] && [ ! -s out ]; } || fault "an unwritable file: $status"
has err '--explain /nowhere/told cannot be written'
status=0
run --explain --kernel all -- ./app >out 2>err || status=$?
[ "$status" -eq 125 ] || fault "--kernel all: $status"

# Calls answered from outside (seccomp): mappings are told as the program's own.
if "$daxemu" run --mode emulate --size 64M --intercept kernel -- true 2>err; then
  "$daxemu" run --mode emulate --size 64M --intercept kernel --explain=told -- ./app >out 2>err || fault "exit status $?"
  has told 'mmap by app['
  has told 'fail, unaligned vma ('
  # Files are answered by the library in the supervisor, in the program's name.
  "$daxemu" run --mode emulate --size 64M --intercept kernel --explain=told -- sh -c 'echo 3 >/sys/bus/dax/devices/dax0.0/size' 2>err || :
  grep -qE '^dax0.0/size=3 by sh\[[0-9]+\]: EINVAL: dax0.0: size_store: size: 3 misaligned' told || fault "told: $(cat told)"
else
  echo "not asked with --intercept kernel: $(cat err)"
fi

# The reasons in a trace and in a report, and the process's name, though it has ended.
"$daxemu" trace --mode emulate --size 64M --symbols -o t.json -- ./app dies >out 2>err || :
has t.json '"why":"dax0.0: app: dax_mmap: fail, unaligned vma ('
has t.json '"row":"mmap.len=half.off=0"'
has t.json '"error":"SIGBUS"'
"$daxemu" report t.json -o r.html 2>err || fault "report: $?"
has r.html '<h2>What was refused</h2>'
has r.html 'app['
has r.html 'main (app.c:'
has r.html 'pgoff_to_phys(0x4000) failed'
has r.html '<td>app</td>'
[ "$faults" -eq 0 ] && echo "--explain tells what it should, where it should"
exit "$faults"
