// How the mapping and the descriptor look in /proc/self.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include <dirent.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"

namespace conformance {
namespace {

// The lines of /proc/self/<file> that belong to the mapping at `base`, the header line first.
std::vector<std::string> lines_of(const char* file, const char* base) {
  FILE* in = std::fopen((std::string("/proc/self/") + file).c_str(), "re");
  if (in == nullptr) {
    throw Stop{last_error()};
  }
  char start[32];
  std::snprintf(start, sizeof start, "%" PRIxPTR "-", reinterpret_cast<std::uintptr_t>(base));
  std::vector<std::string> found;
  char text[1024];
  while (std::fgets(text, sizeof text, in) != nullptr) {
    const std::string one(text, std::strcspn(text, "\n"));
    const bool header = one.find('-') != std::string::npos && one.find('-') < one.find(' ');
    if (header && !found.empty()) {
      break;
    }
    if (!found.empty() || one.rfind(start, 0) == 0) {
      found.push_back(one);
    }
  }
  std::fclose(in);
  return found;
}

std::string maps_text(const Device& d, const View& view) {
  const auto found = lines_of("maps", view.base);
  if (found.empty()) {
    return "absent";
  }
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t offset = 0;
  unsigned device_major = 0;
  unsigned device_minor = 0;
  char access[8] = {};
  int name = 0;
  std::sscanf(found[0].c_str(), "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %x:%x %*u %n", &start, &end, access, &offset,
              &device_major, &device_minor, &name);
  const std::string path = found[0].substr(static_cast<std::size_t>(name));
  return line({"access=" + std::string(access), "length=" + in_extents(static_cast<std::int64_t>(end - start), d),
               "offset=" + in_extents(static_cast<std::int64_t>(offset), d),
               path == d.path ? "path=device" : "path=" + path});
}

std::string field(const std::vector<std::string>& lines, const std::string& name) {
  for (const std::string& one : lines) {
    if (one.rfind(name + ":", 0) == 0) {
      std::istringstream words(one.substr(name.size() + 1));
      std::string text;
      for (std::string word; words >> word;) {
        text += (text.empty() ? "" : " ") + word;
      }
      return text;
    }
  }
  return "absent";
}

// Bit 56 (mapped once) is left out: a 6.1 kernel does not count the mappings of device-dax pages.
std::string pagemap_bits(const char* address) {
  const int fd = ::open("/proc/self/pagemap", O_RDONLY);
  std::uint64_t entry = 0;
  const auto page = reinterpret_cast<std::uintptr_t>(address) / kPage;
  if (::pread(fd, &entry, sizeof entry, static_cast<off_t>(page * sizeof entry)) != sizeof entry) {
    return last_error();
  }
  return line({((entry >> 63U) & 1U) != 0 ? "present" : "absent", ((entry >> 62U) & 1U) != 0 ? "swapped" : "-",
               ((entry >> 61U) & 1U) != 0 ? "file" : "-", ((entry >> 57U) & 1U) != 0 ? "uffd-wp" : "-"});
}

} // namespace

void add_procfs_rows(Table& table) {
  table.add("maps.shared-rw", [](const Device& d) { return maps_text(d, mapped(d)); });
  table.add("maps.shared-r.second-extent", [](const Device& d) { return maps_text(d, mapped(d, 1, 1, PROT_READ)); });
  table.add("maps.two-extents.touched", [](const Device& d) {
    const View view = mapped(d, 2);
    store(view.base, 1);
    store(view.base + d.align, 1);
    return maps_text(d, view);
  });
  table.add("maps.neighbours-merge", [](const Device& d) {
    char* base = free_range(d, 4 * d.align);
    const int fd = opened(d);
    needs_extents(d, 2);
    (void)::mmap(base, d.align, kReadWrite, MAP_SHARED | MAP_FIXED, fd, 0);
    (void)::mmap(base + d.align, d.align, kReadWrite, MAP_SHARED | MAP_FIXED, fd, static_cast<off_t>(d.align));
    return maps_text(d, {base, 2 * d.align});
  });
  table.add("maps.after-split", [](const Device& d) {
    const View view = mapped(d, 2);
    ::munmap(view.base + d.align, d.align);
    return maps_text(d, view);
  });
  table.add("maps.count-of-lines", [](const Device& d) {
    (void)mapped(d, 2);
    FILE* in = std::fopen("/proc/self/maps", "re");
    char text[1024];
    int count = 0;
    while (in != nullptr && std::fgets(text, sizeof text, in) != nullptr) {
      count += std::strstr(text, d.path.c_str()) != nullptr ? 1 : 0;
    }
    return "lines=" + std::to_string(count);
  });
  for (const char* name : {"Size", "KernelPageSize", "MMUPageSize", "Shared_Clean", "Anonymous", "FilePmdMapped",
                           "Shared_Hugetlb", "THPeligible"}) {
    table.add(std::string("smaps.") + name, [name](const Device& d) {
      const auto value = [&] {
        const View view = mapped(d);
        store(view.base, 1);
        return field(lines_of("smaps", view.base), name);
      };
      std::string said = in_child(value);
      // At 1G a 6.18 host counts a sharer now and then where nobody else maps the page; that stays so for a process and
      // goes with it, as its page tables do. Each child has its own.
      for (int tries = 0; tries < 20 && std::strcmp(name, "Shared_Hugetlb") == 0 && said != "0 kB"; ++tries) {
        said = in_child(value);
      }
      return said;
    });
  }
  // One row: what the kernel counts of a touched mapping.
  table.add("smaps.accounting", [](const Device& d) {
    const View view = mapped(d);
    store(view.base, 1);
    std::vector<std::string> parts;
    for (const char* name : {"Rss", "Pss", "Private_Dirty", "VmFlags"}) {
      parts.push_back(std::string(name) + "=[" + field(lines_of("smaps", view.base), name) + "]");
    }
    return line(parts);
  });
  table.add("smaps.untouched.Rss", [](const Device& d) { return field(lines_of("smaps", mapped(d).base), "Rss"); });
  table.add("map_files.link", [](const Device& d) {
    const View view = mapped(d);
    char name[96];
    std::snprintf(name, sizeof name, "/proc/self/map_files/%" PRIxPTR "-%" PRIxPTR,
                  reinterpret_cast<std::uintptr_t>(view.base),
                  reinterpret_cast<std::uintptr_t>(view.base + view.length));
    char target[256] = {};
    return ::readlink(name, target, sizeof target - 1) < 0 ? last_error()
                                                           : (d.path == target ? "device" : std::string(target));
  });
  table.add("pagemap.untouched", [](const Device& d) { return pagemap_bits(mapped(d).base); });
  // One row: what kind of page the kernel says it is.
  table.add("pagemap.touched", [](const Device& d) {
    const View loaded = mapped(d);
    (void)load(loaded.base);
    const View stored = mapped(d);
    store(stored.base, 1);
    return line({"loaded=[" + pagemap_bits(loaded.base) + "]", "stored=[" + pagemap_bits(stored.base) + "]",
                 "last-page=[" + pagemap_bits(stored.base + stored.length - kPage) + "]"});
  });
  table.add("pagemap.next-extent", [](const Device& d) {
    const View view = mapped(d, 2);
    store(view.base, 1);
    return pagemap_bits(view.base + d.align);
  });
  table.add("pagemap.after-dontneed", [](const Device& d) {
    const View view = mapped(d);
    store(view.base, 1);
    (void)::madvise(view.base, view.length, MADV_DONTNEED);
    return pagemap_bits(view.base);
  });
  table.add("pagemap.after-dontneed-of-one-page", [](const Device& d) {
    needs_extents(d, 1);
    const View view = mapped(d);
    store(view.base, 1);
    (void)::madvise(view.base, kPage, MADV_DONTNEED);
    return line({pagemap_bits(view.base), "| last page:", pagemap_bits(view.base + view.length - kPage)});
  });
  table.add("fdinfo.flags-and-position", [](const Device& d) {
    const auto text = read_text("/proc/self/fdinfo/" + std::to_string(opened(d)));
    if (!text) {
      return last_error();
    }
    std::string found;
    std::istringstream in(*text);
    for (std::string one; std::getline(in, one);) {
      if (one.rfind("pos:", 0) == 0 || one.rfind("flags:", 0) == 0) {
        std::istringstream words(one);
        for (std::string word; words >> word;) {
          found += (found.empty() ? "" : " ") + word;
        }
      }
    }
    return found;
  });
}

} // namespace conformance
