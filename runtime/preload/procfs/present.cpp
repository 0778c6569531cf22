#include "runtime/preload/procfs/present.hpp"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/units.hpp"
#include "runtime/preload/procfs/proc_text.hpp"

namespace daxemu::preload {
namespace {

constexpr std::uint64_t kPresent = std::uint64_t{1} << 63U; // PM_PRESENT in fs/proc/task_mmu.c

UniqueFd pagemap_of(pid_t process) {
  LineText path;
  path.put("/proc/").decimal(static_cast<std::uint64_t>(process)).put("/pagemap").put(std::string_view("\0", 1));
  const auto opened = sys::open(path.view().data(), O_RDONLY | O_CLOEXEC);
  return UniqueFd(opened.value_or(-1));
}

bool any_in(int pagemap, std::uint64_t start, std::uint64_t end) {
  std::array<std::uint64_t, 512> entries;
  for (std::uint64_t at = start / kPageSize; at < end / kPageSize;) {
    const std::uint64_t count = std::min<std::uint64_t>(end / kPageSize - at, entries.size());
    const auto got = sys::call(SYS_pread64, pagemap, reinterpret_cast<long>(entries.data()),
                               static_cast<long>(count * sizeof entries[0]), static_cast<long>(at * sizeof entries[0]));
    if (!got || *got <= 0) {
      return false;
    }
    const auto read = static_cast<std::ptrdiff_t>(static_cast<std::size_t>(*got) / sizeof entries[0]);
    if (std::any_of(entries.cbegin(), entries.cbegin() + read,
                    [](std::uint64_t entry) { return (entry & kPresent) != 0; })) {
      return true;
    }
    at += count;
  }
  return false;
}

} // namespace

bool any_present(pid_t process, std::uint64_t start, std::uint64_t end) noexcept {
  const UniqueFd pagemap = pagemap_of(process);
  return pagemap && any_in(pagemap.get(), start, end);
}

std::uint64_t present_bytes(pid_t process, std::uint64_t start, std::uint64_t end, std::uint64_t align) noexcept {
  const UniqueFd pagemap = pagemap_of(process);
  std::uint64_t present = 0;
  for (std::uint64_t at = start; pagemap && at < end; at += align) {
    present += any_in(pagemap.get(), at, std::min(at + align, end)) ? align : 0;
  }
  return present;
}

} // namespace daxemu::preload
