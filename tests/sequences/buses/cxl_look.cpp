// What the buses say of CXL memory.
#include "tests/sequences/buses/cxl.hpp"

#include <array>
#include <cctype>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <unistd.h>

#include "tests/conformance/ask/text.hpp"
#include "tests/sequences/tree.hpp"

namespace sequences::cxl {
namespace {

struct Window {
  std::uint64_t start = 0;
  std::uint64_t size = 0;
};
std::array<Window, 2> g_windows;
std::array<std::string, kMemdevs> g_functions;

std::uint64_t number_in(const std::string& path) {
  return std::strtoull(tree::text_in(path).c_str(), nullptr, 0);
}

// Values of what there is of `attributes`, with commas; a dash for what is not there.
std::string values(const std::string& folder, std::initializer_list<const char*> attributes) {
  std::string text;
  for (const char* attribute : attributes) {
    std::string one = tree::text_in(folder + "/" + attribute);
    if (one == "errno=ENOENT") {
      one = "-";
    }
    text += (text.empty() ? "" : ",") + one;
  }
  return text;
}

bool starts(const std::string& name, const char* prefix) {
  return name.rfind(prefix, 0) == 0;
}

std::string decoder_text(const std::string& folder, const std::string& name) {
  if (starts(name, "decoder0.")) {
    return values(folder,
                  {"create_ram_region", "create_pmem_region", "start", "size", "interleave_ways", "target_list"});
  }
  return values(folder, {"start", "size", "interleave_ways", "interleave_granularity", "region"}) + "," +
         (starts(name, "decoder1.") ? values(folder, {"target_list", "locked"})
                                    : values(folder, {"mode", "dpa_size", "dpa_resource"}));
}

std::string region_text(const std::string& folder) {
  return values(folder, {"uuid", "commit", "interleave_ways", "interleave_granularity", "resource", "size", "mode",
                         "target0", "target1", "target2"}) +
         "," + tree::last_part(folder + "/driver");
}

std::string device_text(const std::string& name) {
  const std::string folder = kDevices + name;
  if (starts(name, "decoder")) {
    return name + "=" + decoder_text(folder, name);
  }
  if (starts(name, "region")) {
    return name + "=" + region_text(folder);
  }
  const std::string driver = tree::last_part(folder + "/driver");
  if (starts(name, "mem")) {
    return name + "=" + values(folder, {"serial", "ram/size", "pmem/size"}) + "," + driver;
  }
  if (starts(name, "port") || starts(name, "endpoint")) {
    return name + "=" + values(folder, {"decoders_committed"}) + "," + driver;
  }
  if (starts(name, "dax_region")) {
    return name + "=" + values(folder, {"dax_region/available_size", "dax_region/create", "dax_region/seed"}) + "," +
           driver;
  }
  return name + "=" + driver;
}

// Lines of /proc/iomem in windows.
std::string memory_map() {
  std::ifstream file("/proc/iomem");
  std::string text;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    inside = line.find("CXL Window") != std::string::npos || (inside && line[0] == ' ');
    if (!inside) {
      continue;
    }
    const std::size_t depth = line.find_first_not_of(' ');
    const std::size_t dash = line.find('-');
    const std::size_t colon = line.find(" : ");
    text += (text.empty() ? "" : ", ") + std::to_string(depth / 2) + " 0x" + line.substr(depth, dash - depth) + "-0x" +
            line.substr(dash + 1, colon - dash - 1) + line.substr(colon + 2);
  }
  return text;
}

std::string names(const char* folder, std::initializer_list<const char*> prefixes) {
  std::string text = std::string("; ") + folder + ":";
  for (const char* prefix : prefixes) {
    for (const std::string& name : tree::names_in(folder, prefix)) {
      if (name[0] != '.') {
        text += " " + name;
      }
    }
  }
  return text;
}

} // namespace

void know_machine() {
  for (std::size_t window = 0; window < g_windows.size(); ++window) {
    const std::string folder = kDevices + "decoder0." + std::to_string(window);
    g_windows[window] = {number_in(folder + "/start"), number_in(folder + "/size")};
  }
  for (std::size_t memdev = 0; memdev < kMemdevs; ++memdev) {
    char path[PATH_MAX];
    if (::realpath((kDevices + "mem" + std::to_string(memdev) + "/..").c_str(), path) != nullptr) {
      const std::string function = path;
      g_functions[memdev] = function.substr(function.rfind('/') + 1);
    }
  }
}

const std::string& function_of(std::size_t memdev) {
  return g_functions[memdev < kMemdevs ? memdev : 0];
}

std::string without_addresses(const std::string& text) {
  std::string said;
  for (std::size_t at = 0; at < text.size();) {
    if (std::isdigit(static_cast<unsigned char>(text[at])) == 0) {
      said += text[at++];
      continue;
    }
    char* behind = nullptr;
    const bool hexadecimal = text.compare(at, 2, "0x") == 0;
    const std::uint64_t number = std::strtoull(text.c_str() + at, &behind, hexadecimal ? 16 : 10);
    std::size_t length = static_cast<std::size_t>(behind - text.c_str()) - at;
    std::string one = text.substr(at, length);
    for (std::size_t window = 0; window < g_windows.size(); ++window) {
      if (g_windows[window].start != 0 && number - g_windows[window].start < g_windows[window].size) {
        char relative[32];
        std::snprintf(relative, sizeof relative, "w%zu+0x%lx", window,
                      static_cast<unsigned long>(number - g_windows[window].start));
        one = relative;
      }
    }
    said += one;
    at += length;
  }
  return said;
}

std::string look() {
  std::string text;
  for (const std::string& name : tree::names_in(kDevices, "")) {
    if (name[0] != '.') {
      text += (text.empty() ? "" : "; ") + device_text(name);
    }
  }
  for (const std::string& name : tree::names_in(kDaxDevices, "dax")) {
    const std::string folder = kDaxDevices + name;
    text +=
        "; " + name + "=" + values(folder, {"size", "align", "resource"}) + "," + tree::last_part(folder + "/driver");
  }
  text += names("/sys/bus/nd/devices", {"nd", "nmem", "region", "namespace", "dax", "btt", "pfn"});
  text += names("/dev", {"dax", "pmem"}) + names("/dev/cxl", {""});
  return without_addresses(text + "; " + memory_map());
}

} // namespace sequences::cxl
