// The nd bus of a pmem region: what is there, its mode and its value. On a dynamic region
// there is none, and the rows say so.
#include <climits>
#include <cstdlib>

#include <unistd.h>

#include "tests/conformance/bench.hpp"
#include "tests/conformance/sysfs_tree.hpp"

namespace conformance {
namespace {

constexpr const char* kNdBus = "/sys/bus/nd";

// The nd_dax that the device is on, its namespace, its region, its bus and the bus's drivers.
enum class Nd { dax, space, region, root, bus, dax_driver, region_driver };

struct NdPlace {
  Nd place;
  const char* name;
};
constexpr NdPlace kPlaces[] = {
    {Nd::dax, "dax"}, {Nd::space, "namespace"},     {Nd::region, "region"},          {Nd::root, "ndbus"},
    {Nd::bus, "bus"}, {Nd::dax_driver, "dax_pmem"}, {Nd::region_driver, "nd_region"}};

const char* name_of(Nd place) {
  return kPlaces[static_cast<int>(place)].name;
}

// The nd_dax's directory holds the device's; Stop where there is no such bus.
std::string nd_directory(Nd place, const Device& d) {
  char resolved[PATH_MAX];
  const std::string dax = d.sysfs + "/..";
  if (::realpath((dax + "/subsystem").c_str(), resolved) == nullptr || std::string(resolved) != kNdBus) {
    throw Stop{"n/a no nd bus"};
  }
  switch (place) {
  case Nd::dax:
    return dax;
  case Nd::space:
    return dax + "/../" + read_text(dax + "/namespace").value_or("no-namespace");
  case Nd::region:
    return dax + "/..";
  case Nd::root:
    return dax + "/../..";
  case Nd::bus:
    return kNdBus;
  case Nd::dax_driver:
    return std::string(kNdBus) + "/drivers/dax_pmem";
  case Nd::region_driver:
    return std::string(kNdBus) + "/drivers/nd_region";
  }
  return {};
}

struct Attribute {
  Nd place;
  const char* name;
  bool read = true; // its value is the same on every machine
};

constexpr Attribute kAttributes[] = {
    {Nd::dax, "align"},
    {Nd::dax, "devtype"},
    {Nd::dax, "modalias"},
    {Nd::dax, "mode"},
    {Nd::dax, "namespace"},
    {Nd::dax, "numa_node", false},
    {Nd::dax, "resource"},
    {Nd::dax, "size"},
    {Nd::dax, "supported_alignments"},
    {Nd::dax, "uevent"},
    {Nd::dax, "uuid", false},
    {Nd::dax, "driver", false},
    {Nd::dax, "subsystem", false},
    {Nd::space, "alt_name"},
    {Nd::space, "devtype"},
    {Nd::space, "force_raw"},
    {Nd::space, "holder"},
    {Nd::space, "holder_class"},
    {Nd::space, "modalias"},
    {Nd::space, "mode"},
    {Nd::space, "nstype"},
    {Nd::space, "numa_node", false},
    {Nd::space, "resource"},
    {Nd::space, "sector_size"},
    {Nd::space, "size"},
    {Nd::space, "type"},
    {Nd::space, "uevent"},
    {Nd::space, "uuid"},
    {Nd::region, "align"},
    {Nd::region, "available_size"},
    {Nd::region, "badblocks"},
    {Nd::region, "btt_seed"},
    {Nd::region, "dax_seed"},
    {Nd::region, "deep_flush"},
    {Nd::region, "devtype"},
    {Nd::region, "init_namespaces"},
    {Nd::region, "mapping0"},
    {Nd::region, "mappings"},
    {Nd::region, "max_available_extent"},
    {Nd::region, "modalias"},
    {Nd::region, "namespace_seed"},
    {Nd::region, "nstype"},
    {Nd::region, "numa_node", false},
    {Nd::region, "persistence_domain"},
    {Nd::region, "pfn_seed"},
    {Nd::region, "read_only"},
    {Nd::region, "resource"},
    {Nd::region, "set_cookie"},
    {Nd::region, "size"},
    {Nd::region, "uevent"},
    {Nd::root, "commands"},
    {Nd::root, "provider", false},
    {Nd::root, "uevent"},
    {Nd::root, "wait_probe"},
    {Nd::bus, "drivers_autoprobe"},
    {Nd::bus, "drivers_probe"},
    {Nd::bus, "uevent"},
    {Nd::dax_driver, "bind"},
    {Nd::dax_driver, "unbind"},
    {Nd::dax_driver, "uevent"},
    {Nd::region_driver, "bind"},
    {Nd::region_driver, "unbind"},
};

std::string nd_name(const Device& d) {
  char resolved[PATH_MAX];
  const std::string path = ::realpath(nd_directory(Nd::dax, d).c_str(), resolved) == nullptr ? "" : resolved;
  return path.substr(path.rfind('/') + 1);
}

std::string target(const std::string& path) {
  char resolved[PATH_MAX];
  return ::realpath(path.c_str(), resolved) == nullptr ? last_error() : std::string(resolved);
}

} // namespace

void add_nd_rows(Table& table) {
  for (const Attribute& one : kAttributes) {
    const std::string name = std::string(name_of(one.place)) + "." + one.name;
    table.add("nd.mode." + name,
              [one](const Device& d) { return mode_text(nd_directory(one.place, d) + "/" + one.name); });
    if (one.read) {
      table.add("nd.value." + name,
                [one](const Device& d) { return value_text(nd_directory(one.place, d) + "/" + one.name, d); });
    }
  }
  table.add("nd.value.dax.uuid", [](const Device& d) {
    const std::string text = read_text(nd_directory(Nd::dax, d) + "/uuid").value_or("");
    return std::string(text.size() == 36 && text.find_first_not_of("0123456789abcdef-") == std::string::npos ? "a uuid"
                                                                                                             : text);
  });
  for (const NdPlace& place : kPlaces) {
    table.add(std::string("nd.listing.") + place.name,
              [place](const Device& d) { return listing(nd_directory(place.place, d)); });
  }
  for (const Nd place : {Nd::dax, Nd::space, Nd::region}) {
    for (const char* link : {"driver", "subsystem"}) {
      table.add(std::string("nd.link.") + name_of(place) + "." + link,
                [place, link](const Device& d) { return target(nd_directory(place, d) + "/" + link); });
    }
  }
  table.add("nd.link.bus-devices", [](const Device& d) {
    const std::string dax = target(nd_directory(Nd::dax, d));
    return std::string(target(std::string(kNdBus) + "/devices/" + nd_name(d)) == dax ? "the nd_dax" : "elsewhere");
  });
}

} // namespace conformance
