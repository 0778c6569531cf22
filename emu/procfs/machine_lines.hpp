// The lines that /proc/devices, /proc/modules and /proc/iomem have more on a machine with the platform's devices, as
// Linux 6.1 has them. No allocation.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "emu/base/function_ref.hpp"
#include "emu/base/text/fixed_string.hpp"
#include "emu/store/store.hpp"
#include "emu/sysfs/tree/tree.hpp"

namespace daxemu::procfs {

// A character device's major number (chrdev_show in fs/char_dev.c).
struct CharMajor {
  std::uint32_t number = 0;
  std::string_view name;
};
// Ascending by number: those of the dax and nd buses, and of memdevs and DIMMs where there is CXL.
struct CharMajors {
  std::array<CharMajor, 4> all{};
  std::size_t count = 0;
  [[nodiscard]] std::size_t size() const { return count; }
  [[nodiscard]] const CharMajor& operator[](std::size_t at) const { return all[at]; }
};
[[nodiscard]] CharMajors char_majors(const store::Store& store);

// Is it one of ours, whatever the machine says of it?
[[nodiscard]] bool is_char_name(const store::Store& store, std::string_view name);

// A module as if loaded (m_show in kernel/module/procfs.c), without its address.
struct ModuleLine {
  std::string_view name;
  std::uint64_t size = 0; // bytes
  std::uint64_t references = 0;
  FixedString<128> users; // "nd_pmem,nd_btt,", or "-"
};
// Newest first, as the kernel lists them: users before what they use.
void each_module(const sysfs::Tree& tree, FunctionRef<void(const ModuleLine&)> each);

// A line of /proc/iomem (r_show in kernel/resource.c).
struct Resource {
  std::uint64_t start = 0; // physical address
  std::uint64_t last = 0;  // of its last byte
  unsigned depth = 0;      // 0: in none of ours
  FixedString<32> name;
};
// In the kernel's order: by address, the outer ones first.
void each_resource(const store::Store& store, FunctionRef<void(const Resource&)> each);

} // namespace daxemu::procfs
