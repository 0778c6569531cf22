#include "emu/cxl/written_name.hpp"

#include <charconv>
#include <optional>

#include "emu/cxl/enumeration/mem_probe.hpp"

namespace daxemu::cxl {
namespace {

// "12": digits as the kernel prints them, no other way of writing the number.
std::optional<std::uint32_t> number_in(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_whole = error == std::errc{} && end == text.data() + text.size();
  return is_whole && (text.size() == 1 || text.front() != '0') ? std::optional(value) : std::nullopt;
}

// The number of "region12" if `prefix` is "region".
std::optional<std::uint32_t> number_behind(std::string_view prefix, std::string_view name) {
  return name.starts_with(prefix) ? number_in(name.substr(prefix.size())) : std::nullopt;
}

template <class Record, class Is>
Record* find_in(std::span<Record> records, Is is) {
  const auto found = std::find_if(records.begin(), records.end(), is);
  return found == records.end() ? nullptr : &*found;
}

CxlPortRecord* port_called(const store::Store& store, std::string_view name) {
  struct Row {
    std::string_view prefix;
    bool is_endpoint;
    bool is_root;
  };
  for (const Row& row : {Row{"root", false, true}, Row{"port", false, false}, Row{"endpoint", true, false}}) {
    if (const auto id = number_behind(row.prefix, name)) {
      return find_in(ports(store), [&](const CxlPortRecord& port) {
        return port.kind != CxlPortKind::none && port.id == *id && (port.kind == CxlPortKind::root) == row.is_root &&
               (port.kind == CxlPortKind::endpoint) == row.is_endpoint;
      });
    }
  }
  return nullptr;
}

CxlDecoderRecord* decoder_called(const store::Store& store, std::string_view name) {
  constexpr std::string_view kPrefix = "decoder";
  const std::size_t dot = name.find('.');
  if (!name.starts_with(kPrefix) || dot == std::string_view::npos) {
    return nullptr;
  }
  const auto port = number_in(name.substr(kPrefix.size(), dot - kPrefix.size()));
  const auto id = number_in(name.substr(dot + 1));
  if (!port || !id) {
    return nullptr;
  }
  return find_in(decoders(store), [&](const CxlDecoderRecord& decoder) {
    return decoder.port != 0 && decoder.id == *id && port_of(store, decoder).id == *port;
  });
}

} // namespace

Named find_on_bus(const store::Store& store, std::string_view written) {
  const std::string_view name = without_newline(written);
  Named named;
  named.port = port_called(store, name);
  named.decoder = decoder_called(store, name);
  if (const auto id = number_behind("mem", name)) {
    named.memdev =
        find_in(memdevs(store), [&](const CxlMemdevRecord& memdev) { return memdev.used != 0 && memdev.id == *id; });
  }
  if (const auto id = number_behind("region", name)) {
    named.region =
        find_in(regions(store), [&](const CxlRegionRecord& region) { return region.used != 0 && region.id == *id; });
  }
  for (const auto& [prefix, mode] : {std::pair{"dax_region", CxlMode::ram}, std::pair{"pmem_region", CxlMode::pmem}}) {
    if (const auto id = number_behind(prefix, name)) {
      named.derived = find_in(regions(store), [&, kind = mode](const CxlRegionRecord& region) {
        return region.used != 0 && region.derived != 0 && region.id == *id && region.mode == kind;
      });
    }
  }
  if (const auto id = number_behind("pmem", name)) { // cxl_nvdimm: "pmem%d" of the memdev's id
    named.nvdimm = find_in(memdevs(store), [&](const CxlMemdevRecord& memdev) {
      return memdev.used != 0 && memdev.has_nvdimm != 0 && memdev.id == *id;
    });
  }
  named.is_bridge = name == "nvdimm-bridge0" && has_nvdimm_bridge(store);
  return named;
}

} // namespace daxemu::cxl
