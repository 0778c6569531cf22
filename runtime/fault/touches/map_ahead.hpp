// What is done before it is asked for, when a program goes through a device extent by extent: the extents it will touch
// next are mapped with the one it touches, and the handler thread zeroes further ones (on hugetlb), or has the disk
// read them (with an image), while the program works on these. A wake-up of the handler costs as much as mapping ten
// extents, zeroing one as much as ten wake-ups. And when a program is all over a device, those around the
// one it touches are mapped with it: where they are huge pages that are there, or many small pages, which are left to
// the kernel.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "emu/base/units.hpp"
#include "runtime/fault/mappings/vma_table.hpp"
#include "runtime/fault/process/table_lock.hpp"
#include "runtime/fault/touches/resolver.hpp"

namespace daxemu::fault {

class MapAhead {
public:
  MapAhead(VmaTable& table, TableLock& lock, Resolver& resolver) : table_(table), lock_(lock), resolver_(resolver) {}

  // Off: each first touch of an extent is a fault of its own. Before the first fault.
  void allow(bool allowed) { allowed_.store(allowed, std::memory_order_relaxed); }

  // `address` of `vma` is being touched for the first time. Maps extents behind or around it if the touches so far say
  // so: as far as they are ready, never past the end of the mapping (so neither past what mprotect or madvise made
  // another), of the device, or a poisoned extent. None while a trace is recorded, which is to show each touch, or
  // after MADV_RANDOM. `handler`: the caller is the handler thread, which will be asked to prepare_one().
  void map(const UffdCalls& uffd, const Vma& vma, std::uint64_t address, bool handler);

  // The handler thread, when no fault waits: one extent that is likely to be next is allocated and zeroed, or its bytes
  // are asked of the device's image. False: there is none to be prepared.
  bool prepare_one();
  // And when there is nothing more to be prepared: one that was, and is in memory by now, is brought from the image, so
  // that its touch finds it. Holds up faults as long as the first touch of another thread would. False: there is none.
  bool bring_one();
  // By its last answer, is there one on its way? How long the handler thread may sleep until it asks again, ms; 0:
  // there is none, or it has asked so often for that one that it no longer waits. Each call is a sleep.
  [[nodiscard]] int wait_for_disk();

  // The handler thread: the one that will be touched behind `extent`, if the touches before it said so.
  [[nodiscard]] std::optional<ExtentIndex> next_of(const DeviceView& view, ExtentIndex extent) const;

  // The handler thread has read faults that it has not served yet: none of these is to wait for extents nobody asked
  // for.
  void others_wait(bool wait) { others_wait_ = wait; }

private:
  // Tells the disk of the next extents at once.
  void expect_next();
  // What touched() and around() say of this touch.
  struct Guess {
    std::uint64_t behind = 0;
    std::uint64_t around = 0; // those of the aligned block of so many
  };
  [[nodiscard]] static Guess guess(const Vma& vma, ExtentIndex extent);
  // May it be mapped now, unasked for?
  [[nodiscard]] static bool is_ready(const Vma& vma, ExtentIndex extent);
  // Under the lock; `touched` is beside them. How many were mapped.
  std::uint64_t map_run(const UffdCalls& uffd, const Vma& vma, ExtentIndex touched, ExtentIndex first,
                        std::uint64_t count);
  void map_around(const UffdCalls& uffd, const Vma& vma, ExtentIndex extent, std::uint64_t block);
  // Extents from the one behind `extent` on that may be mapped, at most `most`. Under the lock.
  [[nodiscard]] static std::uint64_t ready(const Vma& vma, ExtentIndex extent, std::uint64_t most);
  // Extents of `vma` behind `extent` that are whole and the device's.
  [[nodiscard]] static std::uint64_t remaining(const Vma& vma, ExtentIndex extent);

  // Zeroes the extents that the touch of this one is to wait for, too.
  void await(const UffdCalls& uffd, const Vma& vma, ExtentIndex extent, std::uint64_t window) const;
  // Has prepare_one() prepare `count` extents from `first` on, but those it has prepared already.
  void plan(DeviceView& view, std::uint64_t first, std::uint64_t count);

  VmaTable& table_;
  TableLock& lock_;
  Resolver& resolver_;
  std::atomic<bool> allowed_{true};
  // What the handler thread is to prepare, if anything: [next_, end_) of view_.
  DeviceView* view_ = nullptr;
  std::uint64_t next_ = 0;
  std::uint64_t end_ = 0;
  bool waits_for_disk_ = false;
  bool others_wait_ = false;
  unsigned waits_ = 0;
  std::uint64_t near_ = 0; // [near_, next_) are on their way from the image
};

} // namespace daxemu::fault
