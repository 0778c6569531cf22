// Writes a device's touched extents to its image: io_uring, O_DIRECT, several pieces in flight, two threads that read
// and add up, whole extents committed only when their data is durable (emu/backing/image/image.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "emu/backing/image/image.hpp"
#include "emu/base/result.hpp"
#include "emu/mm/folio_table.hpp"

namespace daxemu::fault {

class DirtyTracker;
class ExtentWriter;

struct WriteBackTotals {
  std::uint64_t examined = 0; // extents that were looked at: touched, and by the tracker's account perhaps written to
  std::uint64_t written = 0;  // of these, had other bytes than the image and were committed
  std::uint64_t bytes = 0;    // written to the disk, without holes, be they committed or not
};

class WriteBack {
public:
  // `image_path` is where `image` was opened; `bytes` the device's backing, `folios` its records (all borrowed).
  WriteBack(backing::Image& image, std::string image_path, int bytes, const mm::FolioTable& folios)
      : image_(image), path_(std::move(image_path)), bytes_(bytes), folios_(folios) {}

  // Every touched extent that differs from the image's version. A program may go on writing meanwhile: what is
  // committed is each extent as it was when it was copied, piece by piece. `progress` is told extents done and to do,
  // by the caller's thread. With `tracker`, only those that may differ by its account are looked at: it has to have
  // looked before.
  // Errors: open(2)'s, io_uring_setup(2)'s, ENOSPC and the disk's own; extents committed before stay so: totals().
  using Progress = std::function<void(std::uint64_t done, std::uint64_t all)>;
  [[nodiscard]] Result<WriteBackTotals> run(const Progress& progress = {}, const DirtyTracker* tracker = nullptr);
  // Of a run, also of one that failed.
  [[nodiscard]] const WriteBackTotals& totals() const { return totals_; }
  // The extent whose bytes could not be read or written. None where something else failed, as a commit.
  [[nodiscard]] std::optional<ExtentIndex> failed_at() const { return failed_at_; }

private:
  // One thread copies a device's bytes hardly faster than a disk takes them, and nothing is left for what it does
  // beside.
  static constexpr std::size_t kMostHands = 2;
  using Writers = std::array<std::unique_ptr<ExtentWriter>, kMostHands>;
  class Batch;
  [[nodiscard]] Result<void> run_once(const Progress& progress, const DirtyTracker* tracker);
  [[nodiscard]] Result<void> write(std::span<const ExtentIndex> all, const Writers& writers, const Progress& progress);
  // Touched, and perhaps to be written.
  [[nodiscard]] std::vector<ExtentIndex> suspects(const DirtyTracker* tracker) const;

  backing::Image& image_;
  std::string path_;
  int bytes_;
  const mm::FolioTable& folios_;
  WriteBackTotals totals_;
  std::optional<ExtentIndex> failed_at_;
};

} // namespace daxemu::fault
