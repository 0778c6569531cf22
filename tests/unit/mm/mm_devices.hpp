// Devices made of nothing but their folio records, for tests of the model.
#pragma once

#include <string>

#include <sys/mman.h>

#include <gtest/gtest.h>

#include "emu/mm/mem_map.hpp"

namespace daxemu::mm {

inline UniqueFd folio_file(std::uint64_t extents) {
  auto fd = sys::memfd_create("folios", MFD_CLOEXEC);
  EXPECT_TRUE(fd);
  EXPECT_TRUE(sys::ftruncate(*fd, FolioTable::file_size(extents)));
  return UniqueFd(*fd);
}
inline UniqueFd second_fd(int fd) {
  return UniqueFd(sys::dup_above(fd, 3).value());
}

// A device of `folios` folios of `order` at `first`, in one range, whose folio file is `file`.
inline std::shared_ptr<DevicePages> device_at(std::uint64_t first, unsigned order, std::uint64_t folios, int file,
                                              bool starts_at_one = true) {
  DevicePages::Spec spec;
  spec.order = order;
  spec.ranges = {{Pfn(first), folios << order, 0}};
  spec.folios = FolioTable::map(file, folios).value();
  spec.holders = HolderTable::open(second_fd(file), folios).value();
  spec.starts_at_one = starts_at_one;
  auto made = DevicePages::make(std::move(spec));
  EXPECT_TRUE(made) << made.error().what;
  return *made;
}
inline std::shared_ptr<DevicePages> device_at(std::uint64_t first, unsigned order, std::uint64_t folios) {
  const UniqueFd file = folio_file(folios);
  return device_at(first, order, folios, file.get());
}

} // namespace daxemu::mm
