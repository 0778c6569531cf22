// Threads that map and touch at once. What they find is told in an order of its own, not in that of time.
#include "tests/sequences/processes/processes.hpp"

#include <atomic>
#include <barrier>
#include <csetjmp>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <sys/mman.h>

#include "tests/conformance/ask/text.hpp"

namespace sequences::processes {
namespace {

thread_local sigjmp_buf t_back;

void caught(int signal) {
  siglongjmp(t_back, signal);
}

// SIGBUS and SIGSEGV of any thread go back to it while this lives.
class Guard {
public:
  Guard() {
    struct sigaction mine {};
    mine.sa_handler = caught;
    ::sigaction(SIGBUS, &mine, &bus_);
    ::sigaction(SIGSEGV, &mine, &segv_);
  }
  ~Guard() {
    ::sigaction(SIGBUS, &bus_, nullptr);
    ::sigaction(SIGSEGV, &segv_, nullptr);
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

private:
  struct sigaction bus_ {};
  struct sigaction segv_ {};
};

// 0, or the signal that adding one to the byte ended with.
int add_one(unsigned char* at) {
  const int signal = sigsetjmp(t_back, 1);
  if (signal == 0) {
    std::atomic_ref<unsigned char>(*at).fetch_add(1);
  }
  return signal;
}

// Words: how many, where. All add one to the same byte, which nobody may have touched before.
std::string crowd(Stage& stage, const Call& call) {
  const int count = std::atoi(call.word(0).c_str());
  auto* at = reinterpret_cast<unsigned char*>(stage.at(call.word(1)));
  const Guard guard;
  std::barrier<> start(count);
  std::vector<int> ended(static_cast<std::size_t>(count));
  std::vector<std::thread> threads;
  for (int& mine : ended) {
    threads.emplace_back([&start, &mine, at] {
      start.arrive_and_wait();
      mine = add_one(at);
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::string text;
  for (const int signal : ended) {
    text += (text.empty() ? "" : ",") + std::to_string(signal);
  }
  return text;
}

// Words: how many, from which offset on. Each maps, touches, protects and unmaps an extent of its own behind the
// arena's first eight.
std::string crowd_map(Stage& stage, const Call& call) {
  const int count = std::atoi(call.word(0).c_str());
  const std::uint64_t extent = stage.units.extent;
  const std::uint64_t from = stage.units.bytes(call.word(1));
  const Guard guard;
  std::barrier<> start(count);
  std::vector<std::string> said(static_cast<std::size_t>(count));
  std::vector<std::thread> threads;
  for (int number = 0; number < count; ++number) {
    threads.emplace_back([&, number] {
      const auto mine = static_cast<std::uint64_t>(number);
      auto* place = reinterpret_cast<unsigned char*>(kArena + (kArenaExtents + 2 * mine) * extent);
      start.arrive_and_wait();
      void* at = ::mmap(place, extent, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, stage.dev,
                        static_cast<off_t>(from + mine * extent));
      std::string& text = said[mine];
      if (at == MAP_FAILED) {
        text = conformance::last_error();
        return;
      }
      text = std::to_string(add_one(place)) + std::to_string(add_one(place + extent - 1));
      text += ::mprotect(place, extent, PROT_READ) == 0 ? std::to_string(add_one(place)) : conformance::last_error();
      text += ::munmap(place, extent) == 0 ? std::to_string(add_one(place)) : conformance::last_error();
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::string text;
  for (const std::string& one : said) {
    text += (text.empty() ? "" : " ") + one;
  }
  return text;
}

std::string by_thread(Stage& stage, const Call& call) {
  std::string text;
  std::thread([&] { text = outcome_of(stage, inner_call(call, 0)); }).join();
  return text;
}

} // namespace

std::optional<std::string> play_threads(Stage& stage, const Call& call) {
  if (call.name == "crowd") {
    return crowd(stage, call);
  }
  if (call.name == "crowd-map") {
    return crowd_map(stage, call);
  }
  if (call.name == "thread") {
    return by_thread(stage, call);
  }
  return std::nullopt;
}

} // namespace sequences::processes
