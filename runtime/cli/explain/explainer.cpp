#include "runtime/cli/explain/explainer.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/trace/site.hpp"
#include "emu/trace/why.hpp"
#include "runtime/cli/explain/refused.hpp"
#include "runtime/cli/state/comm.hpp"
#include "runtime/cli/text/terminal.hpp"

namespace daxemu::cli {
namespace {

constexpr std::uint64_t kEvents = 1ULL << 15; // 4M when full
constexpr std::chrono::milliseconds kPause{20};

} // namespace

Outcome<std::unique_ptr<Explainer>> Explainer::start(const store::Store& store, const std::string& path) {
  const auto fd = sys::memfd_create("daxemu-explain", MFD_CLOEXEC);
  UniqueFd owner(fd.value_or(-1));
  auto ring = fd ? trace::Ring::create(*fd, kEvents) : tl::unexpected(fd.error());
  if (!ring) {
    return refuse(ring.error().value, "there is no memory for --explain", "free some, or leave it out");
  }
  std::unique_ptr<Explainer> made(new Explainer(store, std::move(owner), std::move(*ring)));
  if (!path.empty()) {
    made->file_.open(path);
    if (!made->file_) {
      return refuse(errno, fmt::format("--explain {} cannot be written", path), "choose another file");
    }
  }
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before); // inherited by the thread: signals are the command's
  made->thread_ = std::thread([explainer = made.get()] { explainer->follow(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return made;
}

Explainer::Explainer(const store::Store& store, UniqueFd fd, trace::Ring ring)
    : store_(store), fd_(std::move(fd)), ring_(std::move(ring)) {}

std::vector<std::pair<std::string, std::string>> Explainer::environment() const {
  return {{trace::kRefusalsVariable, fmt::format("/proc/{}/fd/{}", ::getpid(), fd_.get())},
          {trace::kSitesVariable, "1"}};
}

std::uint64_t Explainer::finish() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
    print_fresh(true);
    if (missed_ > 0) {
      note(fmt::format("{} refusals came too fast to be told", missed_));
    }
  }
  return lines_;
}

void Explainer::follow() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kPause, [this] { return stopping_; })) {
    print_fresh(false);
  }
}

void Explainer::print_fresh(bool last) {
  const auto fresh = ring_.read_on(next_, last);
  missed_ += fresh.missed;
  for (const trace::Event& event : fresh.events) {
    if (event.kind == trace::Kind::process) {
      names_[event.pid] = event.text.view();
    } else {
      symbols_.note(event);
    }
  }
  for (const trace::Event& event : fresh.events) {
    if (is_refused(event)) {
      print(event);
    }
  }
}

void Explainer::print(const trace::Event& event) {
  const std::string process = name_of(event.pid);
  const std::string line = line_of(refused_of(event, device_of(event.minor), process), process, event.pid,
                                   event.site == 0 ? std::string() : symbols_.name_of(event.pid, event.site));
  ++lines_;
  if (file_.is_open()) {
    file_ << line << std::endl; // each at once: who waits for it may be killed
  } else {
    note(line);
  }
}

// A forked child that has not called exec is its parent's namesake, of which no event tells.
std::string Explainer::name_of(std::int32_t pid) {
  std::string& name = names_[pid];
  if (name.empty()) {
    name = comm_of(pid);
  }
  return name.empty() ? "a child" : name;
}

std::string Explainer::device_of(std::uint32_t minor) const {
  if (minor == trace::kNoDevice) {
    return "";
  }
  const auto devices = store_.devices();
  const auto found = std::find_if(devices.begin(), devices.end(), [&](const store::DeviceRecord& device) {
    return device.minor == minor && device.state.load() != store::DeviceState::absent;
  });
  return found == devices.end() ? "" : std::string(store_.name_of(*found).view());
}

} // namespace daxemu::cli
