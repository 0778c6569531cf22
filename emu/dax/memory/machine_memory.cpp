#include "emu/dax/memory/machine_memory.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <string_view>

#include "emu/base/text/text_file.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/builder.hpp"

namespace daxemu::dax {
namespace {

// The number behind `prefix` in a directory entry's name, if it is one.
bool numbered(std::string_view name, std::string_view prefix, std::uint64_t& number) {
  if (!name.starts_with(prefix)) {
    return false;
  }
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + prefix.size(), end, number);
  return error == std::errc() && rest == end;
}

// One past the highest number of `prefix`N in a directory; 0: none.
std::uint64_t numbers_used(const std::string& directory, std::string_view prefix) {
  std::uint64_t used = 0;
  each_name(directory.c_str(), [&](std::string_view name) {
    std::uint64_t number = 0;
    if (numbered(name, prefix, number)) {
      used = std::max(used, number + 1);
    }
  });
  return used;
}

} // namespace

MachineMemory machine_memory(const std::string& system) {
  MachineMemory machine;
  const std::string text = read_text((system + "/memory/block_size_bytes").c_str());
  std::uint64_t size = 0; // hexadecimal there
  (void)std::from_chars(text.data(), text.data() + text.size(), size, 16);
  if (std::has_single_bit(size) && size >= machine.block_size) {
    machine.block_size = size;
  }
  machine.first_free_address =
      std::max(kFirstRegionStart, align_up(numbers_used(system + "/memory", "memory") * machine.block_size, kPudSize));
  machine.first_new_node =
      static_cast<std::int32_t>(std::max<std::uint64_t>(numbers_used(system + "/node", "node"), 1));
  return machine;
}

} // namespace daxemu::dax
