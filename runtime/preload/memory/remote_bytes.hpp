// Device memory as debuggers reach it: /proc/PID/mem and ptrace(2). The kernel fails with EIO where an extent is not
// present, for it has no way there to wait for who serves a userfaultfd (no FAULT_FLAG_ALLOW_RETRY). The bytes of such
// an extent are the device's, and are moved by its own file, so that a stopped process needs not run.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <sys/types.h>

#include "emu/base/function_ref.hpp"
#include "emu/base/result.hpp"
#include "runtime/preload/ground/fd_table.hpp"

namespace daxemu::preload {

class RemoteBytes {
public:
  enum class Way { out_of, into };

  // Moves `size` bytes between `memory` and the memory of the process at `address`: as many as are a device's from
  // there on. Errors: EIO (none is, or it may not be written to), EFAULT (`memory`), those of opening the device's
  // bytes.
  static Result<std::size_t> move(pid_t process, std::uint64_t address, Way way, void* memory, std::size_t size);

  // What a transfer of `fd` has come to: `result` of what `again` does, if it is not one of /proc/PID/mem that the
  // kernel has given up at an absent extent. `offset` < 0: at the description's position.
  static ssize_t settle(int fd, Way way, const void* memory, std::size_t size, std::int64_t offset,
                        FunctionRef<ssize_t()> again, ssize_t result) {
    const bool given_up = result < 0 ? errno == EIO : static_cast<std::size_t>(result) < size;
    return given_up && FdTable::get(fd) == FdClass::unknown
               ? settle_slow(fd, way, const_cast<void*>(memory), size, offset, again, result)
               : result;
  }

  // ptrace(2) has said EIO to this request. True: it is one of a word of the process's memory, and done now; a word
  // that was read is in `word`.
  static bool move_word(long request, pid_t process, std::uint64_t address, long& word);

private:
  static ssize_t settle_slow(int fd, Way way, void* memory, std::size_t size, std::int64_t offset,
                             FunctionRef<ssize_t()> again, ssize_t result);
};

} // namespace daxemu::preload
