#include "runtime/fault/write_back/write_back.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>

#include <sched.h>

#include "runtime/fault/write_back/beside.hpp"
#include "runtime/fault/write_back/dirty_tracker.hpp"
#include "runtime/fault/write_back/extent_writer.hpp"

namespace daxemu::fault {
namespace {

constexpr std::size_t kBatch = 256; // extents a commit makes durable at once
// One thread copies a device's bytes hardly faster than a disk takes them, and nothing is left for what it does beside.
constexpr std::size_t kMostHands = 2;
static_assert(WritePipe::kMostDepth / kMostHands >= ExtentWriter::kLeastDepth);
constexpr std::uint64_t kWorthAThread = 8ULL << 20; // bytes: a thread is made within what a tenth of a megabyte takes

bool has_other_cpus() {
  cpu_set_t mine;
  return ::sched_getaffinity(0, sizeof mine, &mine) != 0 || CPU_COUNT(&mine) > 1; // refused: they do not fit, so many
}

} // namespace

// What several threads write until enough of it differs to be committed. Each takes the next extent that nobody has.
class WriteBack::Batch {
public:
  Batch(std::span<const ExtentIndex> suspects, std::uint64_t begin) : suspects_(suspects), next_(begin) {}

  // What a thread does, until nothing is left to be taken or somebody has failed. Its data is with the disk then.
  template <class Progress>
  void work(ExtentWriter& writer, std::vector<backing::Image::Written>& written, const Progress& progress) {
    int error = 0; // not a Result<void>, whose inside GCC 14 takes to be read unset
    while (error == 0 && !failed_.load(std::memory_order_relaxed) && found_.load(std::memory_order_relaxed) < kBatch) {
      const std::uint64_t at = next_.fetch_add(1, std::memory_order_relaxed);
      if (at >= suspects_.size()) {
        break;
      }
      const auto now = writer.write(suspects_[at]);
      if (!now) {
        error = now.error().value;
        break;
      }
      if (writer.differs(suspects_[at], *now)) {
        written.push_back({suspects_[at], now->checksum, now->zero});
        found_.fetch_add(1, std::memory_order_relaxed);
      }
      progress(done_.fetch_add(1, std::memory_order_relaxed) + 1);
    }
    if (const auto drained = writer.drain(); !drained && error == 0) {
      error = drained.error().value;
    }
    if (error != 0) {
      int none = 0;
      (void)failed_.compare_exchange_strong(none, error);
    }
  }
  // When all are done:
  [[nodiscard]] int failed() const { return failed_.load(); } // the first error
  [[nodiscard]] std::uint64_t done() const { return done_.load(); }

private:
  std::span<const ExtentIndex> suspects_;
  std::atomic<std::uint64_t> next_;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::size_t> found_{0};
  std::atomic<int> failed_{0};
};

std::vector<ExtentIndex> WriteBack::suspects(const DirtyTracker* tracker) const {
  std::vector<ExtentIndex> found;
  for (std::uint64_t at = 0; at < folios_.size(); ++at) {
    const bool is_touched = (folios_[ExtentIndex(at)].flags.load(std::memory_order_acquire) & mm::kFolioTouched) != 0;
    if (is_touched && (tracker == nullptr || tracker->may_differ(ExtentIndex(at)))) {
      found.emplace_back(at);
    }
  }
  return found;
}

Result<WriteBackTotals> WriteBack::run(const Progress& progress, const DirtyTracker* tracker) {
  auto done = run_once(progress, tracker);
  if (!done && done.error() == Errno{ENOSPC}) {
    image_.trim(); // versions that nothing reads any more may be what fills the disk
    done = run_once(progress, tracker);
  }
  return done;
}

Result<WriteBackTotals> WriteBack::run_once(const Progress& progress, const DirtyTracker* tracker) {
  const auto all = suspects(tracker);
  const bool both = all.size() > 1 && all.size() * image_.extent_size() >= kWorthAThread && has_other_cpus();
  const std::size_t hands = both ? kMostHands : 1;
  std::array<std::unique_ptr<ExtentWriter>, kMostHands> writers;
  for (std::size_t at = 0; at < hands; ++at) {
    auto writer = ExtentWriter::open(image_, path_, bytes_, WritePipe::kMostDepth / static_cast<unsigned>(hands));
    if (!writer) {
      return tl::unexpected(writer.error());
    }
    writers[at] = std::move(*writer);
  }
  WriteBackTotals totals;
  const auto tell = [&](std::uint64_t done) {
    if (progress) {
      progress(totals.examined + done, all.size());
    }
  };
  while (totals.examined < all.size()) {
    Batch batch(all, totals.examined);
    std::vector<backing::Image::Written> written;
    std::vector<backing::Image::Written> others;
    if (both) {
      const auto silent = [](std::uint64_t) {};
      auto second = [&] { batch.work(*writers[1], others, silent); };
      FunctionRef<void()> work(second);
      const Beside other(work);
      batch.work(*writers[0], written, tell);
    } else {
      batch.work(*writers[0], written, tell);
    }
    if (batch.failed() != 0) {
      return fail(batch.failed());
    }
    written.insert(written.end(), others.begin(), others.end());
    std::ranges::sort(written, {}, [](const auto& one) { return one.extent.value(); });
    if (!written.empty()) {
      if (auto done = image_.commit(written); !done) {
        return tl::unexpected(done.error());
      }
    }
    totals.written += written.size();
    totals.examined += batch.done();
    tell(0);
  }
  for (std::size_t at = 0; at < hands; ++at) {
    totals.bytes += writers[at]->bytes_written();
  }
  return totals;
}

} // namespace daxemu::fault
