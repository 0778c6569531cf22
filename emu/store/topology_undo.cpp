#include "emu/store/topology_undo.hpp"

#include <algorithm>
#include <cstddef>

namespace daxemu::store {
namespace {

// The first `used` entries; of those behind them that `to` has used, nothing is left.
template <class Record, std::size_t Size>
void copy_table(const std::array<Record, Size>& from, std::uint32_t used, std::array<Record, Size>& to,
                std::uint32_t used_there) {
  const std::size_t count = std::min<std::size_t>(used, Size);
  const std::size_t end = std::clamp<std::size_t>(used_there, count, Size);
  std::copy_n(from.begin(), count, to.begin());
  std::fill(to.begin() + static_cast<std::ptrdiff_t>(count), to.begin() + static_cast<std::ptrdiff_t>(end), Record{});
}

void copy_state(const CxlState& from, CxlState& to) {
  copy_table(from.pci, from.pci_used, to.pci, to.pci_used);
  copy_table(from.ports, from.ports_used, to.ports, to.ports_used);
  copy_table(from.dports, from.dports_used, to.dports, to.dports_used);
  copy_table(from.decoders, from.decoders_used, to.decoders, to.decoders_used);
  copy_table(from.memdevs, from.memdevs_used, to.memdevs, to.memdevs_used);
  copy_table(from.regions, from.regions_used, to.regions, to.regions_used);
  copy_table(from.registers, from.registers_used, to.registers, to.registers_used);
  static_assert(offsetof(CxlState, present) == 0); // all before the tables is one stretch of numbers
  std::copy_n(reinterpret_cast<const std::byte*>(&from), offsetof(CxlState, pci), reinterpret_cast<std::byte*>(&to));
}

} // namespace

void keep_topology(CxlRecord& record) {
  copy_state(record.state, record.before);
  record.changing.store(1, std::memory_order_release); // last: until now there is nothing to put back
}

void forget_topology(CxlRecord& record) {
  record.changing.store(0, std::memory_order_release);
}

void put_topology_back(CxlRecord& record) {
  if (record.changing.load(std::memory_order_acquire) == 1) {
    copy_state(record.before, record.state);
    record.poison_seen = 0; // the lists of memdevs may be those of before: they are read again
  }
  record.changing.store(0, std::memory_order_release);
}

} // namespace daxemu::store
