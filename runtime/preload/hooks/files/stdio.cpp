// Opening, flushing and closing of stdio streams.
#include <cstdio>

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

__attribute__((destructor)) void at_exit() {
  flush_at_exit(real_stdio());
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
DAXEMU_HOOK(int, fileno, (FILE * stream)) {
  return number_of_stream(stream, [=] { return real_fileno(stream); });
}
DAXEMU_HOOK(int, fileno_unlocked, (FILE * stream)) {
  return number_of_stream(stream, [=] { return real_fileno_unlocked(stream); });
}
