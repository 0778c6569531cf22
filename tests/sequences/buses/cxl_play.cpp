// How the calls of the cxl family are played.
#include "tests/sequences/buses/cxl.hpp"

#include <cctype>
#include <cstdlib>

#include <unistd.h>

#include "tests/sequences/tool/tool.hpp"
#include "tests/sequences/tree.hpp"

namespace sequences::cxl {
namespace {

std::string g_last = "99"; // number of the region that this process made last

bool is_word_of(char letter, const std::string& word) {
  return word.size() > 1 && word[0] == letter &&
         (word == std::string(1, letter) + "l" || std::isdigit(static_cast<unsigned char>(word[1])) != 0);
}

// "r0" as "region0"; other words as they are.
std::string named(const std::string& word) {
  static const struct {
    char letter;
    const char* prefix;
  } kinds[] = {{'d', "decoder"},  {'r', "region"}, {'m', "mem"},        {'p', "port"},
               {'e', "endpoint"}, {'x', "dax"},    {'X', "dax_region"}, {'N', "pmem"}};
  if (is_word_of('M', word)) {
    return function_of(static_cast<std::size_t>(word[1] - '0'));
  }
  for (const auto& kind : kinds) {
    if (is_word_of(kind.letter, word)) {
      const bool last = word[1] == 'l';
      return kind.prefix + (last ? g_last + (kind.letter == 'x' ? ".0" : "") : word.substr(1));
    }
  }
  return word;
}

std::string folder(const std::string& place) {
  const std::string name = named(place);
  if (place == "bus") {
    return "/sys/bus/cxl";
  }
  if (name == place) {
    return place == "cxl_pci"                         ? kFunctionDriver
           : place == "kmem" || place == "device_dax" ? kDaxDrivers + place
                                                      : kDrivers + place;
  }
  return (place[0] == 'x' ? kDaxDevices : kDevices) + name + (place[0] == 'X' ? "/dax_region" : "");
}

// "=text" as it is, with \n for a newline; "u1" a uuid; "next" what the attribute reads; else the name of something.
std::string value(const std::string& path, const std::string& word) {
  if (word == "next") {
    return tree::text_in(path);
  }
  if (is_word_of('u', word)) {
    return "11111111-2222-3333-4444-55555555550" + word.substr(1) + "\n"; // uuid_store() wants a line
  }
  return word[0] == '=' ? tree::plain(word) : named(word);
}

// cxl_dax_region of 7.3 is asked beside whoever made a dax region (PROBE_PREFER_ASYNCHRONOUS): waits for the first dax
// device of each, and for its driver, which has its lock meanwhile.
void await_dax_devices() {
  for (const std::string& name : tree::names_in(kDevices, "dax_region")) {
    const std::string device = "dax" + name.substr(10) + ".0";
    for (int turn = 0; turn < 50 && tree::last_part(kDaxDevices + device + "/driver") == "-"; ++turn) {
      (void)::usleep(10000);
    }
    if (tree::last_part(kDaxDevices + device + "/driver") == "kmem") {
      (void)tree::put(kDaxDrivers + "kmem/bind", device); // refused, when it is done
    }
  }
}

std::string write_value(const Call& call) {
  const std::string path = folder(call.word(0)) + "/" + call.word(1);
  const std::string text = value(path, tree::rest(call, 2));
  std::string said = tree::put(path, text);
  if (said == "ok" && (call.word(1) == "drivers_probe" || (call.word(0) == "cxl_region" && call.word(1) == "bind"))) {
    await_dax_devices();
  }
  if (said == "ok" && call.word(1) == "unbind") {
    settle();
  }
  if (said == "ok" && call.word(1).rfind("create_", 0) == 0 && text.rfind("region", 0) == 0) {
    g_last = text.substr(6, text.find_last_not_of('\n') - 5);
  }
  return said;
}

} // namespace

void settle() {
  (void)::usleep(30000);
}

bool concerns(const Call& call) {
  return call.name.rfind("cxl", 0) == 0;
}

std::optional<std::string> play(Stage&, const Call& call) {
  if (call.name == "cxl-put") {
    return write_value(call);
  }
  if (call.name == "cxl-list") {
    return without_addresses(output_of("cxl list " + tree::rest(call, 0)));
  }
  return call.name == "cxl" ? std::optional(look()) : std::nullopt;
}

} // namespace sequences::cxl
