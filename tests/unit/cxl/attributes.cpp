#include "tests/unit/cxl/attributes.hpp"

#include <array>
#include <cstdio>
#include <limits>

#include "emu/cxl/drivers.hpp"
#include "emu/cxl/region/dpa.hpp"
#include "emu/cxl/region/regions.hpp"
#include "emu/cxl/written_name.hpp"
#include "emu/sysfs/schema/parse.hpp"
#include "tests/unit/cxl/platform.hpp"

namespace daxemu::cxl {
namespace {

constexpr Errno kNoFile{ENOENT};

std::string hex(std::uint64_t value, int digits = 0) {
  std::array<char, 40> text{};
  (void)std::snprintf(text.data(), text.size(), "0x%0*llx\n", digits, static_cast<unsigned long long>(value));
  return text.data();
}
std::string line(std::uint64_t value) {
  return std::to_string(value) + "\n";
}
std::string mode_name(CxlMode mode) {
  return mode == CxlMode::ram ? "ram\n" : mode == CxlMode::pmem ? "pmem\n" : "none\n";
}
std::string name_of(const store::Store& store, const CxlDecoderRecord& decoder) {
  return "decoder" + std::to_string(port_of(store, decoder).id) + "." + std::to_string(decoder.id);
}
std::string uuid_text(const CxlRegionRecord& region) {
  if (region.mode != CxlMode::pmem) {
    return "\n";
  }
  std::string text;
  for (std::size_t at = 0; at < region.uuid.size(); ++at) {
    std::array<char, 4> byte{};
    (void)std::snprintf(byte.data(), byte.size(), "%02x", region.uuid[at]);
    text += (at == 4 || at == 6 || at == 8 || at == 10 ? "-" : "") + std::string(byte.data());
  }
  return text + "\n";
}

template <class Set>
Result<void> with_number(std::string_view text, Set set) {
  const auto value = sysfs::parse_unsigned(text, 0);
  return value ? set(*value) : fail(value.error().value);
}
// kstrtoint(): what is below zero is no number of ours.
template <class Set>
Result<void> with_int(std::string_view text, Set set) {
  const auto value = sysfs::parse_int(text);
  return !value ? fail(value.error().value) : *value < 0 ? fail(EINVAL) : set(static_cast<std::uint64_t>(*value));
}

std::optional<Result<void>> write_decoder(const store::Store& store, CxlDecoderRecord& decoder, std::string_view file,
                                          std::string_view text) {
  if (is_root_decoder(store, decoder)) {
    if (file == "create_ram_region" || file == "create_pmem_region") {
      const auto made = create_region(store, decoder, file == "create_ram_region" ? CxlMode::ram : CxlMode::pmem, text);
      return made ? Result<void>{} : fail(made.error().value);
    }
    return file == "delete_region" ? std::optional(delete_region(store, decoder, text)) : std::nullopt;
  }
  if (!is_endpoint_decoder(store, decoder)) {
    return std::nullopt;
  }
  if (file == "mode") {
    const CxlMode mode = sysfs::same_text(text, "ram")    ? CxlMode::ram
                         : sysfs::same_text(text, "pmem") ? CxlMode::pmem
                                                          : CxlMode::none;
    return set_mode(store, decoder, mode);
  }
  if (file == "dpa_size") {
    return with_number(text, [&](std::uint64_t size) { return set_dpa_size(store, decoder, size); });
  }
  return std::nullopt;
}

std::optional<Result<void>> write_region(const store::Store& store, CxlRegionRecord& region, std::string_view file,
                                         std::string_view text) {
  if (file == "uuid") {
    const auto uuid = text.size() == 37 ? store::parse_uuid(text) : fail(EINVAL); // as uuid_store() reads it
    return region.mode != CxlMode::pmem ? fail(EACCES)
           : uuid                       ? set_uuid(store, region, *uuid)
                                        : tl::unexpected(uuid.error());
  }
  if (file == "size") {
    return with_number(text, [&](std::uint64_t size) { return set_size(store, region, size); });
  }
  if (file == "interleave_ways") {
    return with_number(text, [&](std::uint64_t ways) { return set_ways(store, region, ways); });
  }
  if (file == "interleave_granularity") {
    return with_int(text, [&](std::uint64_t bytes) { return set_granularity(store, region, bytes); });
  }
  if (file == "commit") {
    const auto value = sysfs::parse_bool(text, store.profile());
    return value ? set_commit(store, region, *value) : fail(value.error().value);
  }
  if (file.starts_with("target")) {
    const auto position = sysfs::parse_unsigned(file.substr(6), 10);
    return !position || *position >= region.ways
               ? fail(ENOENT)
               : set_target(store, region, static_cast<std::uint32_t>(*position), text);
  }
  return std::nullopt;
}

std::optional<Result<void>> write_driver(const store::Store& store, std::string_view file, std::string_view text) {
  const std::string_view driver = file.substr(0, file.find('/'));
  const std::string_view what = file.substr(file.find('/') + 1);
  if (driver == "cxl_pci") {
    return what == "bind" ? bind_pci(store, text) : unbind_pci(store, text);
  }
  for (std::uint32_t number = 0; number < kCxlDriverNames.size(); ++number) {
    if (kCxlDriverNames[number] == driver && has_bind(static_cast<CxlDriver>(number)) &&
        (what == "bind" || what == "unbind")) {
      const auto which = static_cast<CxlDriver>(number);
      return what == "bind" ? bind(store, which, text) : unbind(store, which, text);
    }
  }
  return std::nullopt;
}

std::optional<std::string> read_decoder(const store::Store& store, const CxlDecoderRecord& decoder,
                                        std::string_view file) {
  if (file == "start" || file == "size") {
    return hex(file == "start" ? decoder.start : decoder.size);
  }
  if (file == "interleave_ways" || file == "interleave_granularity") {
    return line(file == "interleave_ways" ? decoder.ways : decoder.granularity);
  }
  if (file == "target_list") {
    return target_list(store, decoder) + "\n";
  }
  if (file == "create_ram_region" || file == "create_pmem_region") {
    return "region" + line(decoder.next_region);
  }
  if (file == "region") {
    const CxlRegionRecord* region = region_at(store, decoder.region);
    return region == nullptr ? "\n" : "region" + line(region->id);
  }
  if (file == "mode") {
    return mode_name(decoder.mode);
  }
  if (file == "dpa_resource") {
    return hex(decoder.dpa_size != 0 ? decoder.dpa_start : std::numeric_limits<std::uint64_t>::max());
  }
  return file == "dpa_size" ? std::optional(hex(decoder.dpa_size, 16)) : std::nullopt;
}

std::optional<std::string> read_region(const store::Store& store, const CxlRegionRecord& region,
                                       std::string_view file) {
  if (file == "size") {
    return hex(region.size);
  }
  if (file == "resource") {
    return hex(region.size != 0 ? region.start : std::numeric_limits<std::uint64_t>::max());
  }
  if (file == "mode") {
    return mode_name(region.mode);
  }
  if (file == "uuid") {
    return uuid_text(region);
  }
  if (file == "commit") {
    return line(region.state >= CxlRegionState::commit ? 1 : 0);
  }
  if (file == "interleave_ways" || file == "interleave_granularity") {
    return line(file == "interleave_ways" ? region.ways : region.granularity);
  }
  if (!file.starts_with("target")) {
    return std::nullopt;
  }
  const auto position = sysfs::parse_unsigned(file.substr(6), 10);
  if (!position || *position >= region.ways) {
    return std::nullopt;
  }
  const CxlDecoderRecord* target = decoder_at(store, region.targets[*position]);
  return target == nullptr ? "\n" : name_of(store, *target) + "\n";
}

} // namespace

std::optional<Result<void>> write_attribute(const store::Store& store, std::string_view file, std::string_view text) {
  constexpr std::string_view kDrivers = "drivers/";
  if (file == "drivers_probe") {
    return probe(store, text);
  }
  if (file == "drivers_autoprobe") {
    store.cxl().autoprobe_off = text.starts_with('0') ? 1 : 0;
    return Result<void>{};
  }
  if (file.starts_with(kDrivers)) {
    return write_driver(store, file.substr(kDrivers.size()), text);
  }
  const std::size_t slash = file.find('/');
  const std::string_view attribute = file.substr(slash + 1);
  const Named named = find_on_bus(store, file.substr(0, slash));
  if (slash == std::string_view::npos || attribute == "uevent" || file.starts_with("security/")) {
    return std::nullopt;
  }
  if (!named) {
    return fail(ENOENT);
  }
  return named.decoder != nullptr  ? write_decoder(store, *named.decoder, attribute, text)
         : named.region != nullptr ? write_region(store, *named.region, attribute, text)
                                   : std::nullopt;
}

std::optional<Result<std::string>> read_attribute(const store::Store& store, std::string_view file) {
  const std::size_t slash = file.find('/');
  const std::string_view attribute = file.substr(slash + 1);
  const Named named = find_on_bus(store, file.substr(0, slash));
  if (!named) {
    return tl::unexpected(kNoFile);
  }
  std::optional<std::string> text;
  if (named.decoder != nullptr) {
    text = read_decoder(store, *named.decoder, attribute);
  } else if (named.region != nullptr) {
    text = read_region(store, *named.region, attribute);
  } else if (named.port != nullptr && attribute == "decoders_committed") {
    text = line(named.port->commit_end);
  }
  return text ? std::optional<Result<std::string>>(*text) : std::nullopt;
}

} // namespace daxemu::cxl
