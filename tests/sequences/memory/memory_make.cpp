// How sequences of the memory family are made. What rows do not ask is what is wanted: half extents, holes, ranges over
// several mappings, memory of others between ours.
#include "tests/sequences/memory/memory.hpp"

namespace sequences::memory {
namespace {

std::string number(std::uint64_t count, const char* unit) {
  return std::to_string(count) + unit;
}

// A place in the arena. Most are in its lower half, so that calls meet each other.
std::string address(Making& making) {
  Random& random = making.random;
  std::string text = number(random.below(random.chance(75) ? 4 : kArenaExtents), "A");
  switch (random.below(20)) {
  case 0:
  case 1:
  case 2:
    return text + "+H";
  case 3:
    return text + "+P";
  case 4:
    return text == "0A" ? text : text + "-P";
  case 5:
    return random.chance(30) ? text + "+8B" : text;
  default:
    return text;
  }
}

std::string length(Making& making) {
  static const Weighted table[] = {{"1A", 36},  {"2A", 22}, {"3A", 10},  {"4A", 6},   {"6A", 2}, {"H", 7},
                                   {"1A+H", 6}, {"P", 5},   {"1A+P", 2}, {"1A-P", 2}, {"0", 1},  {"1A+8B", 1}};
  return pick(making.random, table);
}

// Of memory that is no device's: where extents are 1G, never a whole one.
std::string foreign_length(Making& making) {
  static const Weighted small[] = {{"P", 4}, {"2P", 3}, {"8P", 2}};
  static const Weighted any[] = {{"1A", 6}, {"H", 4}, {"2A", 3}, {"P", 3}, {"3A", 1}};
  return making.large ? pick(making.random, small) : pick(making.random, any);
}

std::string prot(Making& making) {
  static const Weighted table[] = {{"rw", 50}, {"r", 25}, {"-", 12}, {"rx", 4}, {"rwx", 4}, {"w", 5}};
  return pick(making.random, table);
}

std::string offset(Making& making) {
  Random& random = making.random;
  static const Weighted odd[] = {{"S-1A", 4}, {"S", 2},    {"S-2A", 2}, {"S+1A", 1},
                                 {"H", 3},    {"1A+H", 2}, {"P", 2},    {"8B", 1}};
  return random.chance(70) ? number(random.below(6), "A") : pick(random, odd);
}

void map_device(Making& making) {
  Random& random = making.random;
  static const Weighted flags[] = {{"shared,fixed", 60},
                                   {"shared", 6},
                                   {"shared,noreplace", 8},
                                   {"validate,fixed", 5},
                                   {"validate,noreplace", 4},
                                   {"validate,sync,fixed", 3},
                                   {"shared,sync,fixed", 1},
                                   {"private,fixed", 2},
                                   {"private", 1},
                                   {"shared,fixed,populate", 6},
                                   {"shared,fixed,locked", 3},
                                   {"shared,fixed,noreserve", 3},
                                   {"shared,fixed,populate,nonblock", 1},
                                   {"shared,fixed,hugetlb", 1},
                                   {"validate,noreplace,hugetlb", 1},
                                   {"shared,fixed,growsdown", 1},
                                   {"fixed", 1}};
  static const Weighted file[] = {{"dev", 80}, {"dev2", 6}, {"dev-ro", 11}, {"dev-wo", 3}};
  making.add("map",
             {address(making), length(making), prot(making), pick(random, flags), pick(random, file), offset(making)});
}

void map_foreign(Making& making) {
  Random& random = making.random;
  static const Weighted flags[] = {{"private,anon,fixed", 6}, {"shared,anon,fixed", 3},      {"shared,fixed", 5},
                                   {"private,fixed", 3},      {"private,anon,noreplace", 2}, {"private,anon", 1}};
  const std::string chosen = pick(random, flags);
  const bool anonymous = chosen.find("anon") != std::string::npos;
  static const Weighted files[] = {{"file", 5}, {"file-ro", 1}};
  making.add("map", {address(making), foreign_length(making), prot(making), chosen,
                     anonymous ? "none" : pick(random, files), anonymous ? "0" : number(random.below(3), "A")});
}

void unmap(Making& making) {
  making.add("unmap", {address(making), length(making)});
}

void protect(Making& making) {
  making.add("protect", {address(making), length(making), prot(making)});
}

void advise(Making& making) {
  static const Weighted table[] = {
      {"normal", 4},      {"random", 7},     {"sequential", 5},    {"willneed", 3},       {"dontneed", 10},
      {"free", 2},        {"remove", 5},     {"dontfork", 6},      {"dofork", 4},         {"mergeable", 2},
      {"unmergeable", 2}, {"hugepage", 5},   {"nohugepage", 6},    {"dontdump", 5},       {"dodump", 4},
      {"wipeonfork", 2},  {"keeponfork", 2}, {"populate-read", 9}, {"populate-write", 9}, {"dontneed-locked", 2},
      {"collapse", 2},    {"99", 1}};
  making.add("advise", {address(making), length(making), pick(making.random, table)});
}

void remap(Making& making) {
  static const Weighted flags[] = {
      {"-", 8},    {"maymove", 8}, {"maymove,fixed", 14}, {"maymove,dontunmap", 2}, {"maymove,fixed,dontunmap", 4},
      {"fixed", 1}};
  const std::string from = address(making);
  const std::string old_length = making.random.chance(5) ? "0" : length(making);
  const std::string new_length = making.random.chance(55) ? old_length : length(making);
  making.add("remap", {from, old_length, new_length, pick(making.random, flags), address(making)});
}

void lock(Making& making) {
  static const Weighted how[] = {{"lock", 5}, {"lock-onfault", 3}, {"unlock", 4}};
  making.add(pick(making.random, how), {address(making), length(making)});
}

void sync(Making& making) {
  static const Weighted flags[] = {{"async", 5},           {"sync", 6},      {"invalidate", 4}, {"-", 1},
                                   {"sync,invalidate", 2}, {"async,sync", 1}};
  making.add("sync", {address(making), length(making), pick(making.random, flags)});
}

void remap_pages(Making& making) {
  making.add("remap-pages", {address(making), length(making), making.random.chance(90) ? "-" : "r", offset(making)});
}

// A place of an extent that a byte of is touched.
std::string touched(Making& making) {
  static const Weighted within[] = {{"", 8}, {"+H", 4}, {"+P", 2}, {"+1A-P", 3}, {"+1A-1B", 1}};
  return number(making.random.below(making.random.chance(75) ? 4 : kArenaExtents), "A") + pick(making.random, within);
}

void touch(Making& making) {
  if (making.random.chance(50)) {
    making.add("load", {touched(making)});
  } else {
    making.add("store", {touched(making), std::to_string(1 + making.marks++ % 255)});
  }
}

// By the kernel: a few pages around a place.
void kernel_touch(Making& making) {
  static const Weighted call[] = {{"read", 5},     {"write", 5},    {"vm-read", 3},
                                  {"vm-write", 3}, {"vmsplice", 1}, {"futex", 1}};
  static const Weighted pages[] = {{"P", 5}, {"2P", 4}, {"3P", 2}, {"100B", 2}};
  std::string place = touched(making);
  if (making.random.chance(30) && place.rfind("0A", 0) != 0) {
    place += "-P";
  }
  making.add(pick(making.random, call), {place, pick(making.random, pages)});
}

void fork(Making& making) {
  making.add("fork", {touched(making), touched(making), touched(making)});
}

} // namespace

void add_call(Making& making) {
  static const Choice table[] = {{map_device, 24}, {map_foreign, 9}, {unmap, 7},        {protect, 12},
                                 {advise, 13},     {remap, 9},       {lock, 4},         {sync, 4},
                                 {remap_pages, 2}, {touch, 10},      {kernel_touch, 7}, {fork, 2}};
  // An empty arena says little: begin with the device in it.
  if (making.calls.size() < 2) {
    map_device(making);
    return;
  }
  choose(making, table);
}

void add_state(Making& making, bool all) {
  making.add("maps", {});
  making.add("core", {});
  if (all || making.random.chance(12)) {
    making.add("bytes", {});
  }
}

} // namespace sequences::memory
