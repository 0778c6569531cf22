// The objects of a topology, found by number and by each other.
#pragma once

#include <cstdint>
#include <span>

#include "emu/store/store.hpp"

namespace daxemu::cxl {

using store::CxlDecoderRecord;
using store::CxlDportRecord;
using store::CxlMemdevRecord;
using store::CxlMode;
using store::CxlPciKind;
using store::CxlPciRecord;
using store::CxlPoisonRecord;
using store::CxlPortKind;
using store::CxlPortRecord;
using store::CxlRegionRecord;
using store::CxlRegionState;
using store::CxlState;

// Has the platform a CXL topology?
[[nodiscard]] inline bool is_present(const store::Store& store) {
  return store.cxl().state.present != 0;
}

// Records ever used; free ones among them say so.
[[nodiscard]] std::span<CxlPciRecord> pci_functions(const store::Store& store);
[[nodiscard]] std::span<CxlPortRecord> ports(const store::Store& store);
[[nodiscard]] std::span<CxlDportRecord> dports(const store::Store& store);
[[nodiscard]] std::span<CxlDecoderRecord> decoders(const store::Store& store);
[[nodiscard]] std::span<CxlMemdevRecord> memdevs(const store::Store& store);
[[nodiscard]] std::span<CxlRegionRecord> regions(const store::Store& store);

// What a reference (index + 1) names; nullptr: 0, or out of the table.
[[nodiscard]] CxlPciRecord* pci_at(const store::Store& store, std::uint32_t reference);
[[nodiscard]] CxlPortRecord* port_at(const store::Store& store, std::uint32_t reference);
[[nodiscard]] CxlDportRecord* dport_at(const store::Store& store, std::uint32_t reference);
[[nodiscard]] CxlDecoderRecord* decoder_at(const store::Store& store, std::uint32_t reference);
[[nodiscard]] CxlMemdevRecord* memdev_at(const store::Store& store, std::uint32_t reference);
[[nodiscard]] CxlRegionRecord* region_at(const store::Store& store, std::uint32_t reference);

// The reference (index + 1) of a record of the store's tables.
[[nodiscard]] std::uint32_t reference_of(const store::Store& store, const CxlPciRecord& pci);
[[nodiscard]] std::uint32_t reference_of(const store::Store& store, const CxlPortRecord& port);
[[nodiscard]] std::uint32_t reference_of(const store::Store& store, const CxlDportRecord& dport);
[[nodiscard]] std::uint32_t reference_of(const store::Store& store, const CxlDecoderRecord& decoder);
[[nodiscard]] std::uint32_t reference_of(const store::Store& store, const CxlMemdevRecord& memdev);
[[nodiscard]] std::uint32_t reference_of(const store::Store& store, const CxlRegionRecord& region);

[[nodiscard]] CxlPortRecord& port_of(const store::Store& store, const CxlDecoderRecord& decoder);
// Of an endpoint decoder.
[[nodiscard]] CxlMemdevRecord& memdev_of(const store::Store& store, const CxlDecoderRecord& decoder);
// The window that a region lies in.
[[nodiscard]] CxlDecoderRecord& root_decoder_of(const store::Store& store, const CxlRegionRecord& region);
[[nodiscard]] CxlDecoderRecord* decoder_of(const store::Store& store, const CxlPortRecord& port, std::uint32_t id);
[[nodiscard]] inline bool is_root_decoder(const store::Store& store, const CxlDecoderRecord& decoder) {
  return port_of(store, decoder).kind == CxlPortKind::root;
}
[[nodiscard]] inline bool is_endpoint_decoder(const store::Store& store, const CxlDecoderRecord& decoder) {
  return port_of(store, decoder).kind == CxlPortKind::endpoint;
}
// Committed.
[[nodiscard]] inline bool is_enabled(const CxlDecoderRecord& decoder) {
  return (decoder.flags & store::kCxlEnabled) != 0;
}
// The memdev called memN, or nullptr.
[[nodiscard]] CxlMemdevRecord* memdev_named(const store::Store& store, std::string_view name);

// The CXL region that a dax or nd region was made of, or nullptr.
[[nodiscard]] CxlRegionRecord* region_behind(const store::Store& store, const store::RegionRecord& region);

} // namespace daxemu::cxl
