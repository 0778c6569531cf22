// How sequences of the reach family are made.
#include "tests/sequences/memory/memory.hpp"
#include "tests/sequences/reach/reach.hpp"

namespace sequences::reach {
namespace {

std::string place(Making& making) {
  static const Weighted within[] = {{"", 8}, {"+H", 3}, {"+P", 2}, {"+1A-P", 3}, {"+1A-16B", 2}, {"+8B", 1}};
  return std::to_string(making.random.below(making.random.chance(80) ? 4 : kArenaExtents)) + "A" +
         pick(making.random, within);
}
std::string length(Making& making) {
  static const Weighted table[] = {{"P", 5}, {"2P", 4}, {"3P", 2}, {"100B", 3}, {"8B", 2}, {"0", 1}};
  return pick(making.random, table);
}
// Of whole mappings.
std::string range_start(Making& making) {
  static const Weighted within[] = {{"", 14}, {"+H", 2}, {"+P", 1}, {"+8B", 1}};
  return std::to_string(making.random.below(making.random.chance(80) ? 4 : kArenaExtents)) + "A" +
         pick(making.random, within);
}
std::string range_length(Making& making) {
  static const Weighted table[] = {{"1A", 10}, {"2A", 7}, {"3A", 3}, {"H", 2}, {"P", 2}, {"1A+H", 1}, {"0", 1}};
  return pick(making.random, table);
}
std::string mark(Making& making) {
  return std::to_string(1 + making.marks++ % 255);
}

void from_outside(Making& making) {
  static const Weighted how[] = {{"mem-read", 4}, {"mem-write", 4}, {"child-read", 3}, {"child-write", 2}};
  making.add(pick(making.random, how), {place(making), length(making)});
}
void traced(Making& making) {
  if (making.random.chance(50)) {
    making.add("peek", {place(making)});
  } else {
    making.add("poke", {place(making), mark(making)});
  }
}
void request(Making& making) {
  static const Weighted how[] = {{"aio-read", 3},    {"aio-write", 3},   {"uring-read", 3},
                                 {"uring-write", 3}, {"socket-send", 2}, {"socket-receive", 2}};
  making.add(pick(making.random, how), {place(making), length(making)});
}
void pieces(Making& making) {
  static const Weighted how[] = {{"readv", 3}, {"writev", 3}, {"vm-readv", 2}, {"vm-writev", 2}};
  making.add(pick(making.random, how), {place(making), length(making), place(making), length(making)});
}
void pointer(Making& making) {
  static const Weighted what[] = {{"timer", 3},   {"mask", 2},     {"poll", 3},        {"select", 2},  {"path", 3},
                                  {"sleep", 3},   {"vector", 2},   {"limit", 2},       {"pipe", 2},    {"new-mask", 1},
                                  {"stat", 2},    {"wait", 3},     {"wait-shared", 3}, {"wake-op", 2}, {"lock-pi", 2},
                                  {"requeue", 1}, {"residence", 2}};
  making.add("pointer", {place(making), pick(making.random, what)});
}
void fill(Making& making) {
  making.add("fill", {place(making), range_length(making), mark(making)});
}
void run(Making& making) {
  making.add("run", {place(making)});
}
void all_locked(Making& making) {
  static const Weighted how[] = {
      {"current", 3}, {"future", 3}, {"current,future", 1}, {"future,onfault", 2}, {"current,onfault", 2},
      {"onfault", 1}, {"none", 6}};
  making.add("lock-all", {pick(making.random, how)});
}
void of_range(Making& making) {
  static const Weighted how[] = {{"uffd missing", 2},
                                 {"uffd wp", 2},
                                 {"uffd minor", 2},
                                 {"seal 0", 1},
                                 {"pkey-protect rw", 3},
                                 {"pkey-protect r", 2},
                                 {"pkey-protect -", 1},
                                 {"name x", 2},
                                 {"name -", 1},
                                 {"policy default", 2},
                                 {"policy bind", 2},
                                 {"policy interleave", 1},
                                 {"advise-process willneed", 2},
                                 {"advise-process dontneed", 1},
                                 {"advise-process 99", 1},
                                 {"resident -", 5}};
  const std::string text = pick(making.random, how);
  const std::size_t space = text.find(' ');
  making.add(text.substr(0, space), {range_start(making), range_length(making), text.substr(space + 1)});
}
void of_place(Making& making) {
  static const Weighted how[] = {{"policy-at", 2}, {"node-at", 2}, {"move-pages", 3}};
  making.add(pick(making.random, how), {place(making)});
}
void of_process(Making& making) {
  static const Weighted how[] = {{"huge-off 1", 3},          {"huge-off 0", 4},   {"read-implies-exec 1", 2},
                                 {"read-implies-exec 0", 3}, {"clear-refs 1", 2}, {"clear-refs 3", 1},
                                 {"clear-refs 4", 2},        {"clear-refs 9", 1}};
  const std::string text = pick(making.random, how);
  const std::size_t space = text.find(' ');
  making.add(text.substr(0, space), {text.substr(space + 1)});
}
// What a device that is bound refuses, and what it says meanwhile.
void attribute(Making& making) {
  static const Weighted how[] = {{"d0 size 2A", 2},
                                 {"d0 size S", 1},
                                 {"d0 size =x", 1},
                                 {"d0 align =4096", 2},
                                 {"d0 align =2097152", 1},
                                 {"region create =1", 1},
                                 {"region delete d0", 2},
                                 {"device_dax bind d0", 1},
                                 {"d0 size ?", 2},
                                 {"d0 align ?", 1},
                                 {"region available_size ?", 1}};
  const std::string text = pick(making.random, how);
  const std::size_t one = text.find(' ');
  const std::size_t two = text.find(' ', one + 1);
  making.add("attribute", {text.substr(0, one), text.substr(one + 1, two - one - 1), text.substr(two + 1)});
}
void segment(Making& making) {
  static const Weighted how[] = {{"attach remap", 3}, {"attach -", 1}, {"attach round", 1}, {"detach -", 3}};
  const std::string text = pick(making.random, how);
  const std::size_t space = text.find(' ');
  making.add(text.substr(0, space), {range_start(making), text.substr(space + 1)});
}
// Flags and advice that the memory family has not: MAP_STACK, MAP_32BIT, MAP_DENYWRITE, MAP_EXECUTABLE, a flag that no
// kernel knows; guard pages (102, 103) of newer kernels.
void map_again(Making& making) {
  static const Weighted flags[] = {{"shared,fixed,0x20000", 3},
                                   {"shared,fixed,0x40", 1},
                                   {"shared,fixed,0x800", 1},
                                   {"shared,fixed,0x1000", 1},
                                   {"validate,fixed,0x20000", 1},
                                   {"validate,fixed,0x40", 1},
                                   {"validate,fixed,0x4000000", 1},
                                   {"validate,fixed,0x800000", 1},
                                   {"shared,0x40", 1},
                                   {"shared,fixed", 12},
                                   {"shared,fixed,populate", 3}};
  making.add("map", {range_start(making), range_length(making), making.random.chance(75) ? "rw" : "r",
                     pick(making.random, flags), "dev", std::to_string(making.random.below(5)) + "A"});
}
void guard(Making& making) {
  making.add("guard", {range_start(making), range_length(making), making.random.chance(60) ? "102" : "103"});
}

} // namespace

void add_call(Making& making) {
  static const Choice table[] = {{from_outside, 8}, {traced, 4},    {request, 8},    {pieces, 4},
                                 {pointer, 9},      {fill, 4},      {run, 2},        {all_locked, 3},
                                 {of_range, 12},    {of_place, 5},  {of_process, 5}, {segment, 3},
                                 {attribute, 2},    {map_again, 9}, {guard, 2},      {memory::add_call, 40}};
  if (making.calls.size() < 2) {
    memory::add_call(making);
    return;
  }
  choose(making, table);
}

void add_state(Making& making, bool all) {
  making.add("smaps", {});
  memory::add_state(making, all);
}

} // namespace sequences::reach
