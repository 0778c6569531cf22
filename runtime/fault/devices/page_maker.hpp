// A second thread that makes the huge page of the extent that will be next, while the handler thread reads the bytes of
// this one: the kernel zeroes 2M in 85 us on one machine and in 430 on another, as long as it takes to read them, and
// the processor of the program that waits for its touch has nothing to do meanwhile. One for a process, started with
// its first mapping of a device that has an image, where there is a second processor.
// What it was asked for and has not begun, whoever needs it takes back and makes by himself: nobody ever waits for more
// than the one page that is being made.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "emu/mm/folio_record.hpp"
#include "emu/store/records/records.hpp"
#include "runtime/fault/devices/huge_page_trials.hpp"

namespace daxemu::fault {

class PageMaker {
public:
  // 2M of a device: of hugetlb, or of a file that may have huge pages (huge_page.hpp).
  struct Page {
    int bytes = -1;
    std::uint64_t offset = 0;
    mm::FolioRecord* folio = nullptr;
    bool hugetlb = false;
  };

  [[nodiscard]] static PageMaker& of_process() { return one_; }

  // Once for a process; nothing where there is one processor. `cpus`: as ServiceThread's. Under the table's lock.
  void start(const store::CpuMask& cpus);
  // In a forked child: the thread is its parent's.
  void abandon();
  [[nodiscard]] bool is_there() const { return there_.load(std::memory_order_acquire); }

  // Makes it soon. False: not now, or never. To be asked when the asker has mapped whatever it needs: pages are made
  // under the lock of the address space, as a system call that faults in an extent makes one.
  bool ask(const Page& page);
  // From here on nobody else is at this page: it is made, or was not begun and will not be.
  void settle(const mm::FolioRecord& folio);

private:
  static constexpr std::uint32_t kSlots = 4;
  enum State : std::uint32_t { kFree, kAsked, kMaking };
  struct Slot {
    std::atomic<std::uint32_t> state{kFree};
    std::atomic<const mm::FolioRecord*> folio{nullptr};
    Page page;
  };

  static void live(void* self) noexcept;
  void make_next(std::uint32_t at);
  void make(const Page& page);
  [[nodiscard]] bool prepare();

  static PageMaker one_;

  std::atomic<bool> there_{false};
  std::atomic<bool> asking_{false}; // somebody is in ask()
  std::atomic<std::uint32_t> head_{0};
  std::atomic<std::uint32_t> tail_{0};
  std::array<Slot, kSlots> slots_{};
  std::span<std::byte> place_; // address space for one
  HugePageTrials trials_;      // the thread's
  int small_ = -1;             // of this file the kernel makes none
  void* stack_ = nullptr;
};

} // namespace daxemu::fault
