// stdio on emulated nodes. libc's own reads and writes of a FILE do not pass through the interposed read and write. On
// a device they fail as they should as long as the descriptor's position is where it is to be (node_position.hpp),
// which is seen to wherever libc moves it; the text that a stream has written into an attribute's file is handed over
// when the stream is flushed or closed (VnodeFiles::harvest).
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
// fseek(3), rewind(3), fsetpos(3), and ftell(3), fgetpos(3) by the position they say.
int reposition_stream(FILE* stream, FunctionRef<int()> real);
int seek_stream(FILE* stream, off_t offset, int whence, FunctionRef<int(off_t)> real);
off_t tell_stream(FILE* stream, FunctionRef<off_t()> real);
// A new program: what opened its standard streams may have had no chance to put the position (posix_spawn(3)).
void settle_standard_streams();
// Is there anything that flush_at_exit() would have to look at? Of nearly every program not.
[[nodiscard]] bool flushes_at_exit();
// At exit: text for an attribute that stdout is redirected to. Nobody is left to hear of an error.
void flush_at_exit(const RealStdio& stdio);

} // namespace daxemu::preload
