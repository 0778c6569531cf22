// What select(2), pselect(2) and ppoll(2) say of an attribute, among other descriptors, with time and signals:
// PROGRAM ATTRIBUTE.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t signals = 0;
static void count(int signal) {
  (void)signal;
  ++signals;
}

static int attribute;
static int pipe_end;

// `sets`: letters of what is asked of the attribute (r, w, x) and of the pipe (p: readable, q: exceptional).
static void prepare(const char* sets, fd_set* in, fd_set* out, fd_set* ex) {
  FD_ZERO(in);
  FD_ZERO(out);
  FD_ZERO(ex);
  for (; *sets != 0; ++sets) {
    FD_SET(*sets == 'p' || *sets == 'q' ? pipe_end : attribute, *sets == 'r' || *sets == 'p' ? in
                                                                : *sets == 'w'               ? out
                                                                                             : ex);
  }
}
static void tell(const char* what, int ready, int code, fd_set* in, fd_set* out, fd_set* ex) {
  printf("%s: %d%s%s", what, ready, ready < 0 ? " " : "", ready < 0 ? strerrorname_np(code) : "");
  if (ready >= 0) {
    printf(" %s%s%s%s%s.", FD_ISSET(attribute, in) ? "r" : "", FD_ISSET(attribute, out) ? "w" : "",
           FD_ISSET(attribute, ex) ? "x" : "", FD_ISSET(pipe_end, in) ? "p" : "", FD_ISSET(pipe_end, ex) ? "q" : "");
  }
}

static void ask(const char* what, const char* sets, int milliseconds) {
  fd_set in, out, ex;
  prepare(sets, &in, &out, &ex);
  struct timeval left = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
  const int ready = select(1000, &in, &out, &ex, milliseconds < 0 ? NULL : &left);
  tell(what, ready, errno, &in, &out, &ex);
  printf(" %s\n", milliseconds < 0 ? "no end" : left.tv_sec == 0 && left.tv_usec == 0 ? "nothing left" : "time left");
  fflush(stdout);
}

static void ask_masked(const char* what, const char* sets, int milliseconds, const sigset_t* mask) {
  fd_set in, out, ex;
  prepare(sets, &in, &out, &ex);
  const struct timespec end = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};
  const int ready = pselect(1000, &in, &out, &ex, &end, mask);
  tell(what, ready, errno, &in, &out, &ex);
  printf(" %d\n", (int)signals);
  fflush(stdout);
}

static void ask_poll(const char* what, short events, int milliseconds, const sigset_t* mask) {
  struct pollfd waits[] = {{attribute, events, 7}, {pipe_end, POLLIN, 7}};
  const struct timespec end = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};
  const int ready = ppoll(waits, 2, &end, mask);
  const int code = errno;
  printf("%s: %d%s%s %#x %#x %d\n", what, ready, ready < 0 ? " " : "", ready < 0 ? strerrorname_np(code) : "",
         (unsigned)waits[0].revents, (unsigned)waits[1].revents, (int)signals);
  fflush(stdout);
}

// A signal comes in a moment; `signals` has those from now on.
static void send_soon(void) {
  const struct itimerval soon = {.it_value = {.tv_usec = 100000}};
  signals = 0;
  setitimer(ITIMER_REAL, &soon, NULL);
}

int main(int argc, char** argv) {
  int ends[2];
  attribute = argc == 2 ? open(argv[1], O_RDONLY) : -1;
  if (attribute < 0 || pipe(ends) != 0) {
    return 2;
  }
  pipe_end = ends[0];
  ask("not read yet", "xp", -1);
  ask("all of it", "rwxpq", 20000);
  char text[64];
  if (read(attribute, text, sizeof text) <= 0) {
    return 2;
  }
  ask("read", "xpq", 50);
  ask("at once", "xp", 0);
  ask("to be read and written", "rwx", -1);
  const pid_t child = fork();
  if (child == 0) {
    usleep(100000);
    _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
  }
  ask("another has something", "xp", 20000);
  waitpid(child, NULL, 0);
  if (read(ends[0], text, 1) != 1) {
    return 2;
  }
  const struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  const struct itimerval often = {.it_interval = {.tv_usec = 200000}, .it_value = {.tv_usec = 200000}}, never = {0};
  setitimer(ITIMER_REAL, &often, NULL);
  ask("a signal", "x", 20000);
  setitimer(ITIMER_REAL, &never, NULL);
  sigset_t alarms, none;
  sigemptyset(&none);
  sigemptyset(&alarms);
  sigaddset(&alarms, SIGALRM);
  // Those that a call holds back come after it.
  send_soon();
  ask_masked("a signal that it holds back", "x", 600, &alarms);
  // Those that only the call lets come.
  sigprocmask(SIG_BLOCK, &alarms, NULL);
  send_soon();
  ask_masked("a signal that it lets come", "x", 20000, &none);
  send_soon();
  ask_poll("ppoll and such a signal", POLLPRI, 20000, &none);
  signals = 0;
  raise(SIGALRM);
  ask_poll("ppoll without it", POLLPRI, 50, NULL);
  ask_poll("ppoll of a pending one", POLLPRI, 20000, &none);
  ask_poll("ppoll for reading", POLLIN | POLLPRI, 20000, NULL);
  close(ends[1]);
  ask("an end", "xq", 50);
  ask("an end to be read", "xp", 20000);
  ask_poll("ppoll of an end", POLLPRI, 20000, NULL);
  close(ends[0]);
  ask("not open", "xp", -1);
  return 0;
}
