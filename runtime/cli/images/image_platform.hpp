// Devices whose contents outlive the machine: their image is attached when the platform is made, written back at marks
// (sync, the end of run, an interval), and, to test what an application makes of a power failure, forgotten back to
// the last mark.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"
#include "runtime/fault/write_back/dirty_tracker.hpp"
#include "runtime/fault/write_back/write_back.hpp"

namespace daxemu::cli {

struct ImageGeometry {
  std::uint64_t size = 0;        // bytes
  std::uint64_t extent_size = 0; // bytes
};

// What the image at `path` holds, or nothing if there is no such file. Errors (Problem): those of Image::open.
[[nodiscard]] Outcome<std::optional<ImageGeometry>> geometry_of_image(const std::string& path);

// Told extents done and to do, over all devices.
using Progress = std::function<void(std::uint64_t done, std::uint64_t all)>;

[[nodiscard]] bool has_image(const store::Store& store);

// Writes back what differs from the images: a mark that a power failure does not go behind. Waits for another
// write-back of the same image. Errors (Problem): EBUSY (that does not end), ENOSPC, the disk's own.
[[nodiscard]] Outcome<fault::WriteBackTotals> write_back(const store::Store& store, const Progress& progress = {});

// The same over and over while programs run: what nobody can have written to since the last time is not even read,
// where the kernel tells (Linux 6.7). Not a mark to rely on alone: see runtime/fault/write_back/dirty_tracker.hpp.
class RepeatedWriteBack {
public:
  // Of the devices `store` has now; from now on processes that map them have their writes noted. A device that somebody
  // else tracks is compared whole each time.
  explicit RepeatedWriteBack(const store::Store& store);
  // Errors (Problem): those of write_back.
  [[nodiscard]] Outcome<fault::WriteBackTotals> again();

private:
  const store::Store& store_;
  std::map<const store::DeviceRecord*, std::unique_ptr<fault::DirtyTracker>> trackers_;
};

enum class Loss {
  dirty, // every extent that changed since the last mark is again what it was then
  torn,  // of each such extent, some 4K pages are what they were then and some are what was written last
  all,   // everything: the devices are zeros, and so are their images
};

struct CrashReport {
  std::uint64_t killed = 0;  // processes that used the platform
  std::uint64_t changed = 0; // extents that had changed since the last mark
};

// The power fails: the platform's processes are killed, and of what was not marked durable is lost what `loss` says.
// `seed` decides which pages `torn` loses. A device without an image has no mark and loses everything.
// Errors (Problem): those of reading the images and the devices.
[[nodiscard]] Outcome<CrashReport> crash(const store::Store& store, Loss loss, std::uint64_t seed,
                                         const Progress& progress = {});

} // namespace daxemu::cli
