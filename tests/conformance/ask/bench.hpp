// What rows need again and again: an open device, a mapping, a second process, a scratch file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/types.h>

#include "tests/conformance/ask/text.hpp"
#include "tests/conformance/ask/touch.hpp"
#include "tests/conformance/row.hpp"

namespace conformance {

constexpr int kReadWrite = PROT_READ | PROT_WRITE;

// Every row is a process of its own, so descriptors and mappings are left to its end.
int opened(const Device& device, int flags = O_RDWR); // or Stop

struct View {
  char* base = nullptr;
  std::uint64_t length = 0;
  char* at(std::uint64_t offset) const { return base + offset; }
};

// `extents` extents from `first` on, shared; or Stop.
View mapped(const Device& device, std::uint64_t extents = 1, std::uint64_t first = 0, int prot = kReadWrite,
            int flags = MAP_SHARED);
// Stop with "n/a" where the device has fewer extents.
void needs_extents(const Device& device, std::uint64_t count);

// An address with `length` free bytes from it on, a multiple of the device's align (and at least of 2M).
char* free_range(const Device& device, std::uint64_t length);

// Whether a 6.1 kernel loses the entries of extents of this size when it changes a protection or moves a mapping: above
// 2M it takes them for page tables, prints "bad pud" and clears them, and what was cached of them in the TLB lives on.
// Rows that do such a thing leave the extents untouched before.
inline bool entries_get_lost(const Device& device) {
  return device.align > (2U << 20U);
}

// Anonymous pages.
char* anonymous(std::uint64_t length, int prot = kReadWrite);

// A fresh unlinked file in the scratch directory with `length` bytes of `fill`; or Stop.
int scratch_file(const Device& device, std::uint64_t length, unsigned char fill, int extra_flags = 0);

// Runs `action` in a forked child and gives what it said, or how it died. `seconds` bounds it.
struct Said {
  std::string text;
  bool timed_out = false;
};
Said in_child(const std::function<std::string()>& action, int seconds);
std::string in_child(const std::function<std::string()>& action);

// A child that runs beside the row: start it, talk by bytes, and read what it said at the end.
class Partner {
public:
  explicit Partner(const std::function<std::string(Partner&)>& action);
  void signal_other() const;          // one byte to the other side
  void wait_other() const;            // one byte from the other side; Stop after some seconds
  bool quiet(int milliseconds) const; // no byte from the other side for so long
  std::string join();                 // the child's words
  pid_t pid() const { return pid_; }

private:
  pid_t pid_ = -1;
  int mine_ = -1;
  int result_ = -1;
};

bool all_bytes(const char* from, std::uint64_t length, unsigned char value);

} // namespace conformance
