// How sequences of the processes family are made.
#include "tests/sequences/processes/processes.hpp"

#include "tests/sequences/descriptors/descriptors.hpp"
#include "tests/sequences/memory/memory.hpp"

namespace sequences::processes {
namespace {

std::string child(Making& making) {
  static const Weighted table[] = {{"1", 5}, {"2", 3}, {"3", 1}};
  return pick(making.random, table);
}

// A call of another family, to be made by somebody else.
std::vector<std::string> borrowed(Making& making) {
  std::vector<Call> calls(2); // they begin otherwise
  calls.resize(8);
  Making other{making.random, calls, making.large, making.marks};
  (making.random.chance(80) ? memory::add_call : descriptors::add_call)(other);
  making.marks = other.marks;
  std::vector<std::string> words = calls.back().words;
  words.insert(words.begin(), calls.back().name);
  return words;
}

void add_with(Making& making, const char* name, std::vector<std::string> ahead) {
  const std::vector<std::string> words = borrowed(making);
  ahead.insert(ahead.end(), words.begin(), words.end());
  making.add(name, ahead);
}

void start(Making& making) {
  making.add("start", {child(making)});
}
void in_child(Making& making) {
  add_with(making, "in", {child(making)});
}
void own(Making& making) {
  const std::vector<std::string> words = borrowed(making);
  making.add(words[0], {words.begin() + 1, words.end()});
}
void end_child(Making& making) {
  static const Weighted how[] = {{"exit", 4}, {"kill", 3}, {"abort", 1}, {"exec", 2}};
  making.add("stop", {child(making), pick(making.random, how)});
}
void by_vfork(Making& making) {
  add_with(making, "vfork", {});
}
void by_thread(Making& making) {
  add_with(making, "thread", {});
}
void crowd(Making& making) {
  static const Weighted places[] = {{"0A", 4}, {"1A", 4}, {"2A", 3}, {"1A+H", 2}, {"3A+P", 1}, {"5A", 1}};
  making.add("crowd", {making.random.chance(50) ? "4" : "8", pick(making.random, places)});
}
void crowd_map(Making& making) {
  static const Weighted offsets[] = {{"0A", 4}, {"1A", 3}, {"S-2A", 2}};
  making.add("crowd-map", {making.random.chance(50) ? "3" : "4", pick(making.random, offsets)});
}
// A touch by a child is seen by all, for it is the device's.
void mark(Making& making) {
  const std::string place = std::to_string(making.random.below(4)) + "A";
  making.add("in", {child(making), "store", place, std::to_string(1 + making.marks++ % 255)});
}

} // namespace

void add_call(Making& making) {
  static const Choice table[] = {{start, 8},     {in_child, 30}, {own, 30},      {end_child, 5}, {by_vfork, 3},
                                 {by_thread, 6}, {crowd, 6},     {crowd_map, 4}, {mark, 6}};
  if (making.calls.size() < 3) {
    static const char* const offset[] = {"0A", "1A", "2A"};
    const auto at = making.calls.size();
    making.add("map", {std::to_string(at) + "A", "1A", "rw", "shared,fixed", "dev", offset[at]});
    return;
  }
  choose(making, table);
}

void add_state(Making& making, bool all) {
  for (const char* who : {"1", "2"}) {
    making.add("in", {who, "maps"});
    making.add("in", {who, "core"});
    if (all) {
      making.add("in", {who, "bytes"});
    }
  }
  memory::add_state(making, all);
}

} // namespace sequences::processes
