#include <algorithm>
#include <array>
#include <sstream>

#include <fmt/format.h>

#include "emu/base/text/size_text.hpp"
#include "emu/base/units.hpp"
#include "runtime/cli/plan/cxl/cxl_plan.hpp"
#include "runtime/cli/record/recorder.hpp"

namespace daxemu::cli {
namespace {

namespace fs = std::filesystem;

class CxlRecord {
public:
  explicit CxlRecord(Recorder& recorder) : recorder_(recorder), bus_(recorder.sys.child("bus/cxl/devices")) {
    memdevs_ = bus_.children("mem");
  }

  RecordJson record() {
    const std::vector<SysNode> roots = bus_.children("root");
    if (roots.empty()) {
      if (!memdevs_.empty()) {
        recorder_.note(fmt::format("{} CXL memdev{} left out: there is no root0 (is cxl_acpi loaded?)", memdevs_.size(),
                                   memdevs_.size() == 1 ? " is" : "s are"));
      }
      return nullptr;
    }
    if (roots.size() > 1) {
      recorder_.note(fmt::format("{} of {} CXL roots is recorded", roots[0].name(), roots.size()));
    }
    const SysNode& root = roots[0];
    RecordJson json;
    record_bridges(root, json);
    if (json["host_bridges"].empty()) {
      return nullptr;
    }
    name_memdevs();
    record_windows(root, json);
    record_regions(root, json);
    return json;
  }

private:
  // The first PCI bus of a host bridge: "pci0000:0c".
  static std::optional<std::uint32_t> bus_of(const SysNode& bridge) {
    const std::string name = bridge.name();
    const std::size_t colon = name.find(':');
    if (!name.starts_with("pci") || colon == std::string::npos) {
      return std::nullopt;
    }
    return static_cast<std::uint32_t>(std::strtoul(name.c_str() + colon + 1, nullptr, 16));
  }

  void record_bridges(const SysNode& root, RecordJson& json) {
    json["host_bridges"] = RecordJson::array();
    for (const SysNode& port : root.children("port")) {
      const auto bridge = port.link("uport");
      RecordJson one;
      const auto bus = bridge ? bus_of(*bridge) : std::nullopt;
      if (bus) {
        one["bus_from"] = *bus;
      } else {
        recorder_.note(fmt::format("{} of {} has no PCI bus that can be said", port.name(), root.name()));
      }
      buses_.push_back(bus.value_or(0));
      bridge_ids_.push_back(id_below(root, bridge));
      if (bus && bridge_ids_.back() != *bus) {
        recorder_.note(fmt::format("the host bridge of {} has the UID {}: replayed, it is that of its bus, {}",
                                   port.name(), bridge_ids_.back(), *bus));
      }
      orders_.emplace_back();
      record_decoders(port, one);
      one["root_ports"] = ports_below(port);
      json["host_bridges"].push_back(std::move(one));
    }
  }

  // The number by which a port calls the device that a dport leads to.
  static std::uint32_t id_below(const SysNode& port, const std::optional<SysNode>& device) {
    for (const Dport& dport : dports_of(port)) {
      if (device && dport.device == device->path()) {
        return dport.number;
      }
    }
    return 0;
  }

  void record_decoders(const SysNode& port, RecordJson& json) {
    constexpr std::array<std::size_t, 6> kKnown = {1, 2, 4, 6, 8, 10}; // as cxl_plan.cpp has them
    const std::size_t decoders = port.children("decoder").size();
    if (std::find(kKnown.begin(), kKnown.end(), decoders) != kKnown.end()) {
      json["decoders"] = decoders;
    }
  }

  struct Dport {
    std::uint32_t number = 0;
    fs::path device;
  };
  static std::vector<Dport> dports_of(const SysNode& port) {
    std::vector<Dport> found;
    std::error_code wrong;
    for (fs::directory_iterator entry(port.path(), wrong), end; !wrong && entry != end; entry.increment(wrong)) {
      const std::string name = entry->path().filename().string();
      std::error_code gone;
      fs::path device = fs::canonical(entry->path(), gone);
      if (name.starts_with("dport") && !gone) {
        found.push_back({number_of_name(name), std::move(device)});
      }
    }
    std::sort(found.begin(), found.end(),
              [](const Dport& one, const Dport& other) { return one.number < other.number; });
    return found;
  }

  // What hangs below each dport of a port, by the PCI functions: a memdev whose driver let go has no endpoint.
  RecordJson ports_below(const SysNode& port) {
    RecordJson list = RecordJson::array();
    for (const Dport& dport : dports_of(port)) {
      RecordJson one = RecordJson::object();
      if (dport.number != list.size()) {
        one["number"] = dport.number;
      }
      for (const SysNode& memdev : memdevs_) {
        if (memdev.parent().parent().path() == dport.device) {
          one["memdev"] = memdev_json(memdev, port);
          orders_.back().push_back(memdev.name());
        }
      }
      for (const SysNode& below : port.children("port")) {
        const auto uport = below.link("uport");
        if (uport && uport->path().parent_path() == dport.device) {
          RecordJson made;
          record_decoders(below, made);
          made["ports"] = ports_below(below);
          one["switch"] = std::move(made);
        }
      }
      list.push_back(std::move(one));
    }
    return list;
  }

  RecordJson memdev_json(const SysNode& memdev, const SysNode& port) {
    RecordJson json;
    for (const char* kind : {"ram", "pmem"}) {
      if (const auto size = memdev.child(kind).number("size"); size && *size != 0) {
        json[kind] = size_json(*size);
      }
    }
    if (const auto labels = memdev.number("label_storage_size"); labels && *labels != 0) {
      json["labels"] = size_json(*labels);
    }
    if (const auto serial = memdev.number("serial"); serial && !recorder_.anonymous) {
      json["serial"] = *serial;
    } else if (serial) {
      json["serial"] = number_of_name(memdev.name()) + 1;
    }
    if (const auto firmware = memdev.text("firmware_version"); firmware && !firmware->empty() && !recorder_.anonymous) {
      json["firmware"] = *firmware;
    }
    for (const SysNode& endpoint : port.children("endpoint")) {
      if (const auto uport = endpoint.link("uport"); uport && uport->path() == memdev.path()) {
        record_decoders(endpoint, json);
      }
    }
    if (const auto node = memdev.signed_number("numa_node"); node && *node >= 0) {
      json["numa_node"] = *node;
    }
    return json;
  }

  // Replayed, memdevs are numbered by the buses of their host bridges, and below each in the order of the file.
  void name_memdevs() {
    std::vector<std::size_t> bridges(orders_.size());
    for (std::size_t at = 0; at < bridges.size(); ++at) {
      bridges[at] = at;
    }
    std::stable_sort(bridges.begin(), bridges.end(),
                     [&](std::size_t one, std::size_t other) { return buses_[one] < buses_[other]; });
    for (const std::size_t bridge : bridges) {
      names_.insert(names_.end(), orders_[bridge].begin(), orders_[bridge].end());
    }
    for (std::size_t at = 0; at < names_.size(); ++at) {
      if (names_[at] != fmt::format("mem{}", at)) {
        recorder_.note(fmt::format("{} is mem{} when it is replayed", names_[at], at));
      }
    }
    for (const SysNode& memdev : memdevs_) {
      if (std::find(names_.begin(), names_.end(), memdev.name()) == names_.end()) {
        recorder_.note(fmt::format("{} is left out: no CXL port leads to it", memdev.name()));
      }
    }
  }

  void record_windows(const SysNode& root, RecordJson& json) {
    json["windows"] = RecordJson::array();
    for (const SysNode& decoder : root.children("decoder")) {
      RecordJson window;
      window["size"] = size_json(decoder.number("size").value_or(0));
      window["targets"] = RecordJson::array();
      std::stringstream ids(decoder.text("target_list").value_or(""));
      for (std::string id; std::getline(ids, id, ',');) {
        const auto found = std::find(bridge_ids_.begin(), bridge_ids_.end(), std::strtoul(id.c_str(), nullptr, 10));
        if (found != bridge_ids_.end()) {
          window["targets"].push_back(found - bridge_ids_.begin());
        } else {
          recorder_.note(fmt::format("{} targets {}, which no recorded host bridge is", decoder.name(), id));
        }
      }
      window["granularity"] = decoder.number("interleave_granularity").value_or(256);
      window["ram"] = decoder.number("cap_ram").value_or(1) != 0;
      window["pmem"] = decoder.number("cap_pmem").value_or(1) != 0;
      if (const auto qos = decoder.signed_number("qos_class"); qos && *qos >= 0) {
        window["qos_class"] = *qos;
      }
      if (json["windows"].empty()) {
        record_start(recorder_, decoder.name(), decoder.number("start"), json, kCxlUnit);
      }
      json["windows"].push_back(std::move(window));
    }
  }

  void record_regions(const SysNode& root, RecordJson& json) {
    json["regions"] = RecordJson::array();
    const std::vector<SysNode> decoders = root.children("decoder");
    std::vector<std::pair<std::size_t, SysNode>> regions;
    for (std::size_t window = 0; window < decoders.size(); ++window) {
      for (const SysNode& region : decoders[window].children("region")) {
        regions.emplace_back(window, region);
      }
    }
    std::stable_sort(regions.begin(), regions.end(), [](const auto& one, const auto& other) {
      return number_of_name(one.second.name()) < number_of_name(other.second.name());
    });
    for (const auto& [window, region] : regions) {
      record_region(window, region, json);
    }
  }

  void record_region(std::size_t window, const SysNode& region, RecordJson& json) {
    if (region.number("commit").value_or(0) == 0 || !region.link("driver")) {
      recorder_.note(fmt::format("{} is left out: it {}, which a platform file cannot say", region.name(),
                                 region.link("driver") ? "is not committed" : "has no driver"));
      return;
    }
    RecordJson one;
    one["window"] = window;
    one["type"] = region.text("mode").value_or("ram");
    one["memdevs"] = targets_of(region);
    one["granularity"] = region.number("interleave_granularity").value_or(256);
    one["size"] = size_json(region.number("size").value_or(0));
    if (number_of_name(region.name()) != json["regions"].size()) {
      recorder_.note(fmt::format("{} is region{} when it is replayed", region.name(), json["regions"].size()));
    }
    if (const auto uuid = region.text("uuid"); !recorder_.anonymous && uuid && !uuid->empty()) {
      one["uuid"] = *uuid;
    }
    for (const SysNode& dax_region : region.children("dax_region")) {
      record_device(dax_region, one, json["windows"][window]);
    }
    note_namespaces(region);
    json["regions"].push_back(std::move(one));
  }

  RecordJson targets_of(const SysNode& region) {
    RecordJson list = RecordJson::array();
    for (std::uint64_t at = 0; at < region.number("interleave_ways").value_or(0); ++at) {
      const std::string decoder = region.text(fmt::format("target{}", at)).value_or("");
      const auto endpoint = bus_.link(decoder);
      const auto memdev = endpoint ? endpoint->parent().link("uport") : std::nullopt;
      const auto found = std::find(names_.begin(), names_.end(), memdev ? memdev->name() : "");
      if (found != names_.end()) {
        list.push_back(found - names_.begin());
      } else {
        recorder_.note(fmt::format("target{} of {} is unknown", at, region.name()));
      }
    }
    return list;
  }

  // The device that a volatile region has become.
  void record_device(const SysNode& dax_region, RecordJson& region, RecordJson& window) {
    std::vector<SysNode> devices = dax_region.children("dax");
    std::erase_if(devices, [](const SysNode& device) { return device.number("size").value_or(0) == 0; });
    const std::uint64_t whole = dax_region.child("dax_region").number("size").value_or(0);
    if (devices.size() != 1 || devices[0].number("size").value_or(0) != whole) {
      recorder_.note(
          fmt::format("{} is divided otherwise than into one device: replayed, it is one", dax_region.name()));
    }
    if (devices.empty()) {
      return;
    }
    region["align"] = size_json(devices[0].number("align").value_or(kPmdSize));
    region["driver"] = driver_of_dax(devices[0]);
    if (const auto node = devices[0].signed_number("target_node"); node && *node >= 0) {
      window["target_node"] = *node;
    }
  }

  // Of a persistent region: which nd region it is, is said by the nd bus only.
  void note_namespaces(const SysNode& region) {
    for (const SysNode& pmem_region : region.children("pmem_region")) {
      for (const SysNode& nd : recorder_.sys.child("bus/nd/devices").children("region")) {
        for (const SysNode& space : nd.children("namespace")) {
          if (nd.text("provider").value_or(pmem_region.name()) == pmem_region.name() &&
              nd.path().string().find("/nvdimm-bridge") != std::string::npos && space.number("size").value_or(0) != 0) {
            recorder_.note(fmt::format("{} is left out: namespaces of CXL regions cannot be said in a platform file",
                                       space.name()));
          }
        }
      }
    }
  }

  Recorder& recorder_;
  SysNode bus_;
  std::vector<SysNode> memdevs_;
  std::vector<std::uint32_t> buses_;             // of the host bridges
  std::vector<std::uint32_t> bridge_ids_;        // by which target lists name them
  std::vector<std::vector<std::string>> orders_; // memdevs below each
  std::vector<std::string> names_;               // memdevs by the number they have when replayed
};

} // namespace

RecordJson record_cxl(Recorder& recorder) {
  return CxlRecord(recorder).record();
}

} // namespace daxemu::cli
