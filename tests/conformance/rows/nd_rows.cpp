// The nd bus of a pmem region: what is there, its mode, its value, and every bad write's errno. On a dynamic region
// there is none, and the rows say so.
#include <climits>
#include <cstdlib>

#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"
#include "tests/conformance/ask/sysfs_tree.hpp"

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

struct Write {
  Nd place;
  const char* attribute;
  const char* value;
};

// While the device is there. What is accepted is put back by a later one.
constexpr Write kWrites[] = {
    {Nd::dax, "align", "x"},
    {Nd::dax, "align", ""},
    {Nd::dax, "align", "0"},
    {Nd::dax, "align", "3"},
    {Nd::dax, "align", "4096"},
    {Nd::dax, "align", "2097152"},
    {Nd::dax, "align", "8192"},
    {Nd::dax, "mode", "x"},
    {Nd::dax, "mode", ""},
    {Nd::dax, "mode", "none"},
    {Nd::dax, "mode", "ram"},
    {Nd::dax, "mode", "pmem"},
    {Nd::dax, "namespace", "x"},
    {Nd::dax, "namespace", ""},
    {Nd::dax, "namespace", "namespace0.0"},
    {Nd::dax, "namespace", "namespace9.9"},
    {Nd::dax, "uuid", "x"},
    {Nd::dax, "uuid", ""},
    {Nd::dax, "uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
    {Nd::dax, "uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430cx"},
    {Nd::dax, "size", "0"},
    {Nd::dax, "resource", "0"},
    {Nd::space, "force_raw", "x"},
    {Nd::space, "force_raw", ""},
    {Nd::space, "force_raw", "1"},
    {Nd::space, "force_raw", "0"},
    {Nd::space, "holder_class", "x"},
    {Nd::space, "holder_class", ""},
    {Nd::space, "holder_class", "dax"},
    {Nd::space, "holder_class", "btt"},
    {Nd::space, "size", "0"},
    {Nd::space, "mode", "raw"},
    {Nd::region, "align", "x"},
    {Nd::region, "align", ""},
    {Nd::region, "align", "0"},
    {Nd::region, "align", "4096"},
    {Nd::region, "align", "3"},
    {Nd::region, "align", "0x200000"},
    {Nd::region, "align", "0x1000000"},
    {Nd::region, "read_only", "x"},
    {Nd::region, "read_only", ""},
    {Nd::region, "read_only", "2"},
    {Nd::region, "read_only", "0"},
    {Nd::region, "size", "0"},
    {Nd::root, "wait_probe", "1"},
    {Nd::bus, "drivers_probe", "x"},
    {Nd::bus, "drivers_probe", "{nd}"},
    {Nd::bus, "drivers_autoprobe", "x"},
    {Nd::dax_driver, "bind", "x"},
    {Nd::dax_driver, "bind", ""},
    {Nd::dax_driver, "bind", "{nd}"},
    {Nd::dax_driver, "unbind", "x"},
    {Nd::dax_driver, "unbind", "region0"},
    {Nd::region_driver, "bind", "x"},
    {Nd::region_driver, "unbind", "{nd}"},
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
  for (const Write& one : kWrites) {
    table.add_destructive(
        std::string("nd.write.") + name_of(one.place) + "." + one.attribute + "=" + one.value, [one](const Device& d) {
          const std::string value = one.value;
          return write_text(nd_directory(one.place, d) + "/" + one.attribute, value == "{nd}" ? nd_name(d) : value);
        });
  }
  table.add_destructive("nd.write.leaves-a-working-device", [](const Device& d) {
    (void)nd_directory(Nd::dax, d);
    return line({bound(d) ? "bound" : "no-driver", load_text(mapped(d).base), store_text(mapped(d).base)});
  });
}

} // namespace conformance
