// Paths and values of the dax bus in sysfs, in words that are the same on every machine.
#pragma once

#include <string>

#include "tests/conformance/ask/device.hpp"
#include "tests/conformance/ask/text.hpp"

namespace conformance {

constexpr const char* kBus = "/sys/bus/dax";
constexpr const char* kDriver = "/sys/bus/dax/drivers/device_dax";

// A place in the tree that rows talk about.
enum class Place { device, region, mapping, bus, driver, memory_driver };
std::string directory(Place place, const Device& device);
const char* place_name(Place place);

// "mode=0644", or the error.
std::string mode_text(const std::string& path);
// The value with the device's size, align, number and addresses replaced by words; or the error.
std::string value_text(const std::string& path, const Device& device);
// "ok" or the errno of open or write.
std::string write_text(const std::string& path, const std::string& value);
// Names in a directory, sorted, with a mark of their type: "align dev driver@ power/".
std::string listing(const std::string& path);

bool bound(const Device& device);
std::string unbind(const Device& device);
std::string bind(const Device& device);

} // namespace conformance
