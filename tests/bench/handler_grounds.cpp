// The baselines that serve faults in user space: the minimal loop, and a pager that copies.
#include <atomic>
#include <cstring>
#include <thread>

#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include "runtime/fault/userfaultfd.hpp"
#include "tests/bench/memory_file.hpp"

namespace daxemu::bench {
namespace {

// poll, read one event, serve it: no more than that.
class Loop : public Ground {
public:
  Loop() {
    auto opened = fault::open_full(fault::needed_features());
    if (!opened) {
      problem = "no userfaultfd that serves kernel-mode faults";
      return;
    }
    uffd_ = std::move(opened->fd);
    stop_ = UniqueFd(::eventfd(0, EFD_CLOEXEC));
    thread_ = std::thread([this] { serve_all(); });
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() override {
    if (thread_.joinable()) {
      const std::uint64_t one = 1;
      (void)!::write(stop_.get(), &one, sizeof one);
      thread_.join();
    }
  }

protected:
  [[nodiscard]] bool watch(char* base, std::uint64_t mode) {
    uffdio_register range{};
    range.range = {reinterpret_cast<std::uint64_t>(base), kBytes};
    range.mode = mode;
    base_ = base;
    return ::ioctl(uffd_.get(), UFFDIO_REGISTER, &range) == 0;
  }
  [[nodiscard]] bool ready() const { return static_cast<bool>(uffd_); }
  [[nodiscard]] int uffd() const { return uffd_.get(); }
  [[nodiscard]] const char* base() const { return base_; }
  virtual void serve(std::uint64_t extent_start, bool missing) = 0;
  void finish() { // by the derived class, whose serve() the thread calls
    if (thread_.joinable()) {
      const std::uint64_t one = 1;
      (void)!::write(stop_.get(), &one, sizeof one);
      thread_.join();
    }
  }

private:
  void serve_all() {
    pollfd both[2] = {{uffd_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    while (::poll(both, 2, -1) > 0 && (both[1].revents & POLLIN) == 0) {
      uffd_msg event{};
      if (::read(uffd_.get(), &event, sizeof event) == sizeof event && event.event == UFFD_EVENT_PAGEFAULT) {
        const std::uint64_t start = event.arg.pagefault.address / kExtent * kExtent;
        serve(start, (event.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_MINOR) == 0);
      }
    }
  }

  UniqueFd uffd_;
  UniqueFd stop_;
  std::thread thread_;
  std::atomic<const char*> base_{nullptr};
};

class MinimalLoop final : public Loop {
public:
  explicit MinimalLoop(Memory memory) : file_(memory) {}
  MinimalLoop(const MinimalLoop&) = delete;
  MinimalLoop& operator=(const MinimalLoop&) = delete;
  ~MinimalLoop() override { finish(); }
  char* map() override {
    char* base = ready() ? file_.map() : nullptr;
    if (base == nullptr || !watch(base, UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_MINOR)) {
      problem = problem.empty() ? "no huge pages, or no userfaultfd on them" : problem;
      return nullptr;
    }
    return base;
  }
  void unmap(char* base) override { ::munmap(base, kBytes); }
  void freshen() override { file_.freshen(); }

private:
  void serve(std::uint64_t start, bool missing) override {
    if (missing) {
      (void)::fallocate(file_.fd(), 0, static_cast<off_t>(start - reinterpret_cast<std::uint64_t>(base())), kExtent);
    }
    uffdio_continue resume{};
    resume.range = {start, kExtent};
    (void)::ioctl(uffd(), UFFDIO_CONTINUE, &resume);
  }
  MemoryFile file_;
};

class CopyingPager final : public Loop {
public:
  CopyingPager() : buffer_(static_cast<char*>(std::aligned_alloc(kExtent, kExtent))) {
    std::memset(buffer_, 0, kExtent);
  }
  CopyingPager(const CopyingPager&) = delete;
  CopyingPager& operator=(const CopyingPager&) = delete;
  ~CopyingPager() override {
    finish();
    std::free(buffer_);
  }
  char* map() override {
    void* base = ready() ? ::mmap(nullptr, kBytes + kExtent, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                         : MAP_FAILED;
    if (base == MAP_FAILED) {
      return nullptr;
    }
    whole_ = static_cast<char*>(base);
    char* aligned = whole_ + (kExtent - reinterpret_cast<std::uint64_t>(whole_) % kExtent) % kExtent;
    return watch(aligned, UFFDIO_REGISTER_MODE_MISSING) ? aligned : nullptr;
  }
  void unmap(char* /*base*/) override { ::munmap(whole_, kBytes + kExtent); }
  void freshen() override {}

private:
  void serve(std::uint64_t start, bool /*missing*/) override {
    uffdio_copy copy{};
    copy.dst = start;
    copy.src = reinterpret_cast<std::uint64_t>(buffer_);
    copy.len = kExtent;
    (void)::ioctl(uffd(), UFFDIO_COPY, &copy);
  }
  char* buffer_;
  char* whole_ = nullptr;
};

} // namespace

std::unique_ptr<Ground> minimal_loop(Memory memory) {
  return std::make_unique<MinimalLoop>(memory);
}
std::unique_ptr<Ground> copying_pager() {
  return std::make_unique<CopyingPager>();
}

} // namespace daxemu::bench
