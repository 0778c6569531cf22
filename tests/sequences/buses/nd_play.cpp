// How the calls of the nd family are played.
#include "tests/sequences/buses/nd.hpp"

#include "tests/sequences/tool/tool.hpp"
#include "tests/sequences/tree.hpp"

namespace sequences::nd {
namespace {

constexpr const char* kBus = "/sys/bus/nd";

std::string folder(const std::string& place) {
  const std::string name = named(place);
  if (name != place) {
    return std::string(kBus) + "/devices/" + name;
  }
  return place == "bus" ? kBus : std::string(kBus) + "/drivers/" + place;
}

// "=text" as it is, with \n for a newline; "u1" a uuid; else the name of an object.
std::string value(const std::string& word) {
  if (word.size() == 2 && word[0] == 'u') {
    return "11111111-2222-3333-4444-55555555550" + word.substr(1);
  }
  return word[0] == '=' ? tree::plain(word) : named(word);
}

std::string write_value(const Call& call) {
  std::string said = tree::put(folder(call.word(0)) + "/" + call.word(1), value(tree::rest(call, 2)));
  settle();
  return said;
}

// Uuids are random.
std::string without_uuids(std::string text) {
  constexpr std::size_t kLength = 36;
  const auto is_uuid = [&](std::size_t at) {
    for (std::size_t place = 0; place < kLength; ++place) {
      const char one = text[at + place];
      const bool dash = place == 8 || place == 13 || place == 18 || place == 23;
      if (dash ? one != '-' : std::string("0123456789abcdef").find(one) == std::string::npos) {
        return false;
      }
    }
    return true;
  };
  for (std::size_t at = 0; at + kLength <= text.size(); ++at) {
    if (is_uuid(at)) {
      text.replace(at, kLength, "U");
    }
  }
  return text;
}

std::string ndctl(const Call& call) {
  std::string command = "ndctl";
  for (const std::string& word : call.words) {
    command += ' ' + (word == "n" ? named(word) : word);
  }
  return without_uuids(output_of(command));
}

} // namespace

bool concerns(const Call& call) {
  return call.name.rfind("nd", 0) == 0;
}

std::optional<std::string> play(Stage& stage, const Call& call) {
  if (call.name == "nd-put") {
    return write_value(call);
  }
  if (call.name == "nd-node") {
    return tree::node(stage, "/dev/" + named(call.word(0)), call.word(1));
  }
  if (call.name == "ndctl") {
    return ndctl(call);
  }
  return call.name == "nd" ? std::optional(look(stage)) : std::nullopt;
}

} // namespace sequences::nd
