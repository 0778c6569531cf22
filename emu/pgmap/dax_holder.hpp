// Who holds a device (struct dax_holder_operations, since 6.0): a file system or a mapped device that hears of memory
// failures and of the device's end. Beyond the kernel's: he may be asked before a long-term pin.
#pragma once

#include <cstdint>
#include <functional>
#include <shared_mutex>

#include "emu/mm/folio.hpp"

namespace daxemu::pgmap {

inline constexpr int kMfMemPreRemove = 1 << 7; // MF_MEM_PRE_REMOVE (include/linux/mm.h)

// Called with the holder's lock held for reading: none may get or put a holder.
struct HolderOps {
  // Bytes [offset, offset + length) of the device failed; `mf_flags` MF_*. Errors: EOPNOTSUPP passes it on to the
  // generic handling, others end it.
  std::function<Result<void>(std::uint64_t offset, std::uint64_t length, int mf_flags)> notify_failure;
  // With ask_before_longterm: may pages [first, first + nr_pages) of the folio be pinned for long? Errors: what the pin
  // is to fail with.
  std::function<Result<void>(const mm::Folio&, std::uint64_t first, std::uint64_t nr_pages)> longterm_pin;
};

class DaxHolder {
public:
  // fs_dax_get(), fs_dax_get_by_bdev(). Errors: EBUSY (there is one), EINVAL (`who` is nullptr).
  Result<void> get(void* who, HolderOps ops);
  // fs_put_dax(): of somebody else's or nobody's device nothing.
  void put(const void* who);
  [[nodiscard]] void* who() const; // dax_holder(); nullptr: nobody

  // dax_holder_notify_failure() of a device that is alive. Errors: EOPNOTSUPP (nobody, or he has no such operation),
  // the operation's own.
  [[nodiscard]] Result<void> notify_failure(std::uint64_t offset, std::uint64_t length, int mf_flags) const;
  // kill_dax(): tells the holder that the whole device goes, then there is none.
  void kill(int mf_flags);

  // Of pages [first, first + nr_pages) of the device's folios the first that may be pinned for long, asked folio by
  // folio.
  struct Allowed {
    std::uint64_t nr_pages = 0;
    int error = 0; // why not all: the holder's word; EOPNOTSUPP where there is nobody to ask
  };
  [[nodiscard]] Allowed ask_longterm(mm::DevicePages& pages, std::uint64_t first, std::uint64_t nr_pages) const;

private:
  mutable std::shared_mutex lock_; // the kernel's dax_srcu, but who puts waits for who is inside
  void* who_ = nullptr;
  HolderOps ops_;
};

} // namespace daxemu::pgmap
