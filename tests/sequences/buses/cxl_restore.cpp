// How the CXL bus is put back between sequences: without a reboot, which takes a minute.
#include "tests/sequences/buses/cxl.hpp"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <initializer_list>

#include <unistd.h>

#include "tests/conformance/ask/text.hpp"
#include "tests/sequences/tree.hpp"

namespace sequences::cxl {
namespace {

using tree::put;
using tree::text_in;

const std::string kRoots[] = {kDevices + "decoder0.0/", kDevices + "decoder0.1/"};

void forget_devices() {
  for (const std::string& name : tree::names_in(kDaxDevices, "dax")) {
    if (const std::string driver = tree::last_part(kDaxDevices + name + "/driver"); driver != "-") {
      (void)put(kDaxDrivers + driver + "/unbind", name);
    }
  }
  for (const char* driver : {"kmem", "device_dax"}) { // ids stay after what they are of
    for (int region = 0; region < 8; ++region) {
      for (const char* device : {".0", ".1", ".2"}) {
        (void)put(kDaxDrivers + driver + "/remove_id", "dax" + std::to_string(region) + device);
      }
    }
  }
}

void remove_regions() {
  auto names = tree::names_in(kDevices, "region");
  std::reverse(names.begin(), names.end()); // decoders are reset in the order against that of their commit
  for (const std::string& name : names) {
    (void)put(kDrivers + "cxl_region/unbind", name);
    (void)put(kDevices + name + "/commit", "0");
    for (const std::string& root : kRoots) {
      (void)put(root + "delete_region", name);
    }
  }
}

// An endpoint decoder that once had a mode has one for as long as its endpoint is there. Whatever comes takes the first
// number that is free.
void renew_memdevs() {
  const auto wrong = [](std::size_t number) {
    const std::string name = "mem" + std::to_string(number);
    char path[PATH_MAX];
    return ::realpath((kDevices + name + "/..").c_str(), path) == nullptr ||
           std::string(path).substr(std::string(path).rfind('/') + 1) != function_of(number);
  };
  if (wrong(0) || wrong(1) || wrong(2)) {
    for (const char* verb : {"/unbind", "/bind"}) {
      for (std::size_t memdev = 0; memdev < kMemdevs; ++memdev) {
        (void)put(kFunctionDriver + verb, function_of(memdev));
      }
      settle();
    }
    return;
  }
  for (const char* verb : {"cxl_mem/unbind", "cxl_mem/bind"}) {
    for (std::size_t memdev = 0; memdev < kMemdevs; ++memdev) {
      (void)put(kDrivers + verb, "mem" + std::to_string(memdev));
    }
    settle();
  }
}

// A region of one memdev, 256M, at the first place that is free: as cxl(1) makes one.
void make_region(std::size_t memdev, std::size_t index) {
  const bool pmem = memdev == 2;
  const std::string create = kRoots[0] + (pmem ? "create_pmem_region" : "create_ram_region");
  const std::string name = text_in(create);
  const std::string folder = kDevices + name + "/";
  const std::string decoder = "decoder" + std::to_string(memdev + 2) + "." + std::to_string(index);
  const struct {
    std::string path;
    std::string value;
  } steps[] = {{create, name},
               {folder + "interleave_ways", "1"},
               {folder + "interleave_granularity", "256"},
               {folder + "uuid", "22222222-2222-3333-4444-55555555550" + std::to_string(index) + "\n"},
               {folder + "size", "0x10000000"},
               {kDevices + decoder + "/mode", pmem ? "pmem" : "ram"},
               {kDevices + decoder + "/dpa_size", "0x10000000"},
               {folder + "target0", decoder},
               {folder + "commit", "1"}};
  for (const auto& step : steps) {
    (void)put(step.path, step.value);
  }
}

// A decoder keeps in its registers, for as long as there is power, much of what was committed last: the same regions
// before each sequence, as many as the memdevs' memory and the decoders of their port are enough for.
void program_decoders() {
  for (const std::initializer_list<std::size_t> memdevs : {std::initializer_list<std::size_t>{0, 1}, {2}}) {
    for (const std::size_t memdev : memdevs) {
      make_region(memdev, 0);
      make_region(memdev, 1);
    }
    remove_regions();
  }
}
// A region of this root comes and goes: what the root has ready then is the lowest number that nobody has.
void draw_number(const std::string& root) {
  const std::string name = text_in(root + "create_ram_region");
  (void)put(root + "create_ram_region", name);
  (void)put(root + "delete_region", name);
}

void renumber() {
  const auto has = [](std::size_t root, const char* name) {
    return text_in(kRoots[root] + "create_ram_region") == name;
  };
  if (!has(0, "region0")) {
    if (has(1, "region0")) { // then the first one draws again, when that is free
      if (has(0, "region1")) {
        draw_number(kRoots[0]);
      }
      draw_number(kRoots[1]);
    }
    draw_number(kRoots[0]);
  }
  if (!has(1, "region1")) {
    draw_number(kRoots[1]);
  }
}

std::string problem() {
  for (std::size_t root = 0; root < 2; ++root) {
    const std::string next = text_in(kRoots[root] + "create_ram_region");
    if (next != "region" + std::to_string(root)) {
      return "next is " + next;
    }
  }
  for (std::size_t memdev = 0; memdev < kMemdevs; ++memdev) {
    const std::string number = std::to_string(memdev);
    if (tree::last_part(kDevices + "mem" + number + "/driver") != "cxl_mem" ||
        tree::last_part(kDevices + "endpoint" + std::to_string(memdev + 2) + "/uport") != "mem" + number) {
      return "no mem" + number + " of its own endpoint";
    }
    if (const std::string mode = text_in(kDevices + "decoder" + std::to_string(memdev + 2) + ".0/mode");
        mode != "none") {
      return "mem" + number + " has a decoder of mode " + mode;
    }
  }
  return tree::names_in(kDevices, "region").empty() ? "" : "there is a region";
}

} // namespace

std::string restore() {
  static const char* const online = "/sys/devices/system/memory/auto_online_blocks";
  if (text_in(online) != "offline") { // memory that the kernel uses cannot be had back
    (void)put(online, "offline");
  }
  forget_devices();
  remove_regions();
  renew_memdevs();
  program_decoders();
  renew_memdevs();
  renumber();
  return problem();
}

} // namespace sequences::cxl
