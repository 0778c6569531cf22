// stdio on emulated nodes. libc's own reads and writes of a FILE do not pass through the interposed read and write:
// a stream on a device is therefore one of cookie functions that refuse as the device does, and the text that a stream
// has written into an attribute's file is handed over when the stream is flushed or closed (VnodeFiles::harvest).
#pragma once

#include <cstdio>

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

struct RealStdio {
  FILE* (*over)(int, const char*); // fdopen
  int (*number)(FILE*);            // fileno
  int (*flush)(FILE*);
  int (*close)(FILE*);
};

[[nodiscard]] FILE* open_stream(const char* path, const char* mode, const RealStdio& stdio,
                                FunctionRef<FILE*(const char*)> real);
[[nodiscard]] FILE* open_stream_over(int fd, const char* mode, const RealStdio& stdio);
// freopen(3); `real` reopens the same stream on a path with a mode.
[[nodiscard]] FILE* reopen_stream(const char* path, const char* mode, FILE* stream, const RealStdio& stdio,
                                  FunctionRef<FILE*(const char*, const char*)> real);
int flush_stream(FILE* stream, const RealStdio& stdio, FunctionRef<int()> real);
int close_stream(FILE* stream, const RealStdio& stdio);
// fileno(3) of a cookie stream, or what libc says.
int number_of_stream(FILE* stream, FunctionRef<int()> real);
// At exit: text for an attribute that stdout is redirected to. Nobody is left to hear of an error.
void flush_at_exit(const RealStdio& stdio);

} // namespace daxemu::preload
