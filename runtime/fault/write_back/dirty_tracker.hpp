// Which extents of a device may have been written to since they were last written back: so that a write-back while
// programs run need not read all that was ever touched. Errs on the side of saying yes, with one gap: a transfer of the
// kernel's into memory that no call of ours has seen (records of emu/gup know io_uring's registered buffers, libaio,
// vmsplice, verbs) may land after its page was looked at. A write-back at a mark asks nobody and compares everything.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "emu/base/result.hpp"
#include "emu/mm/folio_table.hpp"
#include "emu/store/store.hpp"
#include "runtime/fault/write_back/mapped_pieces.hpp"

namespace daxemu::fault {

class DirtyTracker {
public:
  // Processes that map the device from now on have the kernel note what they write to. `device` is of `store`, and both
  // are borrowed. Errors: EBUSY (somebody tracks it already: two would take each other's notes away).
  [[nodiscard]] static Result<std::unique_ptr<DirtyTracker>> start(const store::Store& store,
                                                                   store::DeviceRecord& device);
  DirtyTracker(const DirtyTracker&) = delete;
  DirtyTracker& operator=(const DirtyTracker&) = delete;
  ~DirtyTracker();

  // Gathers what was written to since the last look, before bytes are read: what is written to from now on is found at
  // the next look. `folios` are the device's.
  void look(const mm::FolioTable& folios);
  // May the extent have other bytes than at the last settled()?
  [[nodiscard]] bool may_differ(ExtentIndex extent) const {
    return everything_ || extent.value() >= dirty_.size() || dirty_[extent.value()];
  }
  // Whatever may_differ() since the last look has been written back.
  void settled();

private:
  DirtyTracker(const store::Store& store, store::DeviceRecord& device) : store_(store), device_(device) {}
  void look_into(const MappedPiece& piece, int pagemap, const mm::FolioTable& folios);
  void note_held(const mm::FolioTable& folios);
  void begin_look();
  void end_look(bool judge);
  void mark(std::uint64_t first, std::uint64_t last); // extents [first, last), as found

  // What must be the same at two looks for what page tables say to be all there is: else somebody may have written and
  // gone, with his page table.
  struct Surroundings {
    std::uint64_t incarnation = 0;
    std::uint64_t changes = 0;
    std::vector<MappedPiece> pieces; // neighbours joined
    friend bool operator==(const Surroundings&, const Surroundings&) = default;
  };

  const store::Store& store_;
  store::DeviceRecord& device_;
  Surroundings seen_;
  bool everything_ = true;
  std::vector<bool> dirty_;
  // The first write to a page after a look costs the program a fault. So an extent that is written to between looks all
  // the time is left alone for more and more of them, and counts as written to meanwhile.
  struct Heat {
    std::uint8_t streak = 0; // looks in a row that found it written to, without those it rested at
    std::uint8_t rest = 0;   // looks it is left alone for
    bool resting = false;    // at this one
    bool found = false;      // by this one
  };
  static constexpr std::uint8_t kLongestStreak = 5; // 15 looks of rest
  std::vector<Heat> heat_;
  std::vector<bool> held_; // pinned at the last look: what a device writes there goes by no page table
};

} // namespace daxemu::fault
