// json_shape: JSON of standard input without what hangs on the place and the order: lists in one order, addresses as
// distances from the lowest one. What two machines that are the same print is then the same.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <iostream>
#include <regex>
#include <string>

#include <nlohmann/json.hpp>

namespace {

using Json = nlohmann::json;

bool is_address(const std::string& key) {
  return key == "resource" || key == "start";
}

void each_address(Json& json, const std::function<void(Json&)>& visit) {
  for (auto& [key, value] : json.items()) {
    if (value.is_structured()) {
      each_address(value, visit);
    } else if (json.is_object() && is_address(key) && value.is_number_unsigned()) {
      visit(value);
    }
  }
}

void without_places(Json& json) {
  if (json.is_object() && json.contains("start")) {
    json.erase("start");
  }
  for (Json& value : json) {
    if (value.is_structured()) {
      without_places(value);
    }
  }
}

// A bus whose firmware can be asked to look for errors has a state of that; QEMU's cannot, the emulated one can.
void without_scrub(Json& json) {
  for (Json& value : json) {
    if (value.is_object()) {
      value.erase("scrub_state");
    }
  }
}

// Which dax of an nd region has a namespace is by whose probe ended first (nd_region_dax_seed): /region0/dax0.0 or
// /region0/dax0.1.
void without_luck(Json& json) {
  static const std::regex claimed("(/region[0-9]+/dax[0-9]+)[.][0-9]+$");
  for (auto& [key, value] : json.items()) {
    if (value.is_structured()) {
      without_luck(value);
    } else if (json.is_object() && key == "path" && value.is_string()) {
      value = std::regex_replace(value.get<std::string>(), claimed, "$1");
    }
  }
}

void order(Json& json) {
  for (Json& value : json) {
    if (value.is_structured()) {
      order(value);
    }
  }
  if (json.is_array() && std::all_of(json.begin(), json.end(), [](const Json& one) { return one.is_object(); })) {
    std::sort(json.begin(), json.end(), [](const Json& one, const Json& other) { return one.dump() < other.dump(); });
  }
}

} // namespace

int main() {
  Json json = Json::parse(std::cin, nullptr, false);
  if (json.is_discarded()) {
    std::cerr << "json_shape: this is no JSON\n";
    return 1;
  }
  if (json.is_object()) { // a platform file: where it is replayed there may be no room at that address
    json.erase("notes");
    without_places(json);
  }
  std::uint64_t lowest = UINT64_MAX;
  each_address(json, [&](const Json& address) { lowest = std::min(lowest, address.get<std::uint64_t>()); });
  each_address(json, [&](Json& address) { address = address.get<std::uint64_t>() - lowest; });
  without_scrub(json);
  without_luck(json);
  order(json);
  std::cout << json.dump(1) << "\n";
  return 0;
}
