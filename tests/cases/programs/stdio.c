/* Every entry of stdio on the device: as stdin and stdout, by fopen, fdopen, freopen, dprintf. */
#define _GNU_SOURCE
#include "../rows.h"
#include <wchar.h>
#define IN(name, open_, call)                                                                                          \
  ROW("stdio.in." name, {                                                                                              \
    int f0 = o();                                                                                                      \
    char* p = m(f0, A);                                                                                                \
    memset(p, 'A', 4096);                                                                                              \
    p[5] = '\n';                                                                                                       \
    FILE* f = open_;                                                                                                   \
    char b[64] = "";                                                                                                   \
    char* l = 0;                                                                                                       \
    size_t n = 0;                                                                                                      \
    int d = 0;                                                                                                         \
    errno = 0;                                                                                                         \
    (void)b;                                                                                                           \
    (void)l;                                                                                                           \
    (void)n;                                                                                                           \
    (void)d;                                                                                                           \
    if (!f) {                                                                                                          \
      pr("open", -1);                                                                                                  \
    } else {                                                                                                           \
      long r = (long)(call);                                                                                           \
      printf("r=%ld %s ferror=%d feof=%d ", r, en(errno), ferror(f), feof(f));                                         \
    }                                                                                                                  \
  })
#define OUT(name, open_, call)                                                                                         \
  ROW("stdio.out." name, {                                                                                             \
    int f0 = o();                                                                                                      \
    char* p = m(f0, A);                                                                                                \
    memset(p, 'A', 4096);                                                                                              \
    FILE* f = open_;                                                                                                   \
    errno = 0;                                                                                                         \
    if (!f) {                                                                                                          \
      pr("open", -1);                                                                                                  \
    } else {                                                                                                           \
      long r = (long)(call);                                                                                           \
      printf("r=%ld %s ", r, en(errno));                                                                               \
      errno = 0;                                                                                                       \
      int q = fflush(f);                                                                                               \
      printf("fflush=%d %s ferror=%d ", q, en(errno), ferror(f));                                                      \
      errno = 0;                                                                                                       \
      q = fclose(f);                                                                                                   \
      printf("fclose=%d %s mem=%c ", q, en(errno), p[0]);                                                              \
    }                                                                                                                  \
  })
int main(int c, char** v) {
  only_argc = c;
  only_argv = v;
  const char* how[] = {"fopen", "fdopen", "freopen"};
#define ALL(X, mode) X("fopen.fgetc", fopen(DEV, mode), fgetc(f));
#define INS(tag, open_)                                                                                                \
  IN(tag ".fgetc", open_, fgetc(f));                                                                                   \
  IN(tag ".getc", open_, getc(f));                                                                                     \
  IN(tag ".getc_unlocked", open_, getc_unlocked(f));                                                                   \
  IN(tag ".fgets", open_, fgets(b, 64, f) ? 1 : 0);                                                                    \
  IN(tag ".getline", open_, getline(&l, &n, f));                                                                       \
  IN(tag ".getdelim", open_, getdelim(&l, &n, 'x', f));                                                                \
  IN(tag ".fscanf", open_, fscanf(f, "%d", &d));                                                                       \
  IN(tag ".fscanfs", open_, fscanf(f, "%10s", b));                                                                     \
  IN(tag ".fread", open_, fread(b, 1, 8, f));                                                                          \
  IN(tag ".fread0", open_, fread(b, 1, 0, f));                                                                         \
  IN(tag ".fread_unlocked", open_, fread_unlocked(b, 1, 8, f));                                                        \
  IN(tag ".ungetc", open_, (ungetc('z', f), fgetc(f), fgetc(f)));                                                      \
  IN(tag ".nobuf", open_, (setvbuf(f, 0, _IONBF, 0), fgetc(f)));                                                       \
  IN(tag ".fgetwc", open_, fgetwc(f));                                                                                 \
  IN(tag ".fgetws", open_, fgetws((wchar_t*)b, 8, f) ? 1 : 0);                                                         \
  IN(tag ".seek", open_, (fseek(f, 4096, SEEK_SET), fgetc(f)));                                                        \
  IN(tag ".bigread", open_, ({                                                                                         \
       char* z = malloc(100000);                                                                                       \
       fread(z, 1, 100000, f);                                                                                         \
     }));                                                                                                              \
  IN(tag ".fgetpos", open_, ({                                                                                         \
       fpos_t q;                                                                                                       \
       fgetpos(f, &q);                                                                                                 \
     }));                                                                                                              \
  IN(tag ".ftello", open_, (fseeko(f, 0, SEEK_END), ftello(f)))
  INS("fopen", fopen(DEV, "r"));
  INS("fopen+", fopen(DEV, "r+"));
  INS("fopenw+", fopen(DEV, "w+"));
  INS("fopena+", fopen(DEV, "a+"));
  INS("fdopen", fdopen(open(DEV, O_RDWR), "r"));
  INS("freopen", freopen(DEV, "r", stdin));
  INS("dup0", (close(0), dup2(open(DEV, O_RDONLY), 0), stdin));
  INS("open0", (close(0), open(DEV, O_RDONLY), stdin));
  INS("fopenm", fopen(DEV, "rm"));
  INS("fopenc", fopen(DEV, "rc"));
#define OUTS(tag, open_)                                                                                               \
  OUT(tag ".fputc", open_, fputc('x', f));                                                                             \
  OUT(tag ".putc_unlocked", open_, putc_unlocked('x', f));                                                             \
  OUT(tag ".fputs", open_, fputs("hello", f) >= 0);                                                                    \
  OUT(tag ".fprintf", open_, fprintf(f, "hello"));                                                                     \
  OUT(tag ".fwrite", open_, fwrite("hello", 1, 5, f));                                                                 \
  OUT(tag ".fwrite_unl", open_, fwrite_unlocked("hello", 1, 5, f));                                                    \
  OUT(tag ".nobuf-fputc", open_, (setvbuf(f, 0, _IONBF, 0), fputc('x', f)));                                           \
  OUT(tag ".nobuf-fprintf", open_, (setvbuf(f, 0, _IONBF, 0), fprintf(f, "hello")));                                   \
  OUT(tag ".linebuf", open_, (setvbuf(f, 0, _IOLBF, 100), fputs("a\nb", f) >= 0));                                     \
  OUT(tag ".big", open_, ({                                                                                            \
        char* z = calloc(1, 100000);                                                                                   \
        memset(z, 'q', 100000);                                                                                        \
        fwrite(z, 1, 100000, f);                                                                                       \
      }));                                                                                                             \
  OUT(tag ".vfprintf", open_, dprintf(fileno(f), "hello"));                                                            \
  OUT(tag ".fputws", open_, fputws(L"hi", f) >= 0);                                                                    \
  OUT(tag ".seek", open_, (fputs("x", f), fseek(f, 100, SEEK_SET)))
  OUTS("fopenw", fopen(DEV, "w"));
  OUTS("fopena", fopen(DEV, "a"));
  OUTS("fopenr+", fopen(DEV, "r+"));
  OUTS("fdopen", fdopen(open(DEV, O_RDWR), "w"));
  OUTS("freopen", freopen(DEV, "w", stderr));
  OUTS("dup2", (dup2(open(DEV, O_RDWR), 2), stderr));
  ROW("stdio.stdout-at-exit", {
    fflush(stdout);
    pid_t q = fork();
    if (!q) {
      int f = o();
      char* p = m(f, A);
      *p = 'A';
      dup2(f, 1);
      printf("bye");
      fflush(stdout);
      fprintf(stderr, "mem=%c\n", *p);
      _exit(0);
    }
    int st;
    waitpid(q, &st, 0);
  });
}
