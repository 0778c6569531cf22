// read, write and lseek on the memory files that stand for attributes and directories.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/preload/files/io_calls.hpp"
#include "runtime/preload/names/context.hpp"

namespace daxemu::preload {

// A descriptor that a vnode file was behind when it was last looked at.
[[nodiscard]] bool was_vnode(int fd);

// Of a vnode file; nothing: `fd` is none. `asks`: for a byte at least. Apart: a path has no place on a signal handler's
// stack, from which other files are read.
[[nodiscard]] std::optional<ssize_t> read_named(const Context& context, int fd, bool asks, std::int64_t offset,
                                                RealSize real);
[[nodiscard]] std::optional<ssize_t> write_named(const Context& context, int fd, const iovec* pieces, int count);

// Of what this process has opened to read: does its file hold what the first read(2) is to give, or is it a later one,
// which goes on where that has ended? Then the kernel need not be asked what it is.
[[nodiscard]] bool needs_no_look(const Context& context, int fd, std::int64_t offset);

// generic_file_llseek() on a file of the size that stat says, not of what the memory file holds: a hole behind the text
// would make cp(1) append zeroes.
off_t seek_attribute(const Context& context, int fd, off_t offset, int whence, FunctionRef<off_t()> real);

} // namespace daxemu::preload
