// How sequences of the nd family are made.
#include "tests/sequences/buses/nd.hpp"

namespace sequences::nd {
namespace {

std::string dax(Making& making) {
  static const Weighted table[] = {{"x0", 10}, {"x1", 8}, {"x2", 4}, {"x3", 1}};
  return pick(making.random, table);
}

std::string object(Making& making) {
  static const Weighted table[] = {{"n", 8}, {"b0", 2}, {"f0", 2}, {"b1", 1}, {"f1", 1}};
  return making.random.chance(60) ? dax(making) : pick(making.random, table);
}

std::string bad_word(Making& making) {
  static const Weighted table[] = {{"=x", 3},    {"=", 3},          {"=-1", 2},
                                   {"=0", 2},    {"=namespace", 1}, {"=namespace9.0", 2},
                                   {"=1\\n", 1}, {"=\\n", 2},       {"=dax", 1}};
  return pick(making.random, table);
}

std::string value_or_bad(Making& making, const char* good) {
  return making.random.chance(90) ? std::string(good) : bad_word(making);
}

void set_namespace(Making& making) {
  static const Weighted values[] = {{"n", 6}, {"=", 4}, {"=\\n", 1}};
  static const Weighted blocks[] = {{"b0", 1}, {"f0", 1}};
  const std::string place = making.random.chance(80) ? dax(making) : pick(making.random, blocks);
  making.add("nd-put", {place, "namespace", value_or_bad(making, pick(making.random, values))});
}
void set_align(Making& making) {
  static const Weighted values[] = {{"=4096", 5}, {"=2097152", 8}, {"=1073741824", 2}, {"=8192", 1}, {"=0x200000", 1}};
  making.add("nd-put", {making.random.chance(90) ? dax(making) : "f0", "align",
                        value_or_bad(making, pick(making.random, values))});
}
void set_mode(Making& making) {
  static const Weighted values[] = {{"=pmem", 4}, {"=ram", 6}, {"=none", 2}, {"=pmem\\n", 2}, {"=ram\\n", 2}};
  making.add("nd-put", {making.random.chance(90) ? dax(making) : "f0", "mode",
                        value_or_bad(making, pick(making.random, values))});
}
void set_uuid(Making& making) {
  static const Weighted values[] = {
      {"u1", 6}, {"u2", 3}, {"=11111111-2222-3333-4444-55555555555", 1}, {"=11111111222233334444555555555501", 1}};
  making.add("nd-put", {dax(making), "uuid", value_or_bad(making, pick(making.random, values))});
}
void set_other(Making& making) {
  static const Weighted what[] = {{"b0 sector_size", 3},
                                  {"n force_raw", 2},
                                  {"n holder_class", 6},
                                  {"n size", 1},
                                  {"n holder", 1},
                                  {"r read_only", 3},
                                  {"r align", 3},
                                  {"r dax_seed", 1},
                                  {"x0 resource", 1},
                                  {"x1 size", 1},
                                  {"n uevent", 1},
                                  {"x0 uevent", 1},
                                  {"r uevent", 1},
                                  {"n uuid", 1},
                                  {"n alt_name", 1},
                                  {"x0 nothing", 1},
                                  {"bus drivers_autoprobe", 1}};
  static const Weighted values[] = {{"=0", 4},   {"=1", 3},   {"=512", 1},  {"=4096", 3}, {"=", 2},       {"=dax", 2},
                                    {"=pfn", 1}, {"=btt", 1}, {"=none", 1}, {"=add", 1},  {"=2097152", 1}};
  const std::string text = pick(making.random, what);
  const std::size_t space = text.find(' ');
  making.add("nd-put", {text.substr(0, space), text.substr(space + 1), pick(making.random, values)});
}
void drive(Making& making) {
  static const Weighted drivers[] = {{"dax_pmem", 10}, {"nd_pmem", 5}, {"nvdimm", 1}};
  const std::string driver = pick(making.random, drivers);
  std::string whom = driver == "dax_pmem" ? dax(making)

                     : driver == "nd_pmem" ? "n"
                                           : object(making);
  if (making.random.chance(12)) {
    whom = making.random.chance(70) ? object(making) : bad_word(making);
  }
  making.add("nd-put", {driver, making.random.chance(55) ? "bind" : "unbind", whom});
}
void probe(Making& making) {
  making.add("nd-put", {"bus", "drivers_probe", making.random.chance(90) ? object(making) : bad_word(making)});
}
// What somebody does who makes a devdax by hand.
void make_devdax(Making& making) {
  const std::string one = dax(making);
  making.add("nd-put", {one, "namespace", "n"});
  making.add("nd-put", {one, "mode", making.random.chance(70) ? "=ram" : "=pmem"});
  making.add("nd-put", {one, "uuid", "u1"});
  making.add("nd-put", {"dax_pmem", "bind", one});
}
void node(Making& making) {
  making.add("nd-node", {making.random.chance(70) ? "x0" : "x1", making.random.chance(50) ? "map" : "stat"});
}
void ndctl(Making& making) {
  static const Weighted verbs[] = {{"list -BDRN", 3},
                                   {"list -Ni", 3},
                                   {"disable-namespace n", 4},
                                   {"enable-namespace n", 4},
                                   {"destroy-namespace n", 1},
                                   {"destroy-namespace -f n", 3},
                                   {"create-namespace -m devdax -a 4096 -M mem", 2},
                                   {"create-namespace -m devdax -a 2097152 -M dev", 2},
                                   {"create-namespace -f -e n -m devdax -a 2097152 -M mem", 3},
                                   {"create-namespace -f -e n -m devdax -a 4096 -M dev", 2},
                                   {"create-namespace -f -e n -m devdax -a 3M", 1},
                                   {"check-namespace n", 1}};
  making.calls.push_back(parse_call(std::string("ndctl ") + pick(making.random, verbs)));
}

} // namespace

void add_call(Making& making) {
  static const Choice table[] = {{set_namespace, 16}, {set_align, 10}, {set_mode, 10},   {set_uuid, 9}, {set_other, 9},
                                 {drive, 26},         {probe, 3},      {make_devdax, 4}, {node, 5},     {ndctl, 3}};
  if (making.calls.empty() && making.random.chance(70)) { // nearly everything is busy before
    making.add("nd-put", {"dax_pmem", "unbind", "x0"});
    return;
  }
  choose(making, table);
}

void add_state(Making& making, bool all) {
  making.add("nd", {});
  if (all) {
    making.add("ndctl", {"list", "-BDRNi"});
  }
}

} // namespace sequences::nd
