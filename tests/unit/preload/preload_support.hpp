// A platform with one device of 4 MiB for the tests of runtime/preload, found as the library finds it: by environment.
#pragma once

#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu/backing/node_file.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/builder.hpp"
#include "runtime/preload/names/context.hpp"

namespace daxemu::preload {

inline constexpr std::uint64_t kDeviceSize = 2 * kPmdSize;

inline int new_memory_file(const char* name, std::uint64_t size) {
  const int fd = ::memfd_create(name, MFD_CLOEXEC);
  EXPECT_GE(fd, 0);
  EXPECT_EQ(::ftruncate(fd, static_cast<off_t>(size)), 0);
  return fd;
}

// The descriptor of the device's bytes.
inline int backing() {
  static const int fd = new_memory_file("dax0.0", kDeviceSize);
  return fd;
}

// The node that descriptors of it are of.
inline const backing::NodeFile& node() {
  static backing::MemfdSource source;
  static const auto made = backing::make_node(source, "dax0.0");
  EXPECT_TRUE(made);
  return *made;
}

inline Context& context() {
  static Context* made = [] {
    const int fd = ::memfd_create("store", MFD_CLOEXEC);
    static auto store =
        store::Store::create(UniqueFd(fd), "preload-test", {.regions = 4, .devices = 8, .processes = 8});
    EXPECT_TRUE(store);
    store->platform().dax_major = 254;
    EXPECT_TRUE(dax::add_region(*store, {.id = 0, .data_size = kDeviceSize, .align = kPmdSize}));
    dax::DeviceSpec spec;
    spec.size = kDeviceSize;
    spec.align = kPmdSize;
    struct stat about {};
    EXPECT_EQ(::fstat(backing(), &about), 0);
    spec.node = node().record;
    spec.backing.kind = store::BackingKind::shmem;
    spec.backing.st_dev = about.st_dev;
    spec.backing.st_ino = about.st_ino;
    spec.backing.page_size = kPageSize;
    spec.backing.location.assign("/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(backing()));
    EXPECT_TRUE(dax::add_device(*store, spec));
    ::setenv("DAXEMU_PLATFORM", ("/proc/self/fd/" + std::to_string(store->fd())).c_str(), 1);
    return Context::get();
  }();
  EXPECT_NE(made, nullptr);
  return *made;
}

inline constexpr const char* kDeviceNode = "/dev/dax0.0";
inline constexpr const char* kDeviceDirectory = "/sys/devices/platform/hmem.0/dax0.0";
inline constexpr const char* kDeviceLink = "/sys/bus/dax/devices/dax0.0";

// A directory that is gone with the object.
class Scratch {
public:
  Scratch() { EXPECT_NE(::mkdtemp(path_.data()), nullptr); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { EXPECT_EQ(std::system(("rm -rf " + path_).c_str()), 0); }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
  std::string path_ = "/tmp/preload-test-XXXXXX";
};

} // namespace daxemu::preload
