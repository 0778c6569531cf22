// This process's part of the pin ledger of one device: what the kernel holds of it for calls of this process. Made when
// the first such call comes, kept until the process ends.
#pragma once

#include <cstdint>

#include "emu/base/function_ref.hpp"
#include "emu/mm/hold.hpp"
#include "emu/pgmap/memory_types.hpp"
#include "runtime/fault/devices/device_view.hpp"

namespace daxemu::preload {

// How a call holds pages: as pins or references, for long or not.
struct HoldKind {
  mm::HoldBy by = mm::HoldBy::call;
  bool pin = false;
  bool longterm = false;
};
inline constexpr HoldKind kFixedBuffer{mm::HoldBy::io_uring, true, true}; // io_pin_pages: FOLL_LONGTERM
inline constexpr HoldKind kMemoryRegion{mm::HoldBy::rdma, true, true};    // ib_umem_get: FOLL_LONGTERM
inline constexpr HoldKind kPipePage{mm::HoldBy::vmsplice, false, false};  // iter_to_pipe: FOLL_GET
inline constexpr HoldKind kDirectIo{mm::HoldBy::direct_io, false, false}; // bio_iov_iter_get_pages: FOLL_GET in 6.1

class HeldDevice {
public:
  // That of the device behind `view`, opened now if need be; nullptr: its folio file cannot be opened, or there is no
  // more room (kMost). May allocate.
  [[nodiscard]] static HeldDevice* of(const fault::DeviceView& view, const Profile& profile);
  // In a forked child: it holds nothing.
  static void forget_all();

  // May pages [pgoff, pgoff + nr_pages) be pinned for long? Asks the plugin, folio by folio, if its memory is of those
  // who want to be asked. Errors: its first refusal.
  [[nodiscard]] Result<void> ask_longterm(std::uint64_t pgoff, std::uint64_t nr_pages) const;
  // Pages [pgoff, pgoff + nr_pages). `site`: a return address or 0. Errors: EFAULT (poisoned, as user space sees it),
  // ENOMEM (a count is full, or as many holders as there can be); then nothing is held.
  Result<void> take(std::uint64_t pgoff, std::uint64_t nr_pages, HoldKind kind, std::uint64_t site);
  // Allocates nothing: the watcher's thread calls it.
  void drop(std::uint64_t pgoff, std::uint64_t nr_pages, HoldKind kind);

  [[nodiscard]] pgmap::Behaviours behaviours() const { return behaviours_; }

private:
  static constexpr std::size_t kMost = 256;
  [[nodiscard]] static HeldDevice* all();
  HeldDevice(const fault::DeviceView& view, const Profile& profile, mm::FolioTable folios, mm::HolderTable holders);
  void release(std::uint64_t pgoff, std::uint64_t nr_pages, HoldKind kind);
  // Calls visit(extent, pages of it) for each folio of the run; stops when it returns false.
  void each_folio(std::uint64_t pgoff, std::uint64_t nr_pages,
                  FunctionRef<bool(std::uint64_t, std::uint32_t)> visit) const;

  const fault::DeviceView* view_;
  pgmap::Behaviours behaviours_;
  unsigned order_;
  mm::FolioTable folios_;
  mm::HolderTable holders_;
};

} // namespace daxemu::preload
