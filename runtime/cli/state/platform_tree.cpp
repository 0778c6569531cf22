#include "runtime/cli/state/platform_tree.hpp"

#include <fmt/format.h>

#include "emu/backing/backing.hpp"
#include "emu/base/text/size_text.hpp"
#include "emu/cxl/objects.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/nd/region.hpp"
#include "runtime/cli/state/bus_objects.hpp"
#include "runtime/cli/state/device_mode.hpp"
#include "runtime/cli/state/platform_users.hpp"

namespace daxemu::cli {
namespace {

std::string device_text(const store::Store& store, const store::DeviceRecord& device) {
  const store::DeviceState state = device.state.load();
  return fmt::format("{}  {} in extents of {}, {}, {}", store.name_of(device).view(), size_text(device.size.load()),
                     size_text(device.align), state == store::DeviceState::disabled ? "disabled" : mode_of(state),
                     backing::to_string(device.backing.kind));
}

void add_devices(const store::Store& store, TreeNode& node, const store::RegionRecord& region) {
  for (const store::DeviceRecord& device : store.devices()) {
    if (device.state.load() != store::DeviceState::absent && &store.region_of(device) == &region) {
      node.below.push_back({device_text(store, device)});
    }
  }
}

const store::DeviceRecord* device_named(const store::Store& store, const std::string& name) {
  for (const store::DeviceRecord& device : store.devices()) {
    if (device.state.load() != store::DeviceState::absent && store.name_of(device).view() == name) {
      return &device;
    }
  }
  return nullptr;
}

TreeNode object_node(const store::Store& store, const BusObject& object) {
  TreeNode node{fmt::format("{}  {} {}, {}{}", object.name, size_text(object.size), object.kind,
                            object.state == "commit" ? "committed" : object.state,
                            object.of.empty() || object.of.starts_with("region") ? "" : " over " + object.of)};
  if (const store::DeviceRecord* device = device_named(store, object.device); device != nullptr) {
    node.below.push_back({device_text(store, *device)});
  } else if (!object.device.empty()) {
    node.below.push_back({object.device});
  }
  return node;
}

bool is_cxl(const store::RegionRecord& region) {
  return region.cxl != 0 || (region.nd.labelled != 0 && region.nd.first_dimm == 0);
}

// ", over nmem0, nmem1"
std::string dimms_text(const store::Store& store, const store::RegionRecord& region) {
  std::string text;
  for (std::uint32_t at = 0; region.nd.first_dimm != 0 && at < daxemu::nd::mappings_of(store, region); ++at) {
    text +=
        fmt::format("{}nmem{}", at == 0 ? ", over " : ", ", daxemu::nd::mapping_of(store, region, at).dimm.number());
  }
  return text;
}

// Regions of the dax bus (hmem) and of the nd bus, but for those that CXL regions have become.
void add_regions(const store::Store& store, TreeNode& root) {
  for (const store::RegionRecord& region : store.regions()) {
    if (region.used.load() != 1 || region.nd.parent != 0 || is_cxl(region)) {
      continue;
    }
    const bool is_nd = region.kind == store::RegionKind::pmem;
    TreeNode node{fmt::format("{}{}  {}, {}{}", is_nd ? "region" : "hmem.", region.id, size_text(region.size),
                              is_nd ? "of the nd bus" : "of the dax bus", dimms_text(store, region))};
    if (is_nd) {
      for (const BusObject& space : nd_namespaces(store, &region)) {
        node.below.push_back(object_node(store, space));
      }
    } else {
      add_devices(store, node, region);
    }
    root.below.push_back(std::move(node));
  }
}

TreeNode memdev_node(const store::CxlMemdevRecord& memdev) {
  std::string text = fmt::format("mem{} ", memdev.id);
  if (memdev.ram_size != 0) {
    text += fmt::format(" {} ram", size_text(memdev.ram_size));
  }
  if (memdev.pmem_size != 0) {
    text += fmt::format(" {} pmem", size_text(memdev.pmem_size));
  }
  return {text + fmt::format(", serial {:#x}{}", memdev.serial, memdev.endpoint == 0 ? ", disabled" : "")};
}

// A port: memdevs at it, and the ports of switches below.
TreeNode port_node(const store::Store& store, const store::CxlPortRecord& port, const char* what) {
  TreeNode node{fmt::format("port{}  {}", port.id, what)};
  const std::uint32_t reference = cxl::reference_of(store, port);
  for (const store::CxlPortRecord& below : cxl::ports(store)) {
    if (below.kind == store::CxlPortKind::none || below.parent != reference) {
      continue;
    }
    if (below.kind != store::CxlPortKind::endpoint) {
      node.below.push_back(port_node(store, below, "a switch"));
      continue;
    }
    for (const store::CxlMemdevRecord& memdev : cxl::memdevs(store)) {
      if (memdev.used != 0 && memdev.endpoint == cxl::reference_of(store, below)) {
        node.below.push_back(memdev_node(memdev));
      }
    }
  }
  return node;
}

void add_cxl(const store::Store& store, TreeNode& root) {
  if (!cxl::is_present(store)) {
    return;
  }
  TreeNode bus{"root0  the CXL bus"};
  for (const store::CxlPortRecord& port : cxl::ports(store)) {
    if (port.kind == store::CxlPortKind::host_bridge) {
      bus.below.push_back(port_node(store, port, "a host bridge"));
    }
  }
  for (const store::CxlMemdevRecord& memdev : cxl::memdevs(store)) {
    if (memdev.used != 0 && memdev.endpoint == 0) {
      bus.below.push_back(memdev_node(memdev));
    }
  }
  const std::vector<BusObject> regions = cxl_regions(store);
  for (const store::CxlDecoderRecord& decoder : cxl::decoders(store)) {
    if (decoder.port == 0 || !cxl::is_root_decoder(store, decoder)) {
      continue;
    }
    TreeNode window{fmt::format("decoder0.{}  {} window of {} way{}", decoder.id, size_text(decoder.size), decoder.ways,
                                decoder.ways == 1 ? "" : "s")};
    for (const store::CxlRegionRecord& region : cxl::regions(store)) {
      if (region.used == 0 || &cxl::root_decoder_of(store, region) != &decoder) {
        continue;
      }
      for (const BusObject& object : regions) {
        if (object.name == fmt::format("region{}", region.id)) {
          window.below.push_back(object_node(store, object));
        }
      }
      for (const store::RegionRecord& made : store.regions()) { // a persistent one's namespaces
        if (made.used.load() == 1 && made.nd.labelled != 0 && cxl::region_behind(store, made) == &region) {
          for (const BusObject& space : nd_namespaces(store, &made)) {
            window.below.back().below.push_back(object_node(store, space));
          }
        }
      }
    }
    bus.below.push_back(std::move(window));
  }
  root.below.push_back(std::move(bus));
}

void append(std::string& text, const TreeNode& node, const std::string& indent) {
  for (std::size_t at = 0; at < node.below.size(); ++at) {
    const bool last = at + 1 == node.below.size();
    text += indent + (last ? "`-- " : "|-- ") + node.below[at].text + "\n";
    append(text, node.below[at], indent + (last ? "    " : "|   "));
  }
}

} // namespace

TreeNode platform_tree(const store::Store& store) {
  TreeNode root{fmt::format("{}  Linux {}, engine {}", store.platform().name.view(), store.profile().version,
                            to_string(store.platform().engine))};
  add_regions(store, root);
  add_cxl(store, root);
  for (const PlatformUser& user : platform_users(store)) {
    root.below.push_back({fmt::format("process {}  {}, engine {}", user.pid, user.command, user.engine)});
  }
  return root;
}

std::string tree_text(const TreeNode& root) {
  std::string text = root.text + "\n";
  append(text, root, "");
  return text;
}

} // namespace daxemu::cli
