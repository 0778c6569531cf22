// What the dax bus says of itself, and how it is put back.
#include "tests/sequences/buses/bus.hpp"

#include <cstdlib>
#include <vector>

#include <unistd.h>

#include "tests/conformance/ask/text.hpp"
#include "tests/sequences/tree.hpp"

namespace sequences::bus {
namespace {

using tree::last_part;
using tree::names_in;
using tree::put;

constexpr const char* kDevices = "/sys/bus/dax/devices";
constexpr const char* kDriver = "/sys/bus/dax/drivers/device_dax";

using tree::text_in;

std::uint64_t number_in(const std::string& path) {
  return std::strtoull(conformance::read_text(path).value_or("0").c_str(), nullptr, 0);
}

std::string region_prefix(const conformance::Device& device) { // "dax0."
  return device.name.substr(0, device.name.find('.') + 1);
}

std::string device_text(const Stage& stage, const std::string& name) {
  const std::string folder = std::string(kDevices) + "/" + name;
  const std::uint64_t start = region_start(*stage.device);
  const auto place = [&](const std::string& path) {
    const std::uint64_t at = number_in(path);
    return at < start ? std::string("?") : stage.units.text(at - start);
  };
  std::string text = name + " " + stage.units.text(number_in(folder + "/size")) +
                     " align=" + text_in(folder + "/align") + " driver=" + last_part(folder + "/driver");
  for (const std::string& mapping : names_in(folder, "mapping")) {
    if (mapping != "mapping") {
      std::string one = folder;
      one += "/";
      one += mapping;
      text += " ";
      text += mapping;
      text += "=";
      text += place(one + "/start");
      text += "..";
      text += place(one + "/end");
      text += "@";
      text += stage.units.text(number_in(one + "/page_offset") * kPage);
    }
  }
  return text;
}

} // namespace

std::string named(const conformance::Device& device, const std::string& word) {
  return region_prefix(device) + word.substr(1);
}

std::string folder_of(const conformance::Device& device, const std::string& word) {
  return std::string(kDevices) + "/" + named(device, word);
}

// The region says where it is only to those who ask for the device's parent; the first device begins there.
std::uint64_t region_start(const conformance::Device& device) {
  static const std::uint64_t start = number_in(device.sysfs + "/resource");
  return start;
}

std::string look(const Stage& stage) {
  const std::string& region = stage.device->region;
  std::string text = "free=" + stage.units.text(number_in(region + "/available_size")) +
                     " seed=" + text_in(region + "/seed") + " create=" + text_in(region + "/create");
  for (const std::string& name : names_in(kDevices, region_prefix(*stage.device))) {
    text += "; " + device_text(stage, name);
  }
  text += "; nodes:";
  for (const std::string& name : names_in("/dev", region_prefix(*stage.device))) {
    text += " " + name;
  }
  text += "; bound:";
  for (const std::string& name : names_in(kDriver, "dax")) {
    text += " " + name;
  }
  return text;
}

namespace {

// Newer kernels give soft-reserved memory to kmem unless device_dax was told its name, which attaches it.
void bind(const conformance::Device& device) {
  if (put(std::string(kDriver) + "/bind", device.name) != "ok") {
    (void)put(std::string(kDriver) + "/new_id", device.name);
  }
}

} // namespace

void restore(const conformance::Device& device) {
  const std::string own = std::string(kDevices) + "/" + device.name;
  const auto names = names_in(kDevices, region_prefix(device));
  (void)region_start(device);
  const bool fixed = device.region.empty() || ::access((device.region + "/create").c_str(), F_OK) != 0;
  if (fixed && last_part(own + "/driver") != "device_dax") {
    bind(device);
  }
  if (fixed || (names.size() == 1 && last_part(own + "/driver") == "device_dax" &&
                number_in(own + "/size") == device.size && number_in(own + "/align") == device.align)) {
    return;
  }
  for (const std::string& name : names) {
    const std::string folder = std::string(kDevices) + "/" + name;
    (void)put(std::string("/sys/bus/dax/drivers/kmem/remove_id"), name);
    (void)put(std::string(kDriver) + "/unbind", name);
    (void)put(std::string(kDriver) + "/remove_id", name);
    (void)put(folder + "/size", "0");
    (void)put(device.region + "/delete", name);
  }
  (void)put(own + "/align", std::to_string(device.align));
  (void)put(own + "/size", std::to_string(device.size));
  bind(device);
}

} // namespace sequences::bus
