// Ordinary calls whose buffer is in the mapping: files (through the page cache and O_DIRECT), sockets, /proc/self/mem.
#include <algorithm>
#include <climits>
#include <cstring>

#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"

#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY 60
#endif
#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif

namespace conformance {
namespace {

// Where the buffer is, in a mapping of the device's last two extents and two that are not there.
struct Place {
  const char* name;
  bool touched;
  std::uint64_t (*offset)(const Device&);
};

// Where every touch is SIGBUS, whatever was touched before.
constexpr std::uint64_t (*kBeyond)(const Device&) = [](const Device& d) { return 2 * d.align; };

constexpr Place kPlaces[] = {
    {"touched", true, [](const Device&) -> std::uint64_t { return 0; }},
    {"untouched", false, [](const Device&) -> std::uint64_t { return 0; }},
    {"across-extents.touched", true, [](const Device& d) { return d.align - kPage / 2; }},
    {"across-extents.untouched", false, [](const Device& d) { return d.align - kPage / 2; }},
    {"across-the-end", false, [](const Device& d) { return 2 * d.align - kPage; }},
    {"beyond-the-end", false, kBeyond},
};

constexpr std::uint64_t kLength = 2 * kPage;
constexpr unsigned char kMark = 0x71;

View tail(const Device& d, int prot = kReadWrite) {
  needs_extents(d, 2);
  void* base = ::mmap(nullptr, 4 * d.align, prot, MAP_SHARED, opened(d), static_cast<off_t>(d.size - 2 * d.align));
  if (base == MAP_FAILED) {
    throw Stop{"setup mmap " + last_error()};
  }
  return {static_cast<char*>(base), 4 * d.align};
}

std::string count(long got) {
  return got < 0 ? last_error() : "ok=" + std::to_string(got);
}

// The mark in those bytes of the buffer that exist, through another mapping.
void mark(const Device& d, std::uint64_t offset, unsigned char value) {
  const View other = tail(d);
  const std::uint64_t end = std::min(offset + kLength, 2 * d.align);
  if (offset < end) {
    std::memset(other.base + offset, value, end - offset);
  }
}

std::uint64_t marked(const Device& d, std::uint64_t offset, unsigned char value) {
  const View other = tail(d);
  std::uint64_t found = 0;
  for (std::uint64_t i = offset; i < std::min(offset + kLength, 2 * d.align); ++i) {
    found += static_cast<unsigned char>(other.base[i]) == value ? 1 : 0;
  }
  return found;
}

std::string through_file(const Device& d, const Place& place, bool into_mapping, int flags) {
  const std::uint64_t offset =
      place.offset(d) / ((flags & O_DIRECT) != 0 ? 512 : 1) * ((flags & O_DIRECT) != 0 ? 512 : 1);
  const int file = scratch_file(d, kLength, into_mapping ? kMark : 0, flags);
  mark(d, offset, into_mapping ? 0 : kMark);
  const View view = tail(d);
  if (place.touched) {
    (void)store(view.base, 0);
    (void)store(view.base + d.align, load(view.base + d.align).value);
    if (!into_mapping) {
      mark(d, offset, kMark);
    }
  }
  char* buffer = view.base + offset;
  if (into_mapping) {
    const std::string result = count(::pread(file, buffer, kLength, 0));
    return line({result, "arrived=" + std::to_string(marked(d, offset, kMark))});
  }
  const std::string result = count(::pwrite(file, buffer, kLength, 0));
  const int again = ::open(("/proc/self/fd/" + std::to_string(file)).c_str(), O_RDONLY);
  char* copy = anonymous(kLength);
  const long read = ::pread(again, copy, kLength, 0);
  return line({result, "in-file=" + std::to_string(std::count(copy, copy + std::max(0L, read), char{kMark}))});
}

std::string through_self_memory(const Device& d, const Place& place, bool put) {
  const std::uint64_t offset = place.offset(d);
  mark(d, offset, kMark);
  const View view = tail(d);
  if (place.touched) {
    (void)load(view.base);
    (void)load(view.base + d.align);
  }
  const int memory = ::open("/proc/self/mem", O_RDWR);
  char* own = anonymous(kLength);
  std::memset(own, 0x72, kLength);
  const auto at = static_cast<off_t>(reinterpret_cast<std::uintptr_t>(view.base + offset));
  const long got = put ? ::pwrite(memory, own, kLength, at) : ::pread(memory, own, kLength, at);
  const std::string result = count(got);
  const auto seen =
      put ? marked(d, offset, 0x72) : static_cast<std::uint64_t>(std::count(own, own + kLength, char{kMark}));
  return line({result, "bytes=" + std::to_string(seen)});
}

std::string over_loopback(const Device& d, int flags) {
  const int server = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (::bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(server, 1) != 0 ||
      ::getsockname(server, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return "setup " + last_error();
  }
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return "setup " + last_error();
  }
  const int peer = ::accept(server, nullptr, nullptr);
  const int on = 1;
  if (flags != 0 && ::setsockopt(client, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof on) != 0) {
    return "setup " + last_error();
  }
  mark(d, 0, kMark);
  const View view = tail(d);
  const std::string sent = count(::send(client, view.base, kPage, flags));
  char* own = anonymous(kPage);
  const long got = ::recv(peer, own, kPage, MSG_WAITALL);
  return line({"send=" + sent, "recv=" + count(got), all_bytes(own, kPage, kMark) ? "bytes" : "other-bytes"});
}

} // namespace

void add_file_io_rows(Table& table) {
  for (const bool direct : {false, true}) {
    for (const bool into : {false, true}) {
      for (const Place& place : kPlaces) {
        table.add(
            std::string("file.") + (direct ? "direct" : "cached") + (into ? ".into-mapping." : ".from-mapping.") +
                place.name,
            [direct, into, place](const Device& d) { return through_file(d, place, into, direct ? O_DIRECT : 0); });
      }
    }
  }
  for (const bool put : {false, true}) {
    for (const Place& place : kPlaces) {
      if (place.touched || place.offset == kBeyond) {
        table.add(std::string("self-mem.") + (put ? "write." : "read.") + place.name,
                  [put, place](const Device& d) { return through_self_memory(d, place, put); });
      }
    }
  }
  // One row, as one reason decides all of it: can the kernel fault an extent in for a remote access?
  table.add("self-mem.untouched", [](const Device& d) {
    std::vector<std::string> parts;
    for (const bool put : {false, true}) {
      for (const Place& place : kPlaces) {
        if (!place.touched && place.offset != kBeyond) {
          parts.push_back(std::string(put ? "write." : "read.") + place.name + "=[" +
                          through_self_memory(d, place, put) + "]");
        }
      }
    }
    return line(parts);
  });
  for (const bool direct : {false, true}) {
    table.add(std::string("file.") + (direct ? "direct" : "cached") + ".into-read-only-mapping",
              [direct](const Device& d) {
                const int file = scratch_file(d, kLength, kMark, direct ? O_DIRECT : 0);
                return count(::pread(file, tail(d, PROT_READ).base, kLength, 0));
              });
    table.add(std::string("file.") + (direct ? "direct" : "cached") + ".vector-of-two-extents", [direct](
                                                                                                    const Device& d) {
      const int file = scratch_file(d, kLength, kMark, direct ? O_DIRECT : 0);
      const View view = tail(d);
      const iovec parts[2] = {{view.base, kPage}, {view.base + d.align, kPage}};
      const std::string result = count(::preadv(file, parts, 2, 0));
      return line({result, load_text(view.base + kPage - 1, kMark), load_text(view.base + d.align + kPage - 1, kMark)});
    });
  }
  table.add("file.path-in-mapping", [](const Device& d) {
    const View view = mapped(d);
    std::memcpy(view.base, "/dev/null", 10);
    return said_ok(::open(mapped(d).base, O_RDONLY));
  });
  table.add("file.readlink-into-mapping", [](const Device& d) {
    const View view = mapped(d);
    return said_ok(::readlink("/proc/self/exe", view.base, kPage));
  });
  table.add("file.stat-into-mapping",
            [](const Device& d) { return said(::fstat(0, reinterpret_cast<struct stat*>(mapped(d).base))); });
  table.add("file.getrandom-into-mapping", [](const Device& d) { return count(::getrandom(mapped(d).base, 64, 0)); });
  table.add("file.pipe-ends-into-mapping",
            [](const Device& d) { return said(::pipe(reinterpret_cast<int*>(mapped(d).base))); });
  table.add("file.read-dev-zero-into-mapping", [](const Device& d) {
    const View view = mapped(d);
    store(view.base, 5);
    const int zero = ::open("/dev/zero", O_RDONLY);
    const std::string result = count(::read(zero, mapped(d).base, kPage));
    return line({result, load_text(view.base, 0)});
  });
  table.add("socket.unix.from-and-into-mapping", [](const Device& d) {
    int ends[2];
    (void)::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    mark(d, 0, kMark);
    const View view = tail(d);
    const std::string sent = count(::write(ends[0], view.base, kPage));
    const std::string got = count(::read(ends[1], view.base + d.align, kPage));
    return line({sent, got, load_text(view.base + d.align, kMark)});
  });
  table.add("socket.tcp.send", [](const Device& d) { return over_loopback(d, 0); });
  table.add("socket.tcp.send-zerocopy", [](const Device& d) { return over_loopback(d, MSG_ZEROCOPY); });
}

} // namespace conformance
