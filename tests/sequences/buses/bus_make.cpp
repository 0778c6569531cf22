// How sequences of the bus family are made.
#include "tests/sequences/buses/bus.hpp"

namespace sequences::bus {
namespace {

std::string device(Making& making) {
  static const Weighted table[] = {{"d0", 8}, {"d1", 8}, {"d2", 5}, {"d3", 2}, {"d4", 1}};
  return pick(making.random, table);
}

std::string bad_word(Making& making) {
  static const Weighted table[] = {
      {"=x", 3},     {"=", 2},        {"=-1", 2},   {"=0x", 1}, {"=99999999999999999999", 1}, {"=1 1", 1}, {"=dax", 2},
      {"=dax0.", 2}, {"=dax99.0", 2}, {"=1\\n", 1}, {"=\\n", 1}};
  return pick(making.random, table);
}

std::string size(Making& making) {
  static const Weighted table[] = {
      {"0", 22},   {"1A", 8},   {"2A", 10},  {"4A", 10}, {"8A", 6}, {"16A", 4},       {"S", 8},           {"S-1A", 3},
      {"S-4A", 3}, {"S+1A", 2}, {"1A+P", 2}, {"P", 2},   {"H", 2},  {"=0x400000", 2}, {"=4194304\\n", 2}, {"=4M", 1}};
  return making.random.chance(92) ? pick(making.random, table) : bad_word(making);
}

std::string align(Making& making) {
  static const Weighted table[] = {{"=4096", 5}, {"=2097152", 8}, {"=1073741824", 4}, {"=0", 1},
                                   {"=1", 1},    {"=8192", 2},    {"=0x200000", 2},   {"=2097152\\n", 2}};
  return making.random.chance(92) ? pick(making.random, table) : bad_word(making);
}

std::string mapping(Making& making) {
  static const Weighted table[] = {{"0A 1A", 4},  {"0A 2A", 3}, {"2A 4A", 5},  {"4A 8A", 4},
                                   {"8A 10A", 3}, {"0A S", 2},  {"S-2A S", 3}, {"S S+1A", 1},
                                   {"0A P", 1},   {"P 1A", 1},  {"4A 2A", 1},  {"2A 2A", 1}};
  return making.random.chance(90) ? pick(making.random, table) : bad_word(making);
}

void create(Making& making) {
  making.add("bus-put", {"region", "create", making.random.chance(80) ? "=1" : bad_word(making)});
}
void remove(Making& making) {
  making.add("bus-put", {"region", "delete", making.random.chance(85) ? device(making) : bad_word(making)});
}
void set_size(Making& making) {
  making.add("bus-put", {device(making), "size", size(making)});
}
void set_align(Making& making) {
  making.add("bus-put", {device(making), "align", align(making)});
}
void add_mapping(Making& making) {
  const std::string text = mapping(making);
  const std::size_t space = text[0] == '=' ? std::string::npos : text.find(' ');
  if (space == std::string::npos) {
    making.add("bus-put", {device(making), "mapping", text});
  } else {
    making.add("bus-range", {device(making), text.substr(0, space), text.substr(space + 1)});
  }
}
void drive(Making& making) {
  static const Weighted what[] = {{"bind", 8}, {"unbind", 9}, {"new_id", 3}, {"remove_id", 3}};
  const char* driver = making.random.chance(92) ? "device_dax" : "kmem";
  making.add("bus-put",
             {driver, pick(making.random, what), making.random.chance(88) ? device(making) : bad_word(making)});
}
void other(Making& making) {
  static const Weighted what[] = {{"d0 driver_override", 2},
                                  {"d0 uevent", 3},
                                  {"d0 numa_node", 1},
                                  {"d0 resource", 1},
                                  {"d0 modalias", 1},
                                  {"d1 uevent", 2},
                                  {"d1 dev", 1},
                                  {"region align", 1},
                                  {"region size", 1},
                                  {"region id", 1},
                                  {"region seed", 1},
                                  {"region available_size", 1},
                                  {"bus drivers_probe", 4},
                                  {"bus uevent", 1},
                                  {"device_dax module", 1},
                                  {"device_dax uevent", 1},
                                  {"d0 power", 1},
                                  {"d0 power/control", 1},
                                  {"region nothing", 1}};
  static const Weighted values[] = {{"d0", 3},      {"d1", 3},          {"=1", 2}, {"=add", 2},
                                    {"=change", 2}, {"=device_dax", 2}, {"=x", 1}, {"=", 1}};
  const std::string text = pick(making.random, what);
  const std::size_t space = text.find(' ');
  making.add("bus-put", {text.substr(0, space), text.substr(space + 1), pick(making.random, values)});
}
void open(Making& making) {
  static const Weighted how[] = {{"open", 3}, {"map", 4}, {"stat", 2}};
  making.add("bus-node", {device(making), pick(making.random, how)});
}
void daxctl(Making& making) {
  static const Weighted verbs[] = {{"list", 3},
                                   {"list -RDi", 3},
                                   {"create-device -r 0 -s 2A", 3},
                                   {"create-device -r 0", 2},
                                   {"disable-device d1", 3},
                                   {"enable-device d1", 3},
                                   {"destroy-device d1", 3},
                                   {"destroy-device -f d2", 2},
                                   {"reconfigure-device -m devdax -s 4A d1", 2},
                                   {"disable-device all", 1},
                                   {"create-device -r 0 -s 4A -a 2097152", 1}};
  making.calls.push_back(parse_call(std::string("daxctl ") + pick(making.random, verbs)));
}

} // namespace

void add_call(Making& making) {
  static const Choice table[] = {{create, 12}, {remove, 10}, {set_size, 20}, {set_align, 8}, {add_mapping, 8},
                                 {drive, 24},  {other, 7},   {open, 6},      {daxctl, 3}};
  if (making.calls.empty()) { // the device fills the region: nothing can be made before it goes or shrinks
    making.add("bus-put", {"device_dax", "unbind", "d0"});
    if (making.random.chance(75)) {
      making.add("bus-put", {"d0", "size", making.random.chance(60) ? "0" : "8A"});
    }
    return;
  }
  choose(making, table);
}

void add_state(Making& making, bool all) {
  making.add("bus", {});
  if (all) {
    making.add("daxctl", {"list", "-RDi"});
  }
}

} // namespace sequences::bus
