// Opening, flushing and closing of stdio streams.
#include <cstdio>

#include <mntent.h>

#include "emu/base/program/at_start.hpp"
#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/streams/stream_calls.hpp"

using namespace daxemu::preload;

DAXEMU_REAL(fopen, FILE*(const char*, const char*));
DAXEMU_REAL(fopen64, FILE*(const char*, const char*));
DAXEMU_REAL(freopen, FILE*(const char*, const char*, FILE*));
DAXEMU_REAL(freopen64, FILE*(const char*, const char*, FILE*));
DAXEMU_REAL(fdopen, FILE*(int, const char*));
DAXEMU_REAL(fclose, int(FILE*));
DAXEMU_REAL(fcloseall, int());
DAXEMU_REAL(fflush, int(FILE*));
DAXEMU_REAL(fflush_unlocked, int(FILE*));
DAXEMU_REAL(fileno, int(FILE*));
DAXEMU_REAL(fileno_unlocked, int(FILE*));

namespace {

RealStdio real_stdio() {
  return {real_fdopen.get(), real_fileno.get(), real_fflush.get(), real_fclose.get()};
}

__attribute__((destructor)) DAXEMU_START_PATH void at_exit() {
  if (flushes_at_exit()) {
    flush_at_exit(real_stdio());
  }
}

} // namespace

DAXEMU_HOOK(FILE*, fopen, (const char* path, const char* mode)) {
  return open_stream(path, mode, real_stdio(), [=](const char* p) { return real_fopen(p, mode); });
}
DAXEMU_ALIAS(fopen, _IO_fopen)
DAXEMU_HOOK(FILE*, fopen64, (const char* path, const char* mode)) {
  return open_stream(path, mode, real_stdio(), [=](const char* p) { return real_fopen64(p, mode); });
}
DAXEMU_HOOK(FILE*, freopen, (const char* path, const char* mode, FILE* stream)) {
  return reopen_stream(path, mode, stream, real_stdio(),
                       [=](const char* p, const char* m) { return real_freopen(p, m, stream); });
}
DAXEMU_HOOK(FILE*, freopen64, (const char* path, const char* mode, FILE* stream)) {
  return reopen_stream(path, mode, stream, real_stdio(),
                       [=](const char* p, const char* m) { return real_freopen64(p, m, stream); });
}
DAXEMU_HOOK(FILE*, fdopen, (int fd, const char* mode)) {
  return open_stream_over(fd, mode, real_stdio());
}
DAXEMU_ALIAS(fdopen, _IO_fdopen)
DAXEMU_HOOK(int, fclose, (FILE * stream)) {
  return close_stream(stream, real_stdio());
}
DAXEMU_ALIAS(fclose, _IO_fclose)
DAXEMU_HOOK(int, fcloseall, ()) {
  flush_at_exit(real_stdio());
  return real_fcloseall();
}
DAXEMU_HOOK(int, fflush, (FILE * stream)) {
  return flush_stream(stream, real_stdio(), [=] { return real_fflush(stream); });
}
DAXEMU_ALIAS(fflush, _IO_fflush)
DAXEMU_HOOK(int, fflush_unlocked, (FILE * stream)) {
  return flush_stream(stream, real_stdio(), [=] { return real_fflush_unlocked(stream); });
}

#define DAXEMU_SEEK_HOOK(name, type)                                                                                   \
  DAXEMU_REAL(name, int(FILE*, type, int));                                                                            \
  DAXEMU_HOOK(int, name, (FILE * stream, type offset, int whence)) {                                                   \
    return seek_stream(stream, offset, whence, [=](type asked) { return real_##name(stream, asked, whence); });        \
  }
#define DAXEMU_TELL_HOOK(name, type)                                                                                   \
  DAXEMU_REAL(name, type(FILE*));                                                                                      \
  DAXEMU_HOOK(type, name, (FILE * stream)) {                                                                           \
    return tell_stream(stream, [=] { return real_##name(stream); });                                                   \
  }
#define DAXEMU_GETPOS_HOOK(name, type)                                                                                 \
  DAXEMU_REAL(name, int(FILE*, type*));                                                                                \
  DAXEMU_HOOK(int, name, (FILE * stream, type * position)) {                                                           \
    return static_cast<int>(tell_stream(stream, [=] { return off_t{real_##name(stream, position)}; }));                \
  }
#define DAXEMU_SETPOS_HOOK(name, type)                                                                                 \
  DAXEMU_REAL(name, int(FILE*, const type*));                                                                          \
  DAXEMU_HOOK(int, name, (FILE * stream, const type* position)) {                                                      \
    return reposition_stream(stream, [=] { return real_##name(stream, position); });                                   \
  }
DAXEMU_SEEK_HOOK(fseek, long)
DAXEMU_SEEK_HOOK(fseeko, off_t)
DAXEMU_SEEK_HOOK(fseeko64, off_t)
DAXEMU_TELL_HOOK(ftell, long)
DAXEMU_TELL_HOOK(ftello, off_t)
DAXEMU_TELL_HOOK(ftello64, off_t)
DAXEMU_GETPOS_HOOK(fgetpos, fpos_t)
DAXEMU_GETPOS_HOOK(fgetpos64, fpos64_t)
DAXEMU_SETPOS_HOOK(fsetpos, fpos_t)
DAXEMU_SETPOS_HOOK(fsetpos64, fpos64_t)
DAXEMU_REAL(rewind, void(FILE*));
DAXEMU_HOOK(void, rewind, (FILE * stream)) {
  (void)reposition_stream(stream, [=] {
    real_rewind(stream);
    return 0;
  });
}
DAXEMU_HOOK(int, fileno, (FILE * stream)) {
  return number_of_stream(stream, [=] { return real_fileno(stream); });
}
DAXEMU_HOOK(int, fileno_unlocked, (FILE * stream)) {
  return number_of_stream(stream, [=] { return real_fileno_unlocked(stream); });
}
DAXEMU_REAL(setmntent, FILE*(const char*, const char*));
DAXEMU_HOOK(FILE*, setmntent, (const char* path, const char* mode)) {
  return open_stream(path, mode, real_stdio(), [=](const char* p) { return real_setmntent(p, mode); });
}
DAXEMU_ALIAS(setmntent, __setmntent)
