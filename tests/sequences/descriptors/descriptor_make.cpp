// How sequences of the descriptors family are made.
#include "tests/sequences/descriptors/descriptors.hpp"

namespace sequences::descriptors {
namespace {

std::string access_and_flags(Making& making) {
  static const Weighted access[] = {{"rw", 60}, {"ro", 20}, {"wo", 12}, {"acc3", 4}};
  static const Weighted more[] = {{"cloexec", 24}, {"append", 4},     {"nonblock", 4},  {"trunc", 6}, {"creat", 6},
                                  {"excl", 2},     {"creat,excl", 3}, {"direct", 3},    {"sync", 2},  {"dsync", 2},
                                  {"noatime", 3},  {"nofollow", 3},   {"directory", 2}, {"path", 5},  {"async", 2},
                                  {"noctty", 2},   {"tmpfile", 1}};
  std::string text = pick(making.random, access);
  while (making.random.chance(40)) {
    text += std::string(",") + pick(making.random, more);
  }
  return text;
}

void open(Making& making) {
  static const Weighted forms[] = {{"plain", 40}, {"dots", 5},  {"slash", 3}, {"at", 8},      {"at2", 6},
                                   {"proc", 10},  {"devfd", 4}, {"creat", 3}, {"missing", 2}, {"under", 2},
                                   {"file", 6},   {"link", 4},  {"empty", 1}};
  making.add("open", {slot(making), access_and_flags(making), pick(making.random, forms), slot(making)});
}

void duplicate(Making& making) {
  static const Weighted how[] = {{"dup", 5},          {"dup2", 5},  {"dup3", 2},
                                 {"dup3-cloexec", 2}, {"dupfd", 3}, {"dupfd-cloexec", 2}};
  making.add("dup", {slot(making), slot(making), pick(making.random, how)});
}

void close(Making& making) {
  static const Weighted how[] = {{"close", 8}, {"close-range", 1}, {"close-range-cloexec", 1}};
  making.add("close", {slot(making), pick(making.random, how)});
}

void control(Making& making) {
  static const Weighted what[] = {{"getfd -", 3},
                                  {"setfd 1", 4},
                                  {"setfd 0", 2},
                                  {"getfl -", 4},
                                  {"setfl append", 3},
                                  {"setfl nonblock", 3},
                                  {"setfl async", 2},
                                  {"setfl direct", 3},
                                  {"setfl noatime", 2},
                                  {"setfl -", 3},
                                  {"setfl sync,trunc,rw", 2},
                                  {"getown -", 1},
                                  {"setown self", 1},
                                  {"getsig -", 1},
                                  {"setsig 10", 1},
                                  {"getlease -", 2},
                                  {"setlease rd", 2},
                                  {"setlease wr", 2},
                                  {"setlease un", 1},
                                  {"getpipe -", 1},
                                  {"setpipe 4096", 1},
                                  {"get-seals -", 2},
                                  {"add-seals 1", 2},
                                  {"add-seals 15", 1},
                                  {"notify 1", 1},
                                  {"get-hint -", 1},
                                  {"get-file-hint -", 1},
                                  {"set-hint 2", 1},
                                  {"99 0", 1}};
  const std::string text = pick(making.random, what);
  const std::size_t space = text.find(' ');
  making.add("fcntl", {slot(making), text.substr(0, space), text.substr(space + 1)});
}

// By this process or by a child, which sees the same open files.
void lock(Making& making) {
  static const Weighted flock[] = {{"ex", 5}, {"sh", 5}, {"un", 4}, {"mand", 1}, {"bad", 1}};
  static const Weighted kind[] = {{"rd", 5}, {"wr", 5}, {"un", 4}, {"bad", 1}};
  static const Weighted range[] = {{"set 0 0", 6}, {"set 0 10", 5}, {"set 5 10", 4}, {"cur 0 5", 2},
                                   {"end 0 0", 2}, {"end -5 5", 2}, {"set -1 1", 1}, {"set 20 -10", 2},
                                   {"bad 0 1", 1}, {"set 1A 1A", 2}};
  std::string name;
  std::vector<std::string> words = {slot(making)};
  if (making.random.chance(40)) {
    name = "flock";
    words.push_back(pick(making.random, flock));
  } else {
    static const Weighted call[] = {{"setlk", 6}, {"getlk", 4}, {"ofd-setlk", 6}, {"ofd-getlk", 4}};
    name = pick(making.random, call);
    words.push_back(pick(making.random, kind));
    const std::string text = pick(making.random, range);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t space = std::min(text.find(' ', at), text.size());
      words.push_back(text.substr(at, space - at));
      at = space + 1;
    }
  }
  if (making.random.chance(30)) {
    words.insert(words.begin(), name);
    name = "child";
  }
  making.add(name, words);
}

void file_call(Making& making) {
  static const Weighted calls[] = {
      {"read", 4},        {"write", 4},        {"pread", 3},         {"pwrite", 3},        {"readv", 2},
      {"writev", 2},      {"read-nothing", 2}, {"write-nothing", 2}, {"read-nowhere", 2},  {"write-nowhere", 2},
      {"seek-set", 4},    {"seek-cur", 3},     {"seek-end", 3},      {"seek-data", 2},     {"seek-hole", 2},
      {"seek-back", 2},   {"seek-bad", 1},     {"truncate", 4},      {"truncate-back", 1}, {"allocate", 3},
      {"punch", 2},       {"allocate-bad", 1}, {"sync", 3},          {"datasync", 2},      {"sync-range", 2},
      {"advise-file", 2}, {"advise-bad", 1},   {"readahead", 2},     {"fionread", 2},      {"fioclex", 2},
      {"fionclex", 2},    {"fionbio", 2},      {"fioasync", 2},      {"tcgets", 2},        {"blkgetsize", 2},
      {"figetbsz", 2},    {"getflags", 2},     {"ioctl-bad", 2},     {"poll", 3},          {"epoll", 3},
      {"splice-out", 2},  {"splice-in", 2},    {"sendfile-out", 2},  {"sendfile-in", 2},   {"copy-out", 2},
      {"copy-in", 2},     {"chmod", 2},        {"chown", 2},         {"times", 2},         {"getxattr", 2},
      {"setxattr", 2},    {"listxattr", 2},    {"statfs", 2},        {"tty", 2},           {"chdir", 2},
      {"syncfs", 1},      {"dents", 2},        {"accept", 1},        {"getsockopt", 1},    {"shutdown", 1},
      {"tee", 1},         {"vmsplice-bad", 1}, {"mmap-private", 2},  {"linkat", 1},        {"fexecve", 1},
      {"kcmp", 3},        {"setns", 1}};
  making.add("file", {slot(making), pick(making.random, calls), slot(making)});
}

void pass(Making& making) {
  static const Weighted what[] = {{"send", 5}, {"receive", 4}, {"receive-cloexec", 2}};
  making.add(pick(making.random, what), {slot(making)});
}

void pass_to_another(Making& making) {
  static const Weighted what[] = {{"exec", 5}, {"spawn", 2}, {"getfd", 2}};
  making.add(pick(making.random, what), {slot(making), slot(making)});
}

// So that locks outlive a descriptor, and a descriptor its mapping.
void map(Making& making) {
  static const Weighted prot[] = {{"rw", 5}, {"r", 4}, {"-", 1}};
  static const Weighted flags[] = {{"shared,fixed", 8}, {"validate,fixed", 1}, {"private,fixed", 1}};
  const std::string place = std::to_string(making.random.below(4)) + "A";
  if (making.random.chance(25)) {
    making.add("unmap", {place, "1A"});
    return;
  }
  making.add("map", {place, "1A", pick(making.random, prot), pick(making.random, flags), slot(making),
                     std::to_string(making.random.below(3)) + "A"});
}

} // namespace

// Most calls meet in a few.
std::string slot(Making& making) {
  return "s" + std::to_string(making.random.below(making.random.chance(75) ? 4 : kSlots));
}

void add_call(Making& making) {
  static const Choice table[] = {{open, 20},      {duplicate, 10}, {close, 7},           {control, 12}, {lock, 18},
                                 {file_call, 22}, {pass, 6},       {pass_to_another, 3}, {map, 6}};
  if (making.calls.size() < 3) {
    making.add("open", {"s" + std::to_string(making.calls.size()), "rw", "plain", "s0"});
    return;
  }
  choose(making, table);
}

void add_state(Making& making, bool /*all*/) {
  making.add("descriptors", {});
}

} // namespace sequences::descriptors
