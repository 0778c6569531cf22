#include "runtime/fault/memory/others_memory.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/units.hpp"

namespace daxemu::fault {
namespace {

// struct procmap_query of linux/fs.h, newer than the C library's headers.
struct Query {
  std::uint64_t size;
  std::uint64_t flags;
  std::uint64_t address;
  std::uint64_t start;
  std::uint64_t end;
  std::uint64_t vma_flags;
  std::uint64_t page_size;
  std::uint64_t offset;
  std::uint64_t inode;
  std::uint64_t rest[4];
};
constexpr std::uint64_t kShared = 0x08; // in vma_flags
constexpr std::uint64_t kCoveringOrNext = 0x10;
constexpr unsigned long kProcmapQuery = _IOWR('f', 17, Query);

// Not on the stack, which may be memory that faults (table_lock.hpp).
constinit Query g_query{};

} // namespace

std::optional<OthersMapping> others_mapping_from(std::uint64_t address) noexcept {
  auto raw = sys::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return std::nullopt;
  }
  const UniqueFd maps(*raw);
  g_query = {sizeof(Query), kCoveringOrNext, address, 0, 0, 0, 0, 0, 0, {}};
  if (!sys::call(SYS_ioctl, maps.get(), static_cast<long>(kProcmapQuery), reinterpret_cast<long>(&g_query))) {
    return std::nullopt;
  }
  return OthersMapping{g_query.start, g_query.end, (g_query.vma_flags & kShared) != 0, g_query.inode};
}

// msync(2) has no pointer to follow, and does nothing.
bool all_mapped(std::uint64_t start, std::uint64_t end) noexcept {
  return sys::call(SYS_msync, static_cast<long>(start), static_cast<long>(end - start), MS_ASYNC).has_value();
}

// mremap(2) to the same place and length changes nothing, and is refused.
bool is_sealed_others(std::uint64_t address) noexcept {
  const auto page = reinterpret_cast<void*>(align_down(address, kPageSize));
  const auto same = sys::mremap(page, kPageSize, kPageSize, 0, nullptr);
  return !same && same.error() == Errno{EPERM};
}

// MADV_POPULATE_READ and _WRITE refuse what a mapping has no right for, and end at a hole (madvise_populate).
bool others_reachable(std::uint64_t start, std::uint64_t end, int right) noexcept {
  constexpr int kPopulateRead = 22; // newer than the C library's headers
  constexpr int kPopulateWrite = 23;
  const auto comes_through = [start, end](int advice) {
    return sys::madvise(reinterpret_cast<void*>(start), end - start, advice).has_value();
  };
  return ((right & PROT_READ) != 0 && comes_through(kPopulateRead)) ||
         ((right & PROT_WRITE) != 0 && comes_through(kPopulateWrite));
}

} // namespace daxemu::fault
