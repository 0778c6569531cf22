#include "emu/trace/site.hpp"

#include <array>
#include <charconv>
#include <climits>
#include <cstring>
#include <string_view>

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/trace/trace.hpp"

namespace daxemu::trace {
namespace {

// Modules already noted by this process: their link_map's address, and whose. Full: they are noted again and again.
struct Noted {
  std::atomic<std::uint64_t> module{0};
  std::atomic<std::int32_t> process{0};
};
std::array<Noted, 256> noted;

bool is_new(const void* module, std::int32_t process) {
  const auto key = reinterpret_cast<std::uint64_t>(module);
  for (Noted& slot : noted) {
    std::uint64_t seen = slot.module.load(std::memory_order_acquire);
    if (seen == 0 || slot.process.load(std::memory_order_relaxed) != process) { // free, or a forked child's parent's
      slot.process.store(process, std::memory_order_relaxed);
      slot.module.store(key,
                        std::memory_order_release); // two threads at once: noted twice, or one's note lost and redone
      return true;
    }
    if (seen == key) {
      return false;
    }
  }
  return true;
}

// A path has more bytes than an event's text: as many events as it takes, numbered by `value`.
void note_module(const dl_find_object& found, std::string_view path) {
  const std::uint64_t now = now_ns();
  constexpr std::size_t kPiece = decltype(Event::text)::kCapacity - 1;
  for (std::size_t at = 0, number = 0; at < path.size(); at += kPiece, ++number) {
    detail::write(*refusals(),
                  Event{.begin_ns = now,
                        .offset = found.dlfo_link_map->l_addr,
                        .length = static_cast<std::uint64_t>(static_cast<const char*>(found.dlfo_map_end) -
                                                             static_cast<const char*>(found.dlfo_map_start)),
                        .address = reinterpret_cast<std::uint64_t>(found.dlfo_map_start),
                        .value = static_cast<std::int64_t>(number),
                        .kind = Kind::module,
                        .text = path.substr(at, kPiece)});
  }
}

} // namespace

std::uint64_t site(std::uint64_t address) {
  if (!sites() || refusals() == nullptr || address == 0) {
    return 0;
  }
  dl_find_object found{};
  if (::_dl_find_object(reinterpret_cast<void*>(address), &found) != 0) {
    return 0; // made at run time
  }
  if (is_new(found.dlfo_link_map, sys::getpid())) {
    std::array<char, PATH_MAX> program{};
    std::string_view path = found.dlfo_link_map->l_name;
    if (path.empty()) {
      const auto length = sys::readlinkat(AT_FDCWD, "/proc/self/exe", program.data(), program.size());
      path = {program.data(), length.value_or(0)};
    }
    note_module(found, path);
  }
  return address;
}

std::uint64_t site_of_waiting(pid_t tid) {
  if (!sites() || tid == 0) {
    return 0;
  }
  constexpr std::string_view kBefore = "/proc/self/task/";
  std::array<char, 64> path{};
  std::memcpy(path.data(), kBefore.data(), kBefore.size());
  const auto [end, error] = std::to_chars(path.data() + kBefore.size(), path.data() + path.size() - 16, tid);
  std::memcpy(end, "/syscall", 9);
  // "-1 0xSP 0xPC" in a page fault of its own, "NR 0x.. ... 0xSP 0xPC" in one of a system call's.
  std::array<char, 256> text{};
  const auto raw = sys::open(path.data(), O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return 0;
  }
  const UniqueFd fd(*raw);
  const auto got = sys::pread(fd.get(), text.data(), text.size(), 0);
  std::string_view line(text.data(), got.value_or(0));
  line = line.substr(0, line.find('\n'));
  const std::size_t last = line.rfind("0x");
  std::uint64_t address = 0;
  if (last != std::string_view::npos) {
    std::from_chars(line.data() + last + 2, line.data() + line.size(), address, 16);
  }
  return site(address);
}

} // namespace daxemu::trace
