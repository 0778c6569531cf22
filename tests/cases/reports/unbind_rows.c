/* Unbinding under those who have the device open or mapped. */
#include "reports.h"
void unbind_rows(int c, char** v) {
  only_argc = c;
  only_argv = v;
  ROW("U1.open-held", {
    int fd = o();
    wr("/sys/bus/dax/drivers/device_dax/unbind", "dax0.0");
    int n = open(DEV, O_RDWR);
    pr("open", n);
    if (n >= 0)
      MP("map", 0, A, 3, MAP_SHARED, n, 0);
    close(fd);
    if (n >= 0)
      close(n);
    pr("open-none-held", open(DEV, O_RDWR));
    wr("/sys/bus/dax/drivers/device_dax/bind", "dax0.0");
    pr("open2", open(DEV, O_RDWR));
  });
  ROW("U2.remap", {
    int fd = o();
    char* p = m(fd, 4 * A);
    p[0] = 7;
    wr("/sys/bus/dax/drivers/device_dax/unbind", "dax0.0");
    touch("touched", p, 0);
    touch("untouched", p + A, 0);
    wr("/sys/bus/dax/drivers/device_dax/bind", "dax0.0");
    touch("touched", p, 0);
    touch("untouched", p + A, 0);
    touch("never", p + 2 * A, 1);
    printf("v=%d ", t_sig ? -1 : p[0]);
  });
  ROW("R24.hold-unbind", {
    int fd = o();
    char* p = m(fd, 4 * A);
    p[0] = 7;
    fflush(stdout);
    pid_t k = fork();
    if (!k) {
      wr("/sys/bus/dax/drivers/device_dax/unbind", "dax0.0");
      fflush(stdout);
      _exit(0);
    }
    waitpid(k, 0, 0);
    touch("map0", p, 0);
    touch("map1", p + A, 1);
    MP("mmap", 0, A, 3, MAP_SHARED, fd, 0);
    pr("open", open(DEV, O_RDWR));
    struct stat s;
    pr("fstat", fstat(fd, &s));
    pr("munmap-part", munmap(p + 4096, 4096));
    pr("mprot", mprotect(p, A, 1));
    pr("munmap", munmap(p, A));
    pr("fork-ok", 0);
    prn("read", read(fd, &s, 1));
    wr("/sys/bus/dax/drivers/device_dax/bind", "dax0.0");
    MP("old-fd", 0, A, 3, MAP_SHARED, fd, 0);
    touch("map2", p + 2 * A, 0);
    int n = open(DEV, O_RDWR);
    pr("new", n);
    char* q = m(n, A);
    printf("data=%d ", q[0]);
  });
  ROW("R25.writer", {
    int pp[2];
    pipe(pp);
    fflush(stdout);
    pid_t k = fork();
    if (!k) {
      char* p = m(o(), A);
      for (int i = 0;; i++) {
        ((volatile char*)p)[i % 4096] = i;
        if (i == 100)
          write(pp[1], "k", 1);
      }
    }
    char b;
    read(pp[0], &b, 1);
    wr("/sys/bus/dax/drivers/device_dax/unbind", "dax0.0");
    int st;
    waitpid(k, &st, 0);
    printf("sig=%s ", sigabbrev_np(WTERMSIG(st)));
    wr("/sys/bus/dax/drivers/device_dax/bind", "dax0.0");
    char* p = m(o(), A);
    printf("kept=%d ", p[4095] == (char)4095 || p[100] != 0);
  });
  ROW("R25.thread-handler", {
    int fd = o();
    char* p = m(fd, 4 * A);
    p[0] = 1;
    pthread_t t;
    pthread_create(&t, 0, thr, p + A);
    pthread_join(t, 0);
    wr("/sys/bus/dax/drivers/device_dax/unbind", "dax0.0");
    pthread_create(&t, 0, thr, p + A);
    pthread_join(t, 0);
    pthread_create(&t, 0, thr, p);
    pthread_join(t, 0);
    pr("mlock", mlock(p, A));
    pr("willneed", madvise(p, A, MADV_WILLNEED));
    int tt = open("/proc/self/exe", O_RDONLY);
    prn("rd", read(tt, p, 8));
    wr("/sys/bus/dax/drivers/device_dax/bind", "dax0.0");
  });
}
