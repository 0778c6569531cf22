#include "emu/base/program/later_relocations.hpp"

#include <cstdlib>
#include <span>

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "emu/base/kernel/sys.hpp"

// Its name is how runtime/preload/link finds it.
extern "C" {
extern __attribute__((visibility("hidden"))) const daxemu::LaterRelocations daxemu_later_relocations;
const daxemu::LaterRelocations daxemu_later_relocations = {};
}

namespace daxemu::detail {
namespace {

constexpr int kPopulateWrite = 23; // MADV_POPULATE_WRITE of Linux 5.14, newer than the C library's headers

// How many write at this moment. All write the same, so that nobody has to wait for another.
constinit std::atomic<int> writers{0};

bool protect(std::uintptr_t base, const LaterRelocations& what, int prot) {
  auto* const begin = reinterpret_cast<void*>(base + what.protected_begin); // NOLINT(performance-no-int-to-ptr)
  const std::size_t length = what.protected_end - what.protected_begin;
  if (!sys::mprotect(begin, length, prot)) {
    return false;
  }
  if ((prot & PROT_WRITE) != 0) {
    (void)sys::madvise(begin, length, kPopulateWrite); // one call in place of a fault for each page
  }
  return true;
}

// As a debugger does, into pages that are read-only and private (FOLL_FORCE in mem_rw of fs/proc/base.c): for a program
// whose filter refuses mprotect(2). There is nobody to be told where that is refused too, and nothing that could go on.
class Written {
public:
  explicit Written(bool in_place)
      : memory_(in_place ? -1 : sys::open("/proc/self/mem", O_RDWR | O_CLOEXEC).value_or(-1)) {
    if (!in_place && memory_ < 0) {
      std::abort();
    }
  }
  Written(const Written&) = delete;
  Written& operator=(const Written&) = delete;
  ~Written() {
    if (memory_ >= 0) {
      (void)sys::close(memory_);
    }
  }
  void put(std::uintptr_t address, std::uint64_t value) const {
    if (memory_ < 0) {
      __atomic_store_n(reinterpret_cast<std::uint64_t*>(address), value, __ATOMIC_RELAXED); // NOLINT
    } else if (sys::pwrite(memory_, &value, sizeof value, address) != sizeof value) {
      std::abort();
    }
  }

private:
  int memory_;
};

} // namespace

constinit std::atomic<bool> tables_are_ready{false};

void make_tables_ready() noexcept {
  const LaterRelocations* table = &daxemu_later_relocations;
  __asm__("" : "+r"(table)); // what the compiler sees there is not what is read
  const LaterRelocations what = *table;
  if (what.count == 0) {
    tables_are_ready.store(true, std::memory_order_release);
    return;
  }
  const std::uintptr_t base = reinterpret_cast<std::uintptr_t>(table) - what.own;
  writers.fetch_add(1);
  // Who comes so late that the last one may have protected them again does not write.
  if (!tables_are_ready.load()) {
    const Written written(protect(base, what, PROT_READ | PROT_WRITE));
    const auto* const first = reinterpret_cast<const Elf64_Rela*>(base + what.entries); // NOLINT
    for (const Elf64_Rela& entry : std::span(first, what.count)) {
      written.put(base + entry.r_offset, base + static_cast<std::uint64_t>(entry.r_addend));
    }
    tables_are_ready.store(true);
  }
  if (writers.fetch_sub(1) == 1) {
    (void)protect(base, what, PROT_READ);
  }
}

} // namespace daxemu::detail
