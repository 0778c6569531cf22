#include "tests/sequences/stage.hpp"

#include "tests/sequences/buses/bus.hpp"
#include "tests/sequences/buses/nd.hpp"
#include "tests/sequences/processes/failure.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sequences {
namespace {

constexpr std::uint64_t kEdge = 4 * kPage; // what calls reach on either side of a place

void zero(char* bytes, std::uint64_t extent) {
  if (extent <= 4 * kEdge) {
    std::memset(bytes, 0, extent);
    return;
  }
  std::memset(bytes, 0, kEdge);
  std::memset(bytes + extent / 2 - kEdge, 0, 2 * kEdge);
  std::memset(bytes + extent - kEdge, 0, kEdge);
}

// In one mapping: each costs an emulated processor all that it knew of its addresses.
void zero(const conformance::Device& device, int fd, std::uint64_t first, std::uint64_t behind) {
  if (first >= behind) {
    return;
  }
  const std::uint64_t length = (behind - first) * device.align;
  void* mapped =
      ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, static_cast<off_t>(first * device.align));
  if (mapped == MAP_FAILED) {
    return;
  }
  for (std::uint64_t at = 0; at < length; at += device.align) {
    zero(static_cast<char*>(mapped) + at, device.align);
  }
  ::munmap(mapped, length);
}

} // namespace

int* Stage::slot(const std::string& name) {
  const auto number = static_cast<std::size_t>(name.size() == 2 && name[0] == 's' ? name[1] - '0' : -1);
  return number < kSlots ? &slots[number] : nullptr;
}

int Stage::descriptor(const std::string& name) const {
  if (const int* found = const_cast<Stage*>(this)->slot(name); found != nullptr) {
    return *found;
  }
  const struct {
    const char* name;
    int fd;
  } known[] = {{"dev", dev},   {"dev2", dev2},       {"dev-ro", dev_ro}, {"dev-wo", dev_wo},
               {"file", file}, {"file-ro", file_ro}, {"source", source}, {"sink", sink}};
  for (const auto& one : known) {
    if (name == one.name) {
      return one.fd;
    }
  }
  return -1;
}

std::uint64_t Stage::arena_end() const {
  return kArena + kWatchedExtents * std::max<std::uint64_t>(units.extent, 64 * kPage);
}

bool Stage::in_arena(const void* address) const {
  const auto at = reinterpret_cast<std::uint64_t>(address);
  return at >= kArena && at < arena_end();
}

std::string Stage::place(const void* address) const {
  return units.text(reinterpret_cast<std::uint64_t>(address) - kArena);
}

void clean(const conformance::Device& device, const std::vector<Call>& before, const std::vector<Call>& next) {
  if (std::any_of(before.begin(), before.end(), nd::concerns) || std::any_of(next.begin(), next.end(), nd::concerns)) {
    nd::restore(device);
  }
  bus::restore(device);
  if (std::any_of(before.begin(), before.end(), failure::concerns)) {
    failure::renew(device);
  }
  const int fd = ::open(device.path.c_str(), O_RDWR | O_CLOEXEC);
  const std::uint64_t extents = device.extents();
  constexpr std::uint64_t low = 12;
  constexpr std::uint64_t high = 3;
  const std::uint64_t behind = std::min(low, extents);
  zero(device, fd, 0, behind);
  zero(device, fd, std::max(behind, extents - std::min(high, extents)), extents);
  ::close(fd);
  (void)!::chmod(device.path.c_str(), 0600);
}

std::string from_child(const std::function<void(int out)>& say) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return "no pipe";
  }
  const pid_t child = ::fork();
  if (child == 0) {
    say(ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text;
  char part[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], part, sizeof part)) > 0;) {
    text.append(part, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0 ? text : text + " status=" + std::to_string(status);
}

namespace {

// What is mapped without MAP_FIXED where its hint is taken goes to the end of the highest hole that is large enough:
// that this is a multiple of an extent is luck, of one start of the program in so many, and must not be.
void spoil_luck(std::uint64_t align) {
  for (bool lucky = align > kPage; lucky;) {
    void* end = ::mmap(nullptr, 2 * kWatchedExtents * align + kPage, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    lucky = end != MAP_FAILED && reinterpret_cast<std::uint64_t>(end) % align == 0;
  }
}

} // namespace

std::string make_source() {
  char pattern[64 * kPage];
  for (std::uint64_t at = 0; at < sizeof pattern; ++at) {
    pattern[at] = static_cast<char>(1 + at % 251);
  }
  const int made = ::memfd_create("source", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  const bool well = ::pwrite(made, pattern, sizeof pattern, 0) == static_cast<ssize_t>(sizeof pattern) &&
                    ::fcntl(made, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) == 0 &&
                    ::dup3(made, kSourceAt, O_CLOEXEC) == kSourceAt;
  const std::string problem = well ? "" : std::string("the file to read cannot be made: ") + std::strerror(errno);
  ::close(made);
  return problem;
}

std::string prepare(Stage& stage, const conformance::Device& device, bool opens) {
  stage.device = &device;
  stage.units = {device.align, device.size};
  stage.slots.fill(-1);
  stage.pipes.fill({-1, -1});
  void* below = reinterpret_cast<void*>(kArena - kPage);
  if (::mmap(below, kPage, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != below) {
    return "the arena is taken";
  }
  spoil_luck(device.align);
  const char* node = opens ? device.path.c_str() : "/dev/null";
  stage.dev = ::open(node, O_RDWR | O_CLOEXEC);
  stage.dev2 = ::open(node, O_RDWR | O_CLOEXEC);
  stage.dev_ro = ::open(node, O_RDONLY | O_CLOEXEC);
  stage.dev_wo = ::open(node, O_WRONLY | O_CLOEXEC);
  const std::string path = "/dev/shm/sequences." + std::to_string(::getpid());
  stage.file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  stage.file_ro = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ::unlink(path.c_str());
  stage.source = ::fcntl(kSourceAt, F_DUPFD_CLOEXEC, 0);
  ::close(kSourceAt);
  stage.sink = ::memfd_create("sink", MFD_CLOEXEC);
  if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, stage.sockets) != 0) {
    return std::string("no sockets: ") + std::strerror(errno);
  }
  if (stage.dev < 0 || stage.dev2 < 0 || stage.dev_ro < 0 || stage.dev_wo < 0 || stage.file < 0 || stage.file_ro < 0 ||
      stage.source < 0 || stage.sink < 0) {
    return std::string("a descriptor cannot be had: ") + std::strerror(errno);
  }
  if (::ftruncate(stage.file, static_cast<off_t>(8 * device.align)) != 0) {
    return std::string("the file cannot be made: ") + std::strerror(errno);
  }
  return {};
}

} // namespace sequences
