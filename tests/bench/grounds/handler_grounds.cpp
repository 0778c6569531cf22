// The baselines that serve faults in user space: the minimal loop, the bare signal handler, a pager that copies.
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include "runtime/fault/touches/userfaultfd.hpp"
#include "tests/bench/grounds/memory_file.hpp"

namespace daxemu::bench {
namespace {

constexpr std::uint64_t kPage = 4096;

[[nodiscard]] bool watch(int uffd, char* base, std::uint64_t length, std::uint64_t mode) {
  uffdio_register range{};
  range.range = {reinterpret_cast<std::uint64_t>(base), length};
  range.mode = mode;
  return ::ioctl(uffd, UFFDIO_REGISTER, &range) == 0;
}

// A page of a memory file. `missing`: it is known that the page cache has none; if not, the kernel says so (EFAULT).
void serve_page(int uffd, int file, const Shape& shape, const char* base, std::uint64_t address, bool missing) {
  const std::uint64_t page = shape.memory == Memory::hugetlb ? shape.extent : kPage;
  const std::uint64_t start = address / page * page;
  uffdio_continue resume{};
  resume.range = {start, page};
  if (missing || ::ioctl(uffd, UFFDIO_CONTINUE, &resume) != 0) {
    const auto offset = static_cast<off_t>(start - reinterpret_cast<std::uint64_t>(base));
    (void)::fallocate(file, 0, offset, static_cast<off_t>(page));
    (void)::ioctl(uffd, UFFDIO_CONTINUE, &resume);
  }
}

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
  ~Loop() override { finish(); }

protected:
  [[nodiscard]] bool ready() const { return static_cast<bool>(uffd_); }
  [[nodiscard]] int uffd() const { return uffd_.get(); }
  virtual void serve(std::uint64_t address, bool missing) = 0;
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
        serve(event.arg.pagefault.address, (event.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_MINOR) == 0);
      }
    }
  }

  UniqueFd uffd_;
  UniqueFd stop_;
  std::thread thread_;
};

class MinimalLoop final : public Loop {
public:
  explicit MinimalLoop(const Shape& shape) : shape_(shape), file_(shape) {}
  MinimalLoop(const MinimalLoop&) = delete;
  MinimalLoop& operator=(const MinimalLoop&) = delete;
  ~MinimalLoop() override { finish(); }
  char* map() override {
    char* base = ready() ? file_.map() : nullptr;
    base_ = base;
    if (base == nullptr ||
        !watch(uffd(), base, shape_.bytes(), UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_MINOR)) {
      problem = problem.empty() ? "no huge pages, or no userfaultfd on them" : problem;
      return nullptr;
    }
    return base;
  }
  void unmap(char* base) override { file_.unmap(base); }
  void freshen() override { file_.freshen(); }

private:
  void serve(std::uint64_t address, bool missing) override {
    serve_page(uffd(), file_.fd(), shape_, base_, address, missing);
  }
  Shape shape_;
  MemoryFile file_;
  std::atomic<const char*> base_{nullptr};
};

class BareSigbus final : public Ground {
public:
  explicit BareSigbus(const Shape& shape) : shape_(shape), file_(shape) {
    auto opened = fault::open_user_mode_only(fault::needed_features() | UFFD_FEATURE_SIGBUS);
    if (!opened) {
      problem = "no userfaultfd";
      return;
    }
    uffd_ = std::move(opened->fd);
  }
  BareSigbus(const BareSigbus&) = delete;
  BareSigbus& operator=(const BareSigbus&) = delete;
  ~BareSigbus() override { serving_ = nullptr; }
  char* map() override {
    serving_ = this;
    struct sigaction action = {};
    action.sa_sigaction = receive;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    ::sigaction(SIGBUS, &action, nullptr);
    base_ = uffd_ ? file_.map() : nullptr;
    constexpr auto kBoth = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_MINOR;
    return base_ != nullptr && watch(uffd_.get(), base_, shape_.bytes(), kBoth) ? base_ : nullptr;
  }
  void unmap(char* base) override { file_.unmap(base); }
  void freshen() override { file_.freshen(); }

private:
  static void receive(int /*signal*/, siginfo_t* info, void* /*context*/) {
    const BareSigbus* self = serving_;
    if (self == nullptr) {
      std::abort();
    }
    serve_page(self->uffd_.get(), self->file_.fd(), self->shape_, self->base_,
               reinterpret_cast<std::uint64_t>(info->si_addr), false);
  }
  static inline std::atomic<const BareSigbus*> serving_{nullptr};
  Shape shape_;
  MemoryFile file_;
  UniqueFd uffd_;
  char* base_ = nullptr;
};

class CopyingPager final : public Loop {
public:
  explicit CopyingPager(const Shape& shape)
      : shape_(shape), buffer_(static_cast<char*>(std::aligned_alloc(shape.extent, shape.extent))) {
    std::memset(buffer_, 0, shape.extent);
  }
  CopyingPager(const CopyingPager&) = delete;
  CopyingPager& operator=(const CopyingPager&) = delete;
  ~CopyingPager() override {
    finish();
    std::free(buffer_);
  }
  char* map() override {
    void* base =
        ready() ? ::mmap(nullptr, whole(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : MAP_FAILED;
    if (base == MAP_FAILED) {
      return nullptr;
    }
    whole_ = static_cast<char*>(base);
    char* aligned = whole_ + (shape_.extent - reinterpret_cast<std::uint64_t>(whole_) % shape_.extent) % shape_.extent;
    return watch(uffd(), aligned, shape_.bytes(), UFFDIO_REGISTER_MODE_MISSING) ? aligned : nullptr;
  }
  void unmap(char* /*base*/) override { ::munmap(whole_, whole()); }
  void freshen() override {}

private:
  [[nodiscard]] std::uint64_t whole() const { return shape_.bytes() + shape_.extent; }
  void serve(std::uint64_t address, bool /*missing*/) override {
    uffdio_copy copy{};
    copy.dst = address / shape_.extent * shape_.extent;
    copy.src = reinterpret_cast<std::uint64_t>(buffer_);
    copy.len = shape_.extent;
    (void)::ioctl(uffd(), UFFDIO_COPY, &copy);
  }
  Shape shape_;
  char* buffer_;
  char* whole_ = nullptr;
};

} // namespace

std::unique_ptr<Ground> minimal_loop(const Shape& shape) {
  return std::make_unique<MinimalLoop>(shape);
}
std::unique_ptr<Ground> bare_sigbus(const Shape& shape) {
  return std::make_unique<BareSigbus>(shape);
}
std::unique_ptr<Ground> copying_pager(const Shape& shape) {
  return std::make_unique<CopyingPager>(shape);
}

} // namespace daxemu::bench
