#include "runtime/fault/write_back/write_back.hpp"

#include <algorithm>
#include <atomic>

#include <sched.h>

#include "runtime/fault/write_back/beside.hpp"
#include "runtime/fault/write_back/dirty_tracker.hpp"
#include "runtime/fault/write_back/extent_writer.hpp"

namespace daxemu::fault {
namespace {

constexpr std::size_t kBatch = 256;                 // extents a commit makes durable at once
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
    std::optional<ExtentIndex> where;
    while (error == 0 && !failed_.load(std::memory_order_relaxed) && found_.load(std::memory_order_relaxed) < kBatch) {
      const std::uint64_t at = next_.fetch_add(1, std::memory_order_relaxed);
      if (at >= suspects_.size()) {
        break;
      }
      const auto now = writer.write(suspects_[at]);
      if (!now) {
        error = now.error().value;
        where = suspects_[at];
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
      if (failed_.compare_exchange_strong(none, error)) {
        failed_at_ = writer.failed_at() ? writer.failed_at() : where;
      }
    }
  }
  // When all are done:
  [[nodiscard]] int failed() const { return failed_.load(); } // the first error
  [[nodiscard]] std::optional<ExtentIndex> failed_at() const { return failed_at_; }
  [[nodiscard]] std::uint64_t done() const { return done_.load(); }

private:
  std::span<const ExtentIndex> suspects_;
  std::atomic<std::uint64_t> next_;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::size_t> found_{0};
  std::atomic<int> failed_{0};
  std::optional<ExtentIndex> failed_at_; // by whoever set that
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
  totals_ = {};
  auto done = run_once(progress, tracker);
  if (!done && done.error() == Errno{ENOSPC}) {
    image_.trim(); // versions that nothing reads any more may be what fills the disk
    done = run_once(progress, tracker);
  }
  return done ? Result<WriteBackTotals>(totals_) : tl::unexpected(done.error());
}

Result<void> WriteBack::run_once(const Progress& progress, const DirtyTracker* tracker) {
  static_assert(WritePipe::kMostDepth / kMostHands >= ExtentWriter::kLeastDepth);
  failed_at_.reset();
  totals_.examined = 0; // the second time all is looked at once more; what was committed before stays so
  const auto all = suspects(tracker);
  const bool both = all.size() > 1 && all.size() * image_.extent_size() >= kWorthAThread && has_other_cpus();
  const std::size_t hands = both ? kMostHands : 1;
  Writers writers;
  for (std::size_t at = 0; at < hands; ++at) {
    auto writer = ExtentWriter::open(image_, path_, bytes_, WritePipe::kMostDepth / static_cast<unsigned>(hands));
    if (!writer) {
      return tl::unexpected(writer.error());
    }
    writers[at] = std::move(*writer);
  }
  const auto done = write(all, writers, progress);
  for (std::size_t at = 0; at < hands; ++at) {
    totals_.bytes += writers[at]->bytes_written();
  }
  return done;
}

// By as many threads as there are writers.
Result<void> WriteBack::write(std::span<const ExtentIndex> all, const Writers& writers, const Progress& progress) {
  const bool both = writers.back() != nullptr;
  const auto tell = [&](std::uint64_t done) {
    if (progress) {
      progress(totals_.examined + done, all.size());
    }
  };
  while (totals_.examined < all.size()) {
    Batch batch(all, totals_.examined);
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
      failed_at_ = batch.failed_at();
      return fail(batch.failed());
    }
    written.insert(written.end(), others.begin(), others.end());
    std::ranges::sort(written, {}, [](const auto& one) { return one.extent.value(); });
    if (!written.empty()) {
      if (auto done = image_.commit(written); !done) {
        return tl::unexpected(done.error());
      }
    }
    totals_.written += written.size();
    totals_.examined += batch.done();
    tell(0);
  }
  return {};
}

} // namespace daxemu::fault
