// The mmap matrix: open mode x type x protection, flags, length x offset. Every success says what the first and the
// last byte then do.
#include <cstdio>

#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"

#ifndef MAP_SHARED_VALIDATE
#define MAP_SHARED_VALIDATE 0x03
#endif

namespace conformance {
namespace {

struct Word {
  const char* name;
  int value;
};

struct Length {
  const char* name;
  std::uint64_t (*bytes)(const Device&);
};

struct Request {
  int open_flags = O_RDWR;
  int prot = kReadWrite;
  int flags = MAP_SHARED;
  std::uint64_t length = 0;
  std::uint64_t offset = 0;
};

// An outcome whose address the kernel chooses freely may be aligned by luck: one refusal in three tries is the rule.
void* settled(const Request& r, int fd) {
  void* base = MAP_FAILED;
  for (int tries = 0; tries < 3; ++tries) {
    base = ::mmap(nullptr, r.length, r.prot, r.flags, fd, static_cast<off_t>(r.offset));
    if (base == MAP_FAILED) {
      return base;
    }
    if (tries < 2) {
      ::munmap(base, r.length);
      // Another 4096 bytes gone from the top: the next free address is another one.
      (void)anonymous(kPage, PROT_NONE);
    }
  }
  return base;
}

std::string map_said(const Device& d, const Request& r) {
  const int fd = opened(d, r.open_flags);
  void* base = settled(r, fd);
  if (base == MAP_FAILED) {
    return last_error();
  }
  char* first = static_cast<char*>(base);
  const bool aligned = reinterpret_cast<std::uintptr_t>(base) % d.align == 0;
  char* last = first + r.length - 1;
  const bool anonymous_memory = (r.flags & MAP_ANONYMOUS) != 0; // wherever it likes
  return line({"ok", anonymous_memory ? "anonymous" : (aligned ? "aligned" : "misaligned"), "r=" + load_text(first),
               "w=" + store_text(first), "last=" + load_text(last)});
}

constexpr Word kModes[] = {{"rdonly", O_RDONLY}, {"wronly", O_WRONLY}, {"rdwr", O_RDWR}};
constexpr Word kTypes[] = {
    {"none", 0}, {"shared", MAP_SHARED}, {"private", MAP_PRIVATE}, {"validate", MAP_SHARED_VALIDATE}};
// No PROT_EXEC alone: what it lets through depends on the processor's protection keys.
constexpr Word kProts[] = {{"none", PROT_NONE},
                           {"r", PROT_READ},
                           {"w", PROT_WRITE},
                           {"rw", kReadWrite},
                           {"rx", PROT_READ | PROT_EXEC},
                           {"rwx", kReadWrite | PROT_EXEC}};

constexpr Word kFlags[] = {{"32bit", MAP_32BIT},
                           {"anonymous", MAP_ANONYMOUS},
                           {"denywrite", MAP_DENYWRITE},
                           {"executable", MAP_EXECUTABLE},
                           {"growsdown", MAP_GROWSDOWN},
                           {"hugetlb", MAP_HUGETLB},
                           {"hugetlb-2m", MAP_HUGETLB | (21 << 26)},
                           {"hugetlb-1g", MAP_HUGETLB | (30 << 26)},
                           {"locked", MAP_LOCKED},
                           {"nonblock", MAP_NONBLOCK},
                           {"noreserve", MAP_NORESERVE},
                           {"populate", MAP_POPULATE},
                           {"populate+nonblock", MAP_POPULATE | MAP_NONBLOCK},
                           {"stack", MAP_STACK},
                           {"sync", MAP_SYNC},
                           {"uninitialized", 0x4000000},
                           {"unknown-21", 1 << 21},
                           {"unknown-25", 1 << 25}};

constexpr Length kLengths[] = {
    {"0", [](const Device&) -> std::uint64_t { return 0; }},
    {"1b", [](const Device&) -> std::uint64_t { return 1; }},
    {"4k", [](const Device&) { return kPage; }},
    {"half", [](const Device& d) { return d.align / 2; }},
    {"1A-1b", [](const Device& d) { return d.align - 1; }},
    {"1A", [](const Device& d) { return d.align; }},
    {"1A+1b", [](const Device& d) { return d.align + 1; }},
    {"1A+4k", [](const Device& d) { return d.align + kPage; }},
    {"2A", [](const Device& d) { return 2 * d.align; }},
    {"2A-4k", [](const Device& d) { return 2 * d.align - kPage; }},
    {"size", [](const Device& d) { return d.size; }},
    {"size+1A", [](const Device& d) { return d.size + d.align; }},
    {"max", [](const Device&) -> std::uint64_t { return ~0ULL - kPage + 1; }},
};

constexpr Length kOffsets[] = {
    {"0", [](const Device&) -> std::uint64_t { return 0; }},
    {"1b", [](const Device&) -> std::uint64_t { return 1; }},
    {"4k", [](const Device&) { return kPage; }},
    {"half", [](const Device& d) { return d.align / 2; }},
    {"1A", [](const Device& d) { return d.align; }},
    {"last", [](const Device& d) { return d.size - d.align; }},
    {"size", [](const Device& d) { return d.size; }},
    {"size+1A", [](const Device& d) { return d.size + d.align; }},
    {"2^50", [](const Device&) -> std::uint64_t { return 1ULL << 50; }},
    {"negative", [](const Device& d) { return 0 - d.align; }},
};

} // namespace

void add_mmap_rows(Table& table) {
  for (const Word& mode : kModes) {
    for (const Word& type : kTypes) {
      for (const Word& prot : kProts) {
        table.add(std::string("mmap.open=") + mode.name + ".type=" + type.name + ".prot=" + prot.name,
                  [mode, type, prot](const Device& d) {
                    return map_said(d, {mode.value, prot.value, type.value, d.align, 0});
                  });
      }
    }
  }
  for (const Word& type : {Word{"shared", MAP_SHARED}, Word{"validate", MAP_SHARED_VALIDATE}}) {
    for (const Word& flag : kFlags) {
      table.add(std::string("mmap.type=") + type.name + ".flag=" + flag.name, [type, flag](const Device& d) {
        return map_said(d, {O_RDWR, kReadWrite, type.value | flag.value, d.align, 0});
      });
    }
  }
  for (const Word& flag : {Word{"locked", MAP_LOCKED}, Word{"populate", MAP_POPULATE}}) {
    table.add(std::string("mmap.type=shared.prot=r.flag=") + flag.name, [flag](const Device& d) {
      return map_said(d, {O_RDWR, PROT_READ, MAP_SHARED | flag.value, d.align, 0});
    });
    table.add(std::string("mmap.beyond-the-end.flag=") + flag.name, [flag](const Device& d) {
      return map_said(d, {O_RDWR, kReadWrite, MAP_SHARED | flag.value, d.align, d.size});
    });
  }
  for (const Word& prot : {Word{"sem", 0x8}, Word{"growsdown", PROT_GROWSDOWN}, Word{"unknown", 0x4000}}) {
    table.add(std::string("mmap.prot=rw+") + prot.name, [prot](const Device& d) {
      return map_said(d, {O_RDWR, kReadWrite | prot.value, MAP_SHARED, d.align, 0});
    });
  }
  for (const Length& length : kLengths) {
    for (const Length& offset : kOffsets) {
      table.add(std::string("mmap.len=") + length.name + ".off=" + offset.name, [length, offset](const Device& d) {
        return map_said(d, {O_RDWR, kReadWrite, MAP_SHARED, length.bytes(d), offset.bytes(d)});
      });
    }
  }
  table.add("mmap.private.len=1A.off=1A", [](const Device& d) {
    return map_said(d, {O_RDWR, kReadWrite, MAP_PRIVATE, d.align, d.align});
  });
  table.add("mmap.private.len=1A+4k", [](const Device& d) {
    return map_said(d, {O_RDWR, kReadWrite, MAP_PRIVATE, d.align + kPage, 0});
  });
  table.add("mmap.closed-descriptor", [](const Device& d) {
    const int fd = opened(d);
    ::close(fd);
    return said_ok(reinterpret_cast<long>(::mmap(nullptr, d.align, kReadWrite, MAP_SHARED, fd, 0)));
  });
  table.add("mmap.opath", [](const Device& d) { return map_said(d, {O_PATH, kReadWrite, MAP_SHARED, d.align, 0}); });
  table.add("mmap.outlives-descriptor", [](const Device& d) {
    const int fd = opened(d);
    void* base = ::mmap(nullptr, d.align, kReadWrite, MAP_SHARED, fd, 0);
    ::close(fd);
    return base == MAP_FAILED ? last_error() : line({"r=" + load_text(base), "w=" + store_text(base)});
  });
}

} // namespace conformance
