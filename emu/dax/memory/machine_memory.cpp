#include "emu/dax/memory/machine_memory.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <filesystem>
#include <fstream>

#include "emu/base/units.hpp"
#include "emu/dax/builder.hpp"

namespace daxemu::dax {
namespace {

// The number behind `prefix` in a directory entry's name, if it is one.
bool numbered(const std::string& name, const std::string& prefix, std::uint64_t& number) {
  if (!name.starts_with(prefix)) {
    return false;
  }
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + prefix.size(), end, number);
  return error == std::errc() && rest == end;
}

// One past the highest number of `prefix`N in a directory; 0: none.
std::uint64_t numbers_used(const std::string& directory, const std::string& prefix) {
  std::uint64_t used = 0;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
    std::uint64_t number = 0;
    if (numbered(entry.path().filename(), prefix, number)) {
      used = std::max(used, number + 1);
    }
  }
  return used;
}

} // namespace

MachineMemory machine_memory(const std::string& system) {
  MachineMemory machine;
  std::uint64_t size = 0;
  if (std::ifstream(system + "/memory/block_size_bytes") >> std::hex >> size && std::has_single_bit(size) &&
      size >= machine.block_size) {
    machine.block_size = size;
  }
  machine.first_free_address =
      std::max(kFirstRegionStart, align_up(numbers_used(system + "/memory", "memory") * machine.block_size, kPudSize));
  machine.first_new_node =
      static_cast<std::int32_t>(std::max<std::uint64_t>(numbers_used(system + "/node", "node"), 1));
  return machine;
}

} // namespace daxemu::dax
