// What /proc tells of mappings of the device, and of what is present in them.
#include "tests/sequences/reach/reach.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/conformance/ask/text.hpp"
#include "tests/sequences/memory/memory.hpp"

namespace sequences::reach {
namespace {

using conformance::last_error;

constexpr std::uint64_t kMostPages = 2048; // of pagemap and mincore: of extents of 1G the first ones

std::uint64_t pages_of(std::uint64_t length) {
  const std::uint64_t pages = (length + kPage - 1) / kPage;
  return pages < kMostPages ? pages : kMostPages;
}

// "3x5 2x0": equal neighbours are counted.
template <typename Value, typename Text>
std::string counted(const std::vector<Value>& values, Text text_of) {
  std::string text;
  for (std::size_t at = 0; at < values.size();) {
    const std::string one = text_of(values[at]);
    std::size_t end = at + 1;
    while (end < values.size() && text_of(values[end]) == one) {
      ++end;
    }
    text += (text.empty() ? "" : " ") + std::to_string(end - at) + "x" + one;
    at = end;
  }
  return text.empty() ? "none" : text;
}

// Present, of a file, mapped once, written since clear_refs: frames are the machine's.
std::string pagemap(Stage& stage, const Call& call) {
  const char* at = stage.at(call.word(0));
  const std::uint64_t length = stage.units.bytes(call.word(1));
  if (!memory::all_device(stage, at, length)) {
    return "left out";
  }
  std::vector<std::uint64_t> entries(pages_of(length));
  const int file = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  const ssize_t got = ::pread(file, entries.data(), entries.size() * sizeof entries[0],
                              static_cast<off_t>(reinterpret_cast<std::uint64_t>(at) / kPage * sizeof entries[0]));
  const std::string error = last_error();
  ::close(file);
  if (got < 0) {
    return error;
  }
  entries.resize(static_cast<std::size_t>(got) / sizeof entries[0]);
  return counted(entries, [](std::uint64_t entry) {
    char text[16];
    constexpr std::uint64_t kSoftDirty = std::uint64_t{1} << 55U; // where the kernel was built for that
    std::snprintf(text, sizeof text, "%02x", static_cast<unsigned>((entry & ~kSoftDirty) >> 56U));
    return std::string(text);
  });
}

std::string resident(Stage& stage, const Call& call) {
  char* at = stage.at(call.word(0));
  const std::uint64_t length = stage.units.bytes(call.word(1));
  std::vector<unsigned char> pages(pages_of(length) + 1);
  const bool device = memory::all_device(stage, at, length);
  if (::mincore(at, length < kMostPages * kPage ? length : kMostPages * kPage, pages.data()) != 0) {
    return last_error();
  }
  pages.pop_back();
  return device ? counted(pages, [](unsigned char page) { return std::to_string(page); }) : "ok";
}

// By their numbers: older headers do not know them.
struct Query {
  std::uint64_t size, flags, address, start, end, rights, page, offset, inode;
  std::uint32_t major, minor, name_size, build_size;
  std::uint64_t name, build;
};

std::string query(Stage& stage, const Call& call) {
  Query about = {};
  char name[64] = {};
  about.size = sizeof about;
  about.flags = call.name == "query-next" ? 16 : 0; // PROCMAP_QUERY_COVERING_OR_NEXT_VMA
  about.address = reinterpret_cast<std::uint64_t>(stage.at(call.word(0)));
  about.name = reinterpret_cast<std::uint64_t>(name);
  about.name_size = sizeof name;
  const int file = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  const int result = ::ioctl(file, _IOWR('f', 17, Query), &about);
  const std::string error = last_error();
  ::close(file);
  if (result != 0) {
    return error;
  }
  if (!stage.in_arena(reinterpret_cast<void*>(about.start))) {
    return "elsewhere";
  }
  if (stage.device->path != name) {
    return "others";
  }
  return stage.units.text(about.start - kArena) + ".." + stage.units.text(about.end - kArena) + " " +
         std::to_string(about.rights) + " @" + stage.units.text(about.offset) + " page=" + stage.units.text(about.page);
}

struct Scan {
  std::uint64_t size, flags, start, end, walked, vector, count, most, inverted, all, any, wanted;
};
struct Region {
  std::uint64_t start, end, categories;
};

std::string scan(Stage& stage, const Call& call) {
  char* at = stage.at(call.word(0));
  const std::uint64_t length = stage.units.bytes(call.word(1));
  if (length == 0 || !memory::all_device(stage, at, length)) {
    return "left out";
  }
  Region found[16] = {};
  Scan about = {};
  about.size = sizeof about;
  about.start = reinterpret_cast<std::uint64_t>(at);
  about.end = about.start + length;
  about.vector = reinterpret_cast<std::uint64_t>(found);
  about.count = 16;
  about.any = about.wanted = 8 | 4; // present, of a file
  const int file = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  const int count = ::ioctl(file, _IOWR('f', 16, Scan), &about);
  const std::string error = last_error();
  ::close(file);
  if (count < 0) {
    return error;
  }
  std::string text;
  for (int number = 0; number < count; ++number) {
    text += (number == 0 ? "" : " ") + stage.units.text(found[number].start - kArena) + ".." +
            stage.units.text(found[number].end - kArena) + "=" + std::to_string(found[number].categories);
  }
  return text.empty() ? "none" : text;
}

// Of mappings of the device in the arena: what is counted of their memory, and their flags.
std::string smaps(Stage& stage, const Call& /*call*/) {
  std::FILE* file = std::fopen("/proc/self/smaps", "re");
  if (file == nullptr) {
    return last_error();
  }
  // Whether what is present was only read is not told: an extent is mapped for writing at its first touch.
  static const char* const fields[] = {"Rss:", "Locked:", "KernelPageSize:"};
  std::string text;
  char line[512];
  bool ours = false;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    const std::uint64_t start = std::strtoull(line, nullptr, 16);
    if (std::strchr(line, '-') != nullptr && start != 0 && std::strchr("0123456789abcdef", line[0]) != nullptr) {
      ours = start >= kArena && start < stage.arena_end() && std::strstr(line, stage.device->path.c_str()) != nullptr;
      if (ours) {
        text += (text.empty() ? "" : " ") + stage.units.text(start - kArena) + ":";
      }
      if (start >= stage.arena_end()) {
        break;
      }
      continue;
    }
    if (!ours) {
      continue;
    }
    for (const char* field : fields) {
      if (const std::size_t length = std::strlen(field); std::strncmp(line, field, length) == 0) {
        text += " " + stage.units.text(std::strtoull(line + length, nullptr, 10) * 1024);
      }
    }
    if (std::strncmp(line, "VmFlags:", 8) == 0) {
      line[std::strcspn(line, "\n")] = '\0';
      std::string flags(line + 9);
      if (const std::size_t at = flags.find("sd "); at != std::string::npos) { // where the kernel was built for that
        flags.erase(at, 3);
      }
      text += " [" + flags + "]";
    }
  }
  std::fclose(file);
  return text.empty() ? "none" : text;
}

} // namespace

std::optional<std::string> play_told(Stage& stage, const Call& call) {
  static const struct {
    const char* name;
    std::string (*play)(Stage&, const Call&);
  } table[] = {{"pagemap", pagemap},  {"resident", resident}, {"query", query},
               {"query-next", query}, {"scan", scan},         {"smaps", smaps}};
  for (const auto& one : table) {
    if (call.name == one.name) {
      return one.play(stage, call);
    }
  }
  return std::nullopt;
}

} // namespace sequences::reach
