// What lives under the preload library: plain programs that use /dev/dax0.0 and the dax bus.
#include <cerrno>
#include <cstring>
#include <random>

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/faults/torture.hpp"

namespace daxemu::torture {
namespace {

std::span<std::byte> map_extents(Shared& shared, std::uint64_t first, std::uint64_t count) {
  const int fd = ::open("/dev/dax0.0", O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    wrong(shared, "open of /dev/dax0.0: %s", std::strerror(errno));
  }
  void* at =
      ::mmap(nullptr, count * kExtent, PROT_READ | PROT_WRITE, MAP_SHARED, fd, static_cast<off_t>(first * kExtent));
  if (at == MAP_FAILED) {
    wrong(shared, "mmap of /dev/dax0.0: %s", std::strerror(errno));
  }
  ::close(fd);
  return {static_cast<std::byte*>(at), count * kExtent};
}

void expect_committed(Shared& shared, std::span<std::byte> extent, std::uint64_t number) {
  const std::uint64_t committed = shared.committed[number].load();
  if (committed != 0 && !has_version(extent, committed)) {
    wrong(shared, "extent %lu: version %lu was committed and is lost; the newest there is %lu",
          static_cast<unsigned long>(number), static_cast<unsigned long>(committed),
          static_cast<unsigned long>(newest_version(extent)));
  }
}

bool put(const std::string& attribute, const std::string& text) {
  const int fd = ::open(attribute.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) {
    return false;
  }
  const bool done = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  return done;
}

// A device of the bus other than dax0.0, at random; empty: there is none.
std::string some_device(std::mt19937& random) {
  DIR* devices = ::opendir("/sys/bus/dax/devices");
  std::string chosen;
  unsigned seen = 0;
  while (const dirent* entry = devices == nullptr ? nullptr : ::readdir(devices)) {
    const std::string name = entry->d_name;
    if (name.starts_with("dax") && name != "dax0.0" && random() % ++seen == 0) {
      chosen = name;
    }
  }
  if (devices != nullptr) {
    ::closedir(devices);
  }
  return chosen;
}

void touch_device(const std::string& name) {
  const int fd = ::open(("/dev/" + name).c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    return; // another worker has unbound it
  }
  void* at = ::mmap(nullptr, kExtent, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (at != MAP_FAILED) {
    ::munmap(at, kExtent);
  }
}

} // namespace

void write_until_killed(Shared& shared, unsigned worker, unsigned seed) {
  std::mt19937 random(seed);
  constexpr std::uint64_t kEach = kExtents / kWriters;
  const std::uint64_t mine = worker * kEach;
  while (true) {
    const std::uint64_t first = random() % kEach;
    const std::uint64_t count = 1 + random() % (kEach - first);
    const auto mapped = map_extents(shared, mine + first, count);
    for (std::uint64_t at = 0; at < count; ++at) {
      const std::uint64_t number = mine + first + at;
      const auto extent = mapped.subspan(at * kExtent, kExtent);
      expect_committed(shared, extent, number);
      const std::uint64_t version = shared.committed[number].load() + 1;
      write_version(extent, version);
      shared.committed[number].store(version);
      shared.done[worker].fetch_add(1);
      shared.ready[worker].store(1);
    }
    if (random() % 8 == 0) { // a child that uses the mapping and goes
      const pid_t child = ::fork();
      if (child == 0) {
        expect_committed(shared, mapped.first(kExtent), mine + first);
        ::_exit(0);
      }
      int status = 0;
      if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) {
        if (shared.why[0] != 0) { // the child has said it
          std::_Exit(3);
        }
        wrong(shared, "a forked child ended with status %d", status);
      }
    }
    if (::munmap(mapped.data(), mapped.size()) != 0) {
      wrong(shared, "munmap: %s", std::strerror(errno));
    }
  }
}

void change_bus_until_killed(Shared& shared, unsigned worker, unsigned seed) {
  std::mt19937 random(seed);
  const std::string region = "/sys/devices/platform/hmem.0/dax_region/";
  const std::string driver = "/sys/bus/dax/drivers/device_dax/";
  while (true) { // whatever another worker has done meanwhile may make a step fail
    const std::string name = some_device(random);
    const std::string device = "/sys/bus/dax/devices/" + name + "/";
    switch (name.empty() ? 0 : random() % 8) {
    case 0:
      (void)put(region + "create", "1");
      break;
    case 1:
    case 2:
      (void)put(device + "size", std::to_string((1 + random() % 8) * kExtent));
      break;
    case 3:
      (void)put(driver + "bind", name);
      touch_device(name);
      break;
    case 4:
      (void)put(device + "align", random() % 2 == 0 ? "4096" : "2097152");
      break;
    case 5:
      (void)put(driver + "unbind", name);
      break;
    case 6:
      (void)put(driver + "unbind", name);
      (void)put(device + "size", "0");
      break;
    default:
      (void)put(driver + "unbind", name);
      (void)put(device + "size", "0");
      (void)put(region + "delete", name);
    }
    shared.done[worker].fetch_add(1);
    shared.ready[worker].store(1);
  }
}

void verify(Shared& shared) {
  const auto mapped = map_extents(shared, 0, kExtents);
  for (std::uint64_t number = 0; number < kExtents; ++number) {
    expect_committed(shared, mapped.subspan(number * kExtent, kExtent), number);
  }
  std::_Exit(0);
}

} // namespace daxemu::torture
