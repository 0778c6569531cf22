// The device under test, as a client finds it: a path, and what sysfs says of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

namespace conformance {

constexpr std::uint64_t kPage = 4096;

struct Device {
  std::string path;        // /dev/dax0.0
  std::string name;        // dax0.0
  std::string sysfs;       // the device's real directory
  std::string region;      // the directory of its region's attributes; empty where there is none
  std::string scratch;     // a directory for ordinary files, on a file system that knows O_DIRECT
  std::uint64_t size = 0;  // bytes
  std::uint64_t align = 0; // bytes of an extent
  dev_t rdev = 0;

  std::uint64_t extents() const { return size / align; }
  // Bytes of an extent that rows may copy: never more than 16 KiB, so that a 1G extent costs no more than a 4K one.
  std::uint64_t chunk() const { return align < 4 * kPage ? align : 4 * kPage; }
};

// Fills in what sysfs knows; `size` and `align`, where given, win (a file that is not a device has no sysfs).
// Returns a message where the path cannot be used.
std::optional<std::string> describe(Device& device);

// Text file of sysfs without its newline; empty optional where it cannot be read (errno says why).
std::optional<std::string> read_text(const std::string& path);

} // namespace conformance
