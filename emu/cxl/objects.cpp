#include "emu/cxl/objects.hpp"

#include <algorithm>
#include <string>

#include "emu/nd/media/cxl_ways.hpp"

namespace daxemu::cxl {
namespace {

template <class Record, std::size_t Size>
std::span<Record> used(std::array<Record, Size>& table, std::uint32_t count) {
  return {table.data(), std::min<std::size_t>(count, Size)};
}
template <class Record, std::size_t Size>
Record* at(std::array<Record, Size>& table, std::uint32_t reference) {
  return reference == 0 || reference > Size ? nullptr : &table[reference - 1];
}
template <class Record, std::size_t Size>
std::uint32_t reference(const std::array<Record, Size>& table, const Record& record) {
  return static_cast<std::uint32_t>(&record - table.data()) + 1;
}
CxlState& state(const store::Store& store) {
  return store.cxl().state;
}

} // namespace

std::span<CxlPciRecord> pci_functions(const store::Store& store) {
  return used(state(store).pci, state(store).pci_used);
}
std::span<CxlPortRecord> ports(const store::Store& store) {
  return used(state(store).ports, state(store).ports_used);
}
std::span<CxlDportRecord> dports(const store::Store& store) {
  return used(state(store).dports, state(store).dports_used);
}
std::span<CxlDecoderRecord> decoders(const store::Store& store) {
  return used(state(store).decoders, state(store).decoders_used);
}
std::span<CxlMemdevRecord> memdevs(const store::Store& store) {
  return used(state(store).memdevs, state(store).memdevs_used);
}
std::span<CxlRegionRecord> regions(const store::Store& store) {
  return used(state(store).regions, state(store).regions_used);
}

CxlPciRecord* pci_at(const store::Store& store, std::uint32_t number) {
  return at(state(store).pci, number);
}
CxlPortRecord* port_at(const store::Store& store, std::uint32_t number) {
  return at(state(store).ports, number);
}
CxlDportRecord* dport_at(const store::Store& store, std::uint32_t number) {
  return at(state(store).dports, number);
}
CxlDecoderRecord* decoder_at(const store::Store& store, std::uint32_t number) {
  return at(state(store).decoders, number);
}
CxlMemdevRecord* memdev_at(const store::Store& store, std::uint32_t number) {
  return at(state(store).memdevs, number);
}
CxlRegionRecord* region_at(const store::Store& store, std::uint32_t number) {
  return at(state(store).regions, number);
}

std::uint32_t reference_of(const store::Store& store, const CxlPciRecord& pci) {
  return reference(state(store).pci, pci);
}
std::uint32_t reference_of(const store::Store& store, const CxlPortRecord& port) {
  return reference(state(store).ports, port);
}
std::uint32_t reference_of(const store::Store& store, const CxlDportRecord& dport) {
  return reference(state(store).dports, dport);
}
std::uint32_t reference_of(const store::Store& store, const CxlDecoderRecord& decoder) {
  return reference(state(store).decoders, decoder);
}
std::uint32_t reference_of(const store::Store& store, const CxlMemdevRecord& memdev) {
  return reference(state(store).memdevs, memdev);
}
std::uint32_t reference_of(const store::Store& store, const CxlRegionRecord& region) {
  return reference(state(store).regions, region);
}

CxlPortRecord& port_of(const store::Store& store, const CxlDecoderRecord& decoder) {
  return state(store).ports[(decoder.port - 1) % store::kMaxCxlPorts];
}
CxlMemdevRecord& memdev_of(const store::Store& store, const CxlDecoderRecord& decoder) {
  return state(store).memdevs[(port_of(store, decoder).uport - 1) % store::kMaxCxlMemdevs];
}
CxlDecoderRecord& root_decoder_of(const store::Store& store, const CxlRegionRecord& region) {
  return state(store).decoders[(region.root_decoder - 1) % store::kMaxCxlDecoders];
}

CxlDecoderRecord* decoder_of(const store::Store& store, const CxlPortRecord& port, std::uint32_t id) {
  const std::uint32_t owner = reference_of(store, port);
  const std::span all = decoders(store);
  const auto found = std::find_if(all.begin(), all.end(), [&](const CxlDecoderRecord& decoder) {
    return decoder.port == owner && decoder.id == id;
  });
  return found == all.end() ? nullptr : &*found;
}

CxlMemdevRecord* memdev_named(const store::Store& store, std::string_view name) {
  const std::span all = memdevs(store);
  const auto found = std::find_if(all.begin(), all.end(), [&](const CxlMemdevRecord& memdev) {
    return memdev.used != 0 && name == "mem" + std::to_string(memdev.id); // short: allocates nothing
  });
  return found == all.end() ? nullptr : &*found;
}

CxlRegionRecord* region_behind(const store::Store& store, const store::RegionRecord& region) {
  return nd::cxl_region_of(store, region);
}

} // namespace daxemu::cxl
