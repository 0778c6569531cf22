// How the calls of the bus family are played.
#include "tests/sequences/buses/bus.hpp"

#include <cstdio>

#include "tests/sequences/tool/tool.hpp"
#include "tests/sequences/tree.hpp"

namespace sequences::bus {
namespace {

using tree::put;

constexpr const char* kBus = "/sys/bus/dax";

bool is_device(const std::string& word) {
  return word.size() == 2 && word[0] == 'd' && word[1] >= '0' && word[1] <= '9';
}

std::string folder(const Stage& stage, const std::string& place) {
  if (is_device(place)) {
    return folder_of(*stage.device, place);
  }
  return place == "region" ? stage.device->region : place == "bus" ? kBus : std::string(kBus) + "/drivers/" + place;
}

// "=text" as it is, with \n for a newline; "d2" a device's name; else a size in units.
std::string value(const Stage& stage, const std::string& word) {
  if (is_device(word)) {
    return named(*stage.device, word);
  }
  if (word[0] != '=') {
    return std::to_string(stage.units.bytes(word));
  }
  return tree::plain(word);
}

std::string write_value(Stage& stage, const Call& call) {
  return put(folder(stage, call.word(0)) + "/" + call.word(1), value(stage, tree::rest(call, 2)));
}

std::string write_range(Stage& stage, const Call& call) {
  const std::uint64_t start = region_start(*stage.device);
  char text[64];
  std::snprintf(text, sizeof text, "%lx-%lx", static_cast<unsigned long>(start + stage.units.bytes(call.word(1))),
                static_cast<unsigned long>(start + stage.units.bytes(call.word(2)) - 1));
  return put(folder(stage, call.word(0)) + "/mapping", text);
}

std::string node(Stage& stage, const Call& call) {
  return tree::node(stage, "/dev/" + named(*stage.device, call.word(0)), call.word(1));
}

// What it prints, in one line; addresses are the machine's.
std::string daxctl(Stage& stage, const Call& call) {
  std::string command = "daxctl";
  for (const std::string& word : call.words) {
    const bool size = !word.empty() && word.back() == 'A';
    command += ' ' + (is_device(word) ? named(*stage.device, word)
                      : size          ? std::to_string(stage.units.bytes(word))
                                      : word);
  }
  return output_of(command);
}

} // namespace

bool concerns(const Call& call) {
  return call.name.rfind("bus", 0) == 0 || call.name == "daxctl";
}

std::optional<std::string> play(Stage& stage, const Call& call) {
  static const struct {
    const char* name;
    std::string (*play)(Stage&, const Call&);
  } table[] = {{"bus-put", write_value}, {"bus-range", write_range}, {"bus-node", node}, {"daxctl", daxctl}};
  for (const auto& one : table) {
    if (call.name == one.name) {
      return one.play(stage, call);
    }
  }
  return call.name == "bus" ? std::optional(look(stage)) : std::nullopt;
}

} // namespace sequences::bus
