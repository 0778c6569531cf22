/* What libc opens by itself: ftok, glob, ftw, fts, dlopen, stdio, spawn. */
#include "sweep1.h"
static int ftw_seen;
static int ftw_cb(const char* p, const struct stat* s, int t, struct FTW* f) {
  if (!strcmp(p, DEV))
    ftw_seen = 1 + t + (S_ISCHR(s->st_mode) ? 100 : 0);
  return 0;
}
void libc_rows(int c, char** v) {
  only_argc = c;
  only_argv = v;
  ROW("libc.ftok", {
    struct stat s;
    stat(DEV, &s);
    key_t k = ftok(DEV, 'a');
    pr("ftok", k);
    printf("match=%d ", k == (key_t)(('a' << 24) | ((s.st_dev & 0xff) << 16) | (s.st_ino & 0xffff)));
  });
  ROW("libc.wordexp", {
    wordexp_t w;
    int r = wordexp("/dev/dax*", &w, 0);
    printf("%d %s ", r, r ? "" : w.we_wordv[0]);
  });
  ROW("libc.glob", {
    glob_t w;
    int r = glob("/dev/dax*", 0, 0, &w);
    printf("%d %s ", r, r ? "" : w.gl_pathv[0]);
    r = glob("/dev/d[a]x?.0", 0, 0, &w);
    printf("%d ", r);
    r = glob("/d*/dax0.0", GLOB_MARK, 0, &w);
    printf("%d %s", r, r ? "" : w.gl_pathv[0]);
    r = glob("/dev/{dax0.0,null}", GLOB_BRACE, 0, &w);
    printf("%d n=%d ", r, r ? 0 : (int)w.gl_pathc);
  });
  ROW("libc.nftw", {
    nftw("/dev", ftw_cb, 8, FTW_PHYS);
    printf("seen=%d ", ftw_seen);
    ftw_seen = 0;
    pr("self", nftw(DEV, ftw_cb, 8, 0));
    printf("seen=%d ", ftw_seen);
  });
  ROW("libc.fts", {
    char* pp[] = {"/dev", 0};
    FTS* f = fts_open(pp, FTS_PHYSICAL, 0);
    FTSENT* e;
    int n = 0;
    while ((e = fts_read(f)))
      if (!strcmp(e->fts_name, "dax0.0"))
        n = e->fts_info;
    printf("info=%d ", n);
    char* pq[] = {DEV, 0};
    f = fts_open(pq, FTS_PHYSICAL, 0);
    e = fts_read(f);
    printf("self=%d err=%d ", e ? e->fts_info : -1, e ? e->fts_errno : -1);
  });
  ROW("libc.dlopen", {
    void* h = dlopen(DEV, RTLD_NOW);
    const char* e = dlerror();
    printf("%d %s ", h != 0, e ? e : "");
  });
  ROW("libc.stdio", {
    FILE* f = fopen(DEV, "r+");
    char b[9];
    errno = 0;
    prn("fread", fread(b, 1, 8, f));
    printf("%s ", en(errno));
    prn("ferror", ferror(f));
    prn("fseek", fseek(f, 5, SEEK_SET));
    prn("ftell", ftell(f));
    clearerr(f);
    errno = 0;
    prn("fwrite", fwrite(b, 1, 8, f));
    prn("fflush", fflush(f));
    f = fopen(DEV, "rm");
    pr("rm", f ? 0 : -1);
    if (f) {
      errno = 0;
      prn("fread", fread(b, 1, 8, f));
    }
    f = fopen(DEV, "wx");
    pr("wx", f ? 0 : -1);
    f = freopen(DEV, "r", stdin);
    pr("freopen", f ? 0 : -1);
    errno = 0;
    prn("getchar", getchar());
    pr("fopen-e", fopen(DEV, "re") ? 0 : -1);
    FILE* mt = setmntent(DEV, "r");
    pr("setmntent", mt ? 0 : -1);
  });
  ROW("libc.misc", {
    prn("pathconf", pathconf(DEV, _PC_LINK_MAX));
    int f = o();
    prn("fpathconf", fpathconf(f, _PC_PIPE_BUF));
    prn("name", pathconf(DEV, _PC_NAME_MAX));
    prn("isatty", isatty(f));
    printf("%s ", en(errno));
    char b[99];
    printf("ttyname=%s ", en(ttyname_r(f, b, 99)));
    pr("remove", remove("/dev/dax9.9"));
    pr("lockf", lockf(f, F_TLOCK, 10));
    pr("posix_fallocate", posix_fallocate(f, 0, 10));
    struct statvfs v1;
    pr("statvfs", statvfs(DEV, &v1));
    pr("fstatvfs", fstatvfs(f, &v1));
    pr("shm_open", shm_open("/../dax0.0", O_RDWR, 0));
    DIR* d = opendir(DEV);
    pr("opendir", d ? 0 : -1);
    d = fdopendir(f);
    pr("fdopendir", d ? 0 : -1);
    pr("euid", euidaccess(DEV, W_OK));
    pr("eacc", eaccess(DEV, X_OK));
  });
  ROW("libc.spawn", {
    posix_spawn_file_actions_t a;
    posix_spawn_file_actions_init(&a);
    posix_spawn_file_actions_addchdir_np(&a, "/dev");
    posix_spawn_file_actions_addopen(&a, 7, "dax0.0", O_RDWR, 0);
    extern char** environ;
    char* argv[] = {"sh", "-c", "readlink /proc/self/fd/7 || echo no", 0};
    pid_t q;
    capture();
    int r = posix_spawn(&q, "/bin/sh", &a, 0, argv, environ);
    uncapture();
    printf("spawn=%s ", en(r));
    waitpid(q, 0, 0);
    say_captured();
  });
}
