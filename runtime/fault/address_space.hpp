// This process's mappings of emulated devices: what mmap(2) of /dev/daxX.Y and every later call on such a range does.
// The one place that knows them; the mmap, signal and fork hooks of runtime/preload forward to it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::fault {

class AddressSpace {
public:
  explicit AddressSpace(const store::Store& store) : store_(&store) {}

  // mmap(2) of `fd`, which is open on `device` (dax_mmap, check_vma and dax_get_unmapped_area in drivers/dax/device.c).
  // Errors: EINVAL (private, unaligned), mmap(2)'s.
  [[nodiscard]] Result<void*> map(store::DeviceRecord& device, int fd, void* hint, std::size_t length, int prot,
                                  int flags, std::uint64_t offset);

  // Does [address, address + length) touch a mapping of ours? Lock-free; a few nanoseconds when there is none.
  [[nodiscard]] bool overlaps(const void* address, std::size_t length) const noexcept;

private:
  const store::Store* store_;
};

} // namespace daxemu::fault
