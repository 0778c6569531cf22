// What /proc/self/maps, mincore(2) and the bytes say of the arena.
#include "tests/sequences/memory/memory.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/conformance/ask/touch.hpp"

namespace sequences::memory {
namespace {

struct Line {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t offset = 0;
  char rights[8] = {};
  const char* what = ""; // "dev", "anon", "file", "shm"
};

const char* kind_of(const char* path, const Stage& stage) {
  if (*path == '\0') {
    return "anon";
  }
  if (stage.device->path == path) {
    return "dev";
  }
  if (std::strncmp(path, "/dev/zero", 9) == 0) {
    return "shm";
  }
  return std::strncmp(path, "/dev/shm/", 9) == 0 ? "file" : "other";
}

// Neighbours of other memory that differ in nothing are told as one: a call that fails half way may leave a cut between
// them, and when the cut goes again is a matter of the kernel's version.
void add(std::vector<Line>& found, const Line& line) {
  if (!found.empty()) {
    Line& last = found.back();
    const bool foreign = std::strcmp(line.what, "dev") != 0;
    const bool follows = std::strcmp(line.what, "file") != 0 || last.offset + (last.end - last.start) == line.offset;
    if (foreign && follows && last.end == line.start && std::strcmp(last.what, line.what) == 0 &&
        std::strcmp(last.rights, line.rights) == 0) {
      last.end = line.end;
      return;
    }
  }
  found.push_back(line);
}

// A number in hexadecimal; `at` goes behind it and the one character that follows.
std::uint64_t hexadecimal(const char*& at) {
  char* behind = nullptr;
  const std::uint64_t value = std::strtoull(at, &behind, 16);
  at = *behind == '\0' ? behind : behind + 1;
  return value;
}

// "START-END RIGHTS OFFSET DEVICE INODE   PATH"
Line parse(const char* at, const Stage& stage) {
  Line line;
  line.start = hexadecimal(at);
  line.end = hexadecimal(at);
  const char* behind = std::strchr(at, ' ');
  if (behind == nullptr || behind - at >= static_cast<std::ptrdiff_t>(sizeof line.rights)) {
    return {};
  }
  std::memcpy(line.rights, at, static_cast<std::size_t>(behind - at));
  at = behind + 1;
  line.offset = hexadecimal(at);
  at += std::strcspn(at, " "); // the device
  at += std::strspn(at, " ");
  at += std::strcspn(at, " "); // the inode
  at += std::strspn(at, " ");
  line.what = kind_of(at, stage);
  return line;
}

// Half of what a sequence cost in a guest was to look: the file is read only as far as the arena, which lies below all
// that a program has by itself, and in short reads, for each makes the kernel write that much of it.
std::vector<Line> lines_of(const Stage& stage) {
  std::vector<Line> found;
  const int file = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  std::string text;
  char part[1024];
  for (ssize_t got = 0; file >= 0 && (got = ::read(file, part, sizeof part)) > 0;) {
    text.append(part, static_cast<std::size_t>(got));
    std::size_t done = 0;
    for (std::size_t end = 0; (end = text.find('\n', done)) != std::string::npos; done = end + 1) {
      text[end] = '\0';
      const Line line = parse(text.data() + done, stage);
      if (line.start >= stage.arena_end()) {
        ::close(file);
        return found;
      }
      if (line.start >= kArena) {
        add(found, line);
      }
    }
    text.erase(0, done);
  }
  ::close(file);
  return found;
}

} // namespace

std::string maps(const Stage& stage) {
  std::string text;
  for (const Line& line : lines_of(stage)) {
    text += text.empty() ? "" : ", ";
    text += stage.units.text(line.start - kArena) + ".." + stage.units.text(line.end - kArena) + " " + line.rights +
            " " + line.what;
    if (std::strcmp(line.what, "dev") == 0 || std::strcmp(line.what, "file") == 0) {
      text += "@" + stage.units.text(line.offset);
    }
  }
  return text.empty() ? "none" : text;
}

bool all_device(const Stage& stage, const void* address, std::uint64_t length) {
  auto reached = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t end = reached + length;
  for (const Line& line : lines_of(stage)) {
    if (reached < end && reached >= line.start && reached < line.end && std::strcmp(line.what, "dev") == 0) {
      reached = line.end;
    }
  }
  return reached >= end;
}

bool several_others(const Stage& stage, const void* address, std::uint64_t length) {
  const auto at = reinterpret_cast<std::uint64_t>(address);
  int others = 0;
  for (const Line& line : lines_of(stage)) {
    if (at < line.end && at + length > line.start) {
      if (std::strcmp(line.what, "dev") == 0) {
        return false;
      }
      ++others;
    }
  }
  return others > 1;
}

bool others_unreadable(const Stage& stage, const void* address, std::uint64_t length) {
  const auto at = reinterpret_cast<std::uint64_t>(address);
  for (const Line& line : lines_of(stage)) {
    const bool touched = at < line.end && at + length > line.start;
    if (touched && std::strcmp(line.what, "dev") != 0 && line.rights[0] != 'r' &&
        std::strncmp(line.rights, "---", 3) != 0) {
      return true;
    }
  }
  return false;
}

// Three pages of each extent that is the device's: how much of other memory is in core is not its concern.
std::string core(const Stage& stage) {
  std::string text;
  for (const Line& line : lines_of(stage)) {
    if (std::strcmp(line.what, "dev") != 0) {
      continue;
    }
    std::string here;
    const std::uint64_t first = (line.start - kArena) / stage.units.extent;
    for (std::uint64_t extent = first; extent < first + 2 * kArenaExtents; ++extent) {
      for (const std::uint64_t within : {std::uint64_t{0}, stage.units.half(), stage.units.extent - kPage}) {
        const std::uint64_t at = kArena + extent * stage.units.extent + within;
        if (within != 0 && stage.units.extent == kPage) {
          continue;
        }
        if (at < line.start || at >= line.end) {
          continue;
        }
        unsigned char vector = 0;
        const int done = ::mincore(reinterpret_cast<void*>(at), kPage, &vector);
        here += done != 0 ? '!' : (vector & 1U) != 0 ? '1' : '0';
      }
    }
    text += (text.empty() ? "" : " ") + stage.units.text(line.start - kArena) + ":" + here;
  }
  return text.empty() ? "none" : text;
}

// A byte in hexadecimal, "." for zero, "!" for SIGBUS, "x" for SIGSEGV; three places of each extent.
std::string bytes(const Stage& stage) {
  const std::size_t of_extent = stage.units.extent == kPage ? 2 : 3; // a page is its first and its last
  std::vector<const void*> places;
  for (std::uint64_t extent = 0; extent < kArenaExtents; ++extent) {
    for (const std::uint64_t within : {std::uint64_t{0}, stage.units.half(), stage.units.extent - kPage}) {
      if (within == 0 || of_extent > 2) {
        places.push_back(reinterpret_cast<void*>(kArena + extent * stage.units.extent + within));
      }
    }
  }
  std::string text;
  std::size_t told = 0;
  conformance::load_each(places, [&](const conformance::Touch& touch) {
    char one[8];
    std::snprintf(one, sizeof one, touch.value == 0 ? "." : "%02x", touch.value);
    text += told != 0 && told % of_extent == 0 ? " " : "";
    text += touch.ok() ? one : touch.signal == SIGBUS ? "!" : "x";
    ++told;
  });
  return text;
}

} // namespace sequences::memory
