#include "emu/cxl/region/decoder_registers.hpp"

#include <algorithm>

#include "emu/cxl/interleave.hpp"

namespace daxemu::cxl {
namespace {

using store::CxlRegistersRecord;

// Targets that the registers of a decoder have room for (CXL HDM Decoder n Target List Low and High).
constexpr std::uint32_t kRegisterTargets = 8;
// One way of 256 to target 0: registers of zeroes.
constexpr CxlRegistersRecord kIdle = {.ways = 1, .granularity = kMinGranularity};

// The function that has the registers.
std::uint32_t function_of(const store::Store& store, const CxlDecoderRecord& decoder) {
  const CxlPortRecord& port = port_of(store, decoder);
  return port.kind == CxlPortKind::endpoint ? memdev_of(store, decoder).pci : port.uport;
}

// Its registers, or the first free ones; nullptr: none are left.
CxlRegistersRecord* registers_of(const store::Store& store, const CxlDecoderRecord& decoder) {
  CxlState& state = store.cxl().state;
  const std::uint32_t function = function_of(store, decoder);
  const auto end = state.registers.begin() + state.registers_used;
  const auto found = std::find_if(state.registers.begin(), end, [&](const CxlRegistersRecord& record) {
    return record.function == function && record.decoder == decoder.id;
  });
  return found == state.registers.end() ? nullptr : &*found;
}

CxlRegistersRecord said_by_registers(const store::Store& store, const CxlDecoderRecord& decoder) {
  const CxlRegistersRecord* found = registers_of(store, decoder);
  return found == nullptr || found->function == 0 ? kIdle : *found;
}

} // namespace

void program_registers(const store::Store& store, const CxlDecoderRecord& decoder) {
  CxlRegistersRecord* record = registers_of(store, decoder);
  if (record == nullptr) {
    return;
  }
  CxlState& state = store.cxl().state;
  const auto number = static_cast<std::uint32_t>(record - state.registers.data()) + 1;
  state.registers_used = std::max(state.registers_used, number);
  *record = {.function = function_of(store, decoder),
             .decoder = decoder.id,
             .ways = decoder.ways,
             .granularity = decoder.granularity};
  for (std::size_t at = 0; at < record->target_ids.size() && at < decoder.ways; ++at) {
    if (const CxlDportRecord* dport = dport_at(store, decoder.targets[at]); dport != nullptr) {
      record->target_ids[at] = static_cast<std::uint8_t>(dport->port_id);
    }
  }
}

void read_registers(const store::Store& store, CxlDecoderRecord& decoder) {
  const CxlRegistersRecord said = said_by_registers(store, decoder);
  decoder.ways = said.ways;
  decoder.granularity = said.granularity;
  if (is_endpoint_decoder(store, decoder)) {
    return;
  }
  decoder.nr_targets = kRegisterTargets;
  for (std::size_t at = 0; at < said.target_ids.size() && at < said.ways; ++at) {
    const std::span all = dports(store);
    const auto named = std::ranges::find_if(all, [&](const CxlDportRecord& dport) {
      return dport.port == decoder.port && dport.port_id == said.target_ids[at];
    });
    decoder.targets[at] = named == all.end() ? 0 : reference_of(store, *named);
  }
}

void fill_targets(const store::Store& store, const CxlDportRecord& dport) {
  for (CxlDecoderRecord& decoder : decoders(store)) {
    if (decoder.port != dport.port) {
      continue;
    }
    const CxlRegistersRecord said = said_by_registers(store, decoder);
    const std::size_t ways = std::min<std::size_t>(decoder.ways, said.target_ids.size());
    const auto end = said.target_ids.begin() + static_cast<std::ptrdiff_t>(ways);
    const auto named = std::find(said.target_ids.begin(), end, dport.port_id);
    const auto at = static_cast<std::size_t>(named - said.target_ids.begin());
    if (named != end && decoder.targets[at] == 0) {
      decoder.targets[at] = reference_of(store, dport);
    }
  }
}

} // namespace daxemu::cxl
