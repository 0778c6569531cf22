#include "runtime/cli/state/cxl_json.hpp"

#include <fmt/format.h>

#include "emu/cxl/objects.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"

namespace daxemu::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::CxlMode;

std::string name_of_decoder(const store::Store& store, const store::CxlDecoderRecord& decoder) {
  return fmt::format("decoder{}.{}", cxl::port_of(store, decoder).id, decoder.id);
}

std::string host_of(const store::Store& store, const store::CxlMemdevRecord& memdev) {
  sysfs::Scope scope;
  scope.store = &store;
  scope.cxl = memdev.pci;
  sysfs::TextBuffer<64> name;
  sysfs::pci_name(scope, name);
  return std::string(name.view());
}

const char* word_of(CxlMode mode) {
  return mode == CxlMode::pmem ? "pmem" : "ram";
}

Json memdev_json(const store::Store& store, const store::CxlMemdevRecord& memdev) {
  Json json;
  json["memdev"] = fmt::format("mem{}", memdev.id);
  if (memdev.ram_size != 0) {
    json["ram_size"] = memdev.ram_size;
  }
  if (memdev.pmem_size != 0) {
    json["pmem_size"] = memdev.pmem_size;
  }
  json["serial"] = memdev.serial;
  if (memdev.numa_node >= 0) {
    json["numa_node"] = memdev.numa_node;
  }
  json["host"] = host_of(store, memdev);
  json["media_errors"] = memdev.poison_count;
  if (memdev.endpoint == 0) {
    json["state"] = "disabled";
  }
  return json;
}

Json decoder_json(const store::Store& store, const store::CxlDecoderRecord& decoder) {
  Json json;
  json["decoder"] = name_of_decoder(store, decoder);
  json["resource"] = decoder.start;
  json["size"] = decoder.size;
  json["interleave_ways"] = decoder.ways;
  json["interleave_granularity"] = decoder.granularity;
  if (cxl::is_root_decoder(store, decoder)) {
    json["pmem_capable"] = (decoder.flags & store::kCxlCapPmem) != 0;
    json["volatile_capable"] = (decoder.flags & store::kCxlCapRam) != 0;
    json["nr_targets"] = decoder.nr_targets;
    return json;
  }
  if (const store::CxlRegionRecord* region = cxl::region_at(store, decoder.region); region != nullptr) {
    json["region"] = fmt::format("region{}", region->id);
  }
  if (cxl::is_endpoint_decoder(store, decoder)) {
    json["memdev"] = fmt::format("mem{}", cxl::memdev_of(store, decoder).id);
    json["dpa_resource"] = decoder.dpa_start;
    json["dpa_size"] = decoder.dpa_size;
    json["mode"] = word_of(decoder.mode);
  }
  return json;
}

Json region_json(const store::Store& store, const store::CxlRegionRecord& region) {
  Json json;
  json["region"] = fmt::format("region{}", region.id);
  json["resource"] = region.start;
  json["size"] = region.size;
  json["type"] = word_of(region.mode);
  json["interleave_ways"] = region.ways;
  json["interleave_granularity"] = region.granularity;
  json["decode_state"] = region.state == store::CxlRegionState::commit ? "commit" : "reset";
  json["memdevs"] = Json::array();
  for (std::uint32_t at = 0; at < region.nr_targets && at < region.targets.size(); ++at) {
    if (const store::CxlDecoderRecord* decoder = cxl::decoder_at(store, region.targets[at]); decoder != nullptr) {
      json["memdevs"].push_back(fmt::format("mem{}", cxl::memdev_of(store, *decoder).id));
    }
  }
  json["devices"] = Json::array();
  for (const store::DeviceRecord& device : store.devices()) {
    if (region.region != 0 && device.state.load() != store::DeviceState::absent && device.region + 1 == region.region) {
      json["devices"].push_back(store.name_of(device).view());
    }
  }
  return json;
}

} // namespace

Json cxl_json(const store::Store& store) {
  if (!cxl::is_present(store)) {
    return {};
  }
  Json json;
  json["memdevs"] = Json::array();
  for (const store::CxlMemdevRecord& memdev : cxl::memdevs(store)) {
    if (memdev.used != 0) {
      json["memdevs"].push_back(memdev_json(store, memdev));
    }
  }
  json["decoders"] = Json::array();
  for (const store::CxlDecoderRecord& decoder : cxl::decoders(store)) {
    if (decoder.port != 0 && (decoder.size != 0 || decoder.dpa_size != 0)) {
      json["decoders"].push_back(decoder_json(store, decoder));
    }
  }
  json["regions"] = Json::array();
  for (const store::CxlRegionRecord& region : cxl::regions(store)) {
    if (region.used != 0) {
      json["regions"].push_back(region_json(store, region));
    }
  }
  return json;
}

} // namespace daxemu::cli
