// How sequences of the cxl family are made.
#include "tests/sequences/buses/cxl.hpp"

namespace sequences::cxl {
namespace {

std::string bad_word(Making& making) {
  static const Weighted table[] = {{"=x", 3},      {"=", 2},          {"=-1", 2},       {"=0x", 1},
                                   {"=1 1", 1},    {"=region", 2},    {"=decoder", 1},  {"=99999999999999999999", 1},
                                   {"=1\\n", 1},   {"=\\n", 2},       {"=region99", 2}, {"=mem9", 1},
                                   {"=dax9.9", 1}, {"=decoder2.9", 1}};
  return pick(making.random, table);
}

std::string mostly(Making& making, const std::string& good) {
  return making.random.chance(93) ? good : bad_word(making);
}

std::string region(Making& making) {
  static const Weighted table[] = {{"rl", 16}, {"r0", 4}, {"r1", 3}, {"r2", 3}, {"r3", 1}};
  return pick(making.random, table);
}

std::string endpoint_decoder(Making& making) {
  static const Weighted table[] = {{"d2.0", 8}, {"d2.1", 4}, {"d2.2", 1}, {"d2.3", 1}, {"d3.0", 8},
                                   {"d3.1", 4}, {"d3.2", 1}, {"d4.0", 8}, {"d4.1", 4}, {"d4.3", 1}};
  return pick(making.random, table);
}

std::string root_decoder(Making& making) {
  return making.random.chance(75) ? "d0.0" : "d0.1";
}

std::string kind(Making& making) {
  return making.random.chance(68) ? "create_ram_region" : "create_pmem_region";
}

void create(Making& making) {
  making.add("cxl-put", {root_decoder(making), kind(making), "next"});
}
// Stale and wrong names.
void create_badly(Making& making) {
  static const Weighted names[] = {{"r0", 4}, {"r1", 3},          {"r2", 3}, {"r7", 1},
                                   {"m0", 1}, {"=region0\\n", 2}, {"rl", 3}};
  making.add("cxl-put", {root_decoder(making), kind(making),
                         making.random.chance(75) ? pick(making.random, names) : bad_word(making)});
}
void remove(Making& making) {
  making.add("cxl-put", {root_decoder(making), "delete_region", mostly(making, region(making))});
}
void shape(Making& making) {
  static const Weighted ways[] = {{"=1", 6},  {"=2", 6}, {"=3", 2},  {"=4", 2},  {"=5", 1},
                                  {"=16", 1}, {"=0", 1}, {"=12", 1}, {"=0x2", 1}};
  static const Weighted grains[] = {{"=256", 6}, {"=512", 2}, {"=4096", 2}, {"=16384", 2}, {"=32768", 1},
                                    {"=128", 1}, {"=0", 1},   {"=300", 1},  {"=0x100", 1}};
  if (making.random.chance(50) && !has_targets(making)) {
    making.add("cxl-put", {region(making), "interleave_ways", mostly(making, pick(making.random, ways))});
  } else {
    making.add("cxl-put", {region(making), "interleave_granularity", mostly(making, pick(making.random, grains))});
  }
}
void set_size(Making& making) {
  static const Weighted table[] = {
      {"=0x10000000", 8},  {"=0x20000000", 6},  {"=536870912", 2},  {"=0x8000000", 2}, {"=0x30000000", 1},
      {"=0x100000000", 2}, {"=0x110000000", 1}, {"=0x10000001", 1}, {"=256M", 1},      {"=0", 4}};
  if (!has_targets(making)) {
    making.add("cxl-put", {region(making), "size", mostly(making, pick(making.random, table))});
  }
}
void set_uuid(Making& making) {
  static const Weighted table[] = {{"u1", 4},
                                   {"u2", 4},
                                   {"u3", 2},
                                   {"=00000000-0000-0000-0000-000000000000", 1},
                                   {"=11111111-2222-3333-4444-555555555501", 1},
                                   {"=11111111-2222-3333-4444-55555555550x\\n", 1}};
  making.add("cxl-put", {region(making), "uuid", mostly(making, pick(making.random, table))});
}
void target(Making& making) {
  static const Weighted which[] = {{"target0", 8}, {"target1", 5}, {"target2", 1}, {"target15", 1}};
  static const Weighted others[] = {{"=\\n", 4}, {"=", 2}, {"d0.0", 1}, {"d1.0", 1}, {"m0", 1}, {"rl", 1}};
  making.add("cxl-put",
             {region(making), pick(making.random, which),
              making.random.chance(75) ? endpoint_decoder(making) : mostly(making, pick(making.random, others))});
}
void commit(Making& making) {
  static const Weighted table[] = {{"=1", 8}, {"=0", 8}, {"=Y", 1}, {"=2", 1}, {"=n\\n", 1}};
  making.add("cxl-put", {region(making), "commit", mostly(making, pick(making.random, table))});
}
void set_dpa(Making& making) {
  static const Weighted table[] = {{"=0x10000000", 8}, {"=0x20000000", 6}, {"=0", 6},        {"=0x30000000", 1},
                                   {"=0x100", 1},      {"=0x8000000", 1},  {"=268435456", 1}};
  making.add("cxl-put", {endpoint_decoder(making), "dpa_size", mostly(making, pick(making.random, table))});
}
void set_mode(Making& making) {
  static const Weighted table[] = {{"=ram", 6}, {"=pmem", 5}, {"=none", 2}, {"=mixed", 1}, {"=ram\\n", 1}};
  making.add("cxl-put", {endpoint_decoder(making), "mode", mostly(making, pick(making.random, table))});
}
void drive_region(Making& making) {
  making.add("cxl-put", {"cxl_region", making.random.chance(50) ? "bind" : "unbind", mostly(making, region(making))});
}
void drive_memdev(Making& making) {
  static const Weighted names[] = {{"m0", 5}, {"m1", 5}, {"m2", 4}, {"e2", 1}, {"rl", 1}};
  making.add("cxl-put",
             {"cxl_mem", making.random.chance(55) ? "bind" : "unbind", mostly(making, pick(making.random, names))});
}
void drive_function(Making& making) {
  static const Weighted names[] = {{"M0", 5}, {"M1", 5}, {"M2", 4}, {"m0", 1}};
  making.add("cxl-put",
             {"cxl_pci", making.random.chance(60) ? "bind" : "unbind", mostly(making, pick(making.random, names))});
}
void probe(Making& making) {
  static const Weighted names[] = {{"rl", 6},   {"m0", 3}, {"m1", 2}, {"m2", 2},
                                   {"d2.0", 1}, {"e2", 1}, {"p1", 1}, {"r0", 2}};
  making.add("cxl-put", {"bus", "drivers_probe", mostly(making, pick(making.random, names))});
}
void other(Making& making) {
  static const Weighted what[] = {{"rl resource", 1},           {"rl mode", 1},    {"rl uevent", 2},
                                  {"d2.0 dpa_resource", 1},     {"d2.0 start", 1}, {"d2.0 region", 1},
                                  {"d0.0 create_nothing", 1},   {"d0.0 size", 1},  {"m0 serial", 1},
                                  {"p1 decoders_committed", 1}, {"m0 uevent", 1},  {"d1.0 target_list", 1},
                                  {"m0 numa_node", 1},          {"p1 uport", 1},   {"bus uevent", 1},
                                  {"d0.0 qos_class", 1}};
  static const Weighted values[] = {{"=0", 2}, {"=1", 2}, {"=add", 2}, {"=change", 2}, {"=", 1}, {"=x", 1}, {"rl", 1}};
  const std::string text = pick(making.random, what);
  const std::size_t space = text.find(' ');
  making.add("cxl-put", {text.substr(0, space), text.substr(space + 1), pick(making.random, values)});
}

std::string dax(Making& making) {
  static const Weighted table[] = {{"xl", 10}, {"x0.0", 4}, {"x0.1", 3}, {"x1.0", 1}, {"x2.0", 1}};
  return pick(making.random, table);
}
void drive_dax(Making& making) {
  static const Weighted what[] = {{"kmem unbind", 8},         {"kmem bind", 5},         {"device_dax new_id", 5},
                                  {"device_dax bind", 3},     {"device_dax unbind", 4}, {"kmem remove_id", 1},
                                  {"device_dax remove_id", 2}};
  const std::string text = pick(making.random, what);
  const std::size_t space = text.find(' ');
  making.add("cxl-put", {text.substr(0, space), text.substr(space + 1), mostly(making, dax(making))});
}
void set_dax(Making& making) {
  static const Weighted what[] = {{"size =0", 5},           {"size =0x8000000", 4}, {"size =0x10000000", 3},
                                  {"size =0x200000", 1},    {"align =4096", 2},     {"align =2097152", 2},
                                  {"align =1073741824", 1}, {"size =0x100000", 1}};
  const std::string text = pick(making.random, what);
  const std::size_t space = text.find(' ');
  making.add("cxl-put", {dax(making), text.substr(0, space), mostly(making, text.substr(space + 1))});
}
void change_dax_region(Making& making) {
  const std::string where = making.random.chance(80) ? "Xl" : "X0";
  if (making.random.chance(50)) {
    making.add("cxl-put", {where, "create", mostly(making, "=1")});
  } else {
    making.add("cxl-put", {where, "delete", mostly(making, dax(making))});
  }
}
void drive_derived(Making& making) {
  static const Weighted what[] = {{"cxl_dax_region Xl", 4}, {"cxl_dax_region X0", 1}, {"cxl_nvdimm N2", 1}};
  const std::string text = pick(making.random, what);
  const std::size_t space = text.find(' ');
  making.add("cxl-put", {text.substr(0, space), making.random.chance(50) ? "bind" : "unbind",
                         mostly(making, text.substr(space + 1))});
}

void any(Making& making) {
  static const Choice table[] = {
      {create, 5},         {create_badly, 4}, {remove, 8},  {shape, 7},     {set_size, 6},     {set_uuid, 3},
      {target, 9},         {commit, 9},       {set_dpa, 9}, {set_mode, 6},  {drive_region, 7}, {drive_memdev, 3},
      {drive_function, 2}, {probe, 3},        {other, 3},   {drive_dax, 4}, {set_dax, 3},      {change_dax_region, 2},
      {drive_derived, 2}};
  const std::size_t before = making.calls.size();
  while (making.calls.size() == before) {
    choose(making, table);
  }
}

void use(Making& making) {
  static const Choice table[] = {{drive_dax, 10},   {set_dax, 8},        {change_dax_region, 6}, {drive_derived, 2},
                                 {drive_memdev, 2}, {drive_function, 1}, {drive_region, 3},      {create, 6},
                                 {commit, 1},       {remove, 2}};
  choose(making, table);
}

} // namespace

void add_call(Making& making) {
  if (making.calls.empty()) {
    create(making);
    return;
  }
  if (making.random.chance(76)) {
    if (add_next_step(making)) {
      return;
    }
    if (making.random.chance(60)) { // what it has become
      use(making);
      return;
    }
  }
  any(making);
}

void add_state(Making& making, bool all) {
  making.add("cxl", {});
  if (all && making.random.chance(10)) {
    making.add("cxl-list", {"-RDTi"});
  }
}

} // namespace sequences::cxl
