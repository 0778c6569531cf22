// Writes a device's touched extents to its image: io_uring, O_DIRECT, several pieces in flight, two threads that read
// and add up, whole extents committed only when their data is durable (emu/backing/image.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "emu/backing/image.hpp"
#include "emu/base/result.hpp"
#include "emu/mm/folio_table.hpp"

namespace daxemu::fault {

class DirtyTracker;

struct WriteBackTotals {
  std::uint64_t examined = 0; // extents that were looked at: touched, and by the tracker's account perhaps written to
  std::uint64_t written = 0;  // of these, had other bytes than the image and were committed
  std::uint64_t bytes = 0;    // written to the disk, without holes
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
  // Errors: open(2)'s, io_uring_setup(2)'s, ENOSPC and the disk's own; extents committed before count.
  using Progress = std::function<void(std::uint64_t done, std::uint64_t all)>;
  [[nodiscard]] Result<WriteBackTotals> run(const Progress& progress = {}, const DirtyTracker* tracker = nullptr);

private:
  class Batch;
  [[nodiscard]] Result<WriteBackTotals> run_once(const Progress& progress, const DirtyTracker* tracker);
  // Touched, and perhaps to be written.
  [[nodiscard]] std::vector<ExtentIndex> suspects(const DirtyTracker* tracker) const;

  backing::Image& image_;
  std::string path_;
  int bytes_;
  const mm::FolioTable& folios_;
};

} // namespace daxemu::fault
