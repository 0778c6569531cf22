// What the nd bus says of itself, and how it is put back.
#include "tests/sequences/buses/nd.hpp"

#include <cstdlib>

#include <unistd.h>

#include "tests/conformance/ask/text.hpp"
#include "tests/sequences/tool/tool.hpp"
#include "tests/sequences/tree.hpp"

namespace sequences::nd {
namespace {

const std::string kDevices = "/sys/bus/nd/devices/";
const std::string kDrivers = "/sys/bus/nd/drivers/";
const std::string kAutoprobe = "/sys/bus/nd/drivers_autoprobe";

using tree::text_in;

std::uint64_t region_start() {
  return std::strtoull(text_in(kDevices + "region0/resource").c_str(), nullptr, 0);
}

// An address as its distance from the region's start.
std::string place(const Stage& stage, const std::string& path) {
  const auto text = conformance::read_text(path);
  if (!text) {
    return conformance::last_error();
  }
  return stage.units.text(std::strtoull(text->c_str(), nullptr, 0) - region_start());
}

std::string uuid_in(const std::string& path) {
  const std::string text = text_in(path);
  return text.rfind("11111111-", 0) == 0 ? "u" + text.substr(text.size() - 1) : text.empty() ? "-" : "U";
}

std::string holder_text(const Stage& stage, const std::string& name) {
  const std::string folder = kDevices + name + "/";
  std::string text = name + " ns=" + text_in(folder + "namespace") + " uuid=" + uuid_in(folder + "uuid");
  if (name.rfind("btt", 0) == 0) {
    return text + " sectors=" + text_in(folder + "sector_size");
  }
  return text + " align=" + text_in(folder + "align") + " mode=" + text_in(folder + "mode") +
         " size=" + text_in(folder + "size") + " at=" + place(stage, folder + "resource") +
         " driver=" + tree::last_part(folder + "driver");
}

std::string namespace_text(const Stage& stage, const std::string& name) {
  const std::string folder = kDevices + name + "/";
  std::string text = name;
  for (const char* attribute : {"mode", "holder", "holder_class", "force_raw", "size"}) {
    text += std::string(" ") + attribute + "=" + text_in(folder + attribute);
  }
  return text + " at=" + place(stage, folder + "resource") + " driver=" + tree::last_part(folder + "driver");
}

std::string region_text(const std::string& name) {
  const std::string folder = kDevices + name + "/";
  std::string text = name;
  for (const char* attribute :
       {"align", "read_only", "btt_seed", "dax_seed", "pfn_seed", "namespace_seed", "init_namespaces", "size"}) {
    text += std::string(" ") + attribute + "=" + text_in(folder + attribute);
  }
  return text + " driver=" + tree::last_part(folder + "driver");
}

} // namespace

void settle() {
  (void)conformance::read_text(kDevices + "ndbus0/wait_probe");
}

std::string named(const std::string& word) {
  static const struct {
    char letter;
    const char* prefix;
  } kinds[] = {{'x', "dax0."}, {'b', "btt0."}, {'f', "pfn0."}};
  if (word == "n" || word == "r") {
    return word == "n" ? "namespace0.0" : "region0";
  }
  for (const auto& kind : kinds) {
    if (word.size() == 2 && word[0] == kind.letter && word[1] >= '0' && word[1] <= '9') {
      return kind.prefix + word.substr(1);
    }
  }
  return word;
}

std::string look(const Stage& stage) {
  settle();
  std::string text;
  for (const std::string& name : tree::names_in(kDevices, "")) {
    if (name[0] == '.' || name.rfind("ndbus", 0) == 0) {
      continue;
    }
    text += (text.empty() ? "" : "; ") + (name.rfind("region", 0) == 0      ? region_text(name)
                                          : name.rfind("namespace", 0) == 0 ? namespace_text(stage, name)
                                                                            : holder_text(stage, name));
  }
  for (const char* folder : {"/sys/bus/dax/devices", "/dev"}) {
    text += std::string("; ") + folder + ":";
    for (const char* prefix : {"dax0.", "pmem"}) {
      for (const std::string& name : tree::names_in(folder, prefix)) {
        text += " " + name;
      }
    }
  }
  return text;
}

// The region's own driver forgets all holders and looks at the info block; where that is none of the device's, ndctl
// makes one.
void restore(const conformance::Device& device) {
  if (::access((kDevices + "region0").c_str(), F_OK) != 0) {
    return;
  }
  const auto is_there = [&] {
    settle();
    const std::string folder = kDevices + "dax0.1/";
    return text_in(folder + "align") == std::to_string(device.align) &&
           text_in(folder + "size") == std::to_string(device.size) && text_in(folder + "mode") == "ram" &&
           uuid_in(folder + "uuid") == "U" && tree::last_part(folder + "driver") == "dax_pmem";
  };
  // The namespace is looked at beside the seeds being made, and both take the first name that is free: so that the
  // seeds are there first, nothing is looked at until they are.
  const auto anew = [&] {
    (void)tree::put(kDrivers + "nd_region/unbind", "region0");
    settle();
    (void)tree::put(kAutoprobe, "0");
    (void)tree::put(kDrivers + "nd_region/bind", "region0");
    settle();
    (void)tree::put(kAutoprobe, "1");
    (void)tree::put("/sys/bus/nd/drivers_probe", "namespace0.0");
    settle();
  };
  (void)tree::put(kDevices + "region0/read_only", "0");
  const bool whole = std::strtoull(text_in(kDevices + "region0/size").c_str(), nullptr, 0) % (16U << 20U) == 0;
  (void)tree::put(kDevices + "region0/align", whole ? "0x1000000" : "0x200000");
  anew();
  if (!is_there()) {
    (void)output_of("ndctl create-namespace -f -e namespace0.0 -m devdax -M mem -a " + std::to_string(device.align));
    anew();
  }
}

} // namespace sequences::nd
