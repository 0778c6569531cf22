// The threads that answer calls. One of them waits for the next call and answers it, and as a rule there is no other.
// For a call that may take long it steps aside and another takes its place, so that who waits (an unbind, for pages
// that another program holds) keeps nobody else waiting.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "emu/base/function_ref.hpp"
#include "runtime/supervise/install/listener.hpp"

namespace daxemu::supervise {

class Crew {
public:
  // `stop`: readable when all is to end.
  Crew(const Listener& listener, int stop) : listener_(listener), stop_(stop) {}
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew() = default;

  // Has `answer` called with every call, one after the other, in this thread and as many as are needed, until there are
  // no calls any more, or `stop`. Those who have stepped aside may be there still: each has a share of `keep`.
  void run(const std::shared_ptr<void>& keep, std::function<void(const Call&)> answer);

  // In an answer: `work` is done while others answer.
  void step_aside(FunctionRef<void()> work);

private:
  void take_calls(const std::shared_ptr<void>& keep);
  void take_some();
  void have_another();

  static constexpr int kMostThreads = 128;

  const Listener& listener_;
  int stop_;
  std::function<void(const Call&)> answer_;
  std::weak_ptr<void> keep_;
  std::mutex turn_; // of who answers
  std::mutex lock_; // of what follows
  std::condition_variable changed_;
  bool awaited_ = false; // somebody waits for the next call
  bool ends_ = false;
  int idle_ = 0;
  int threads_ = 1;
};

} // namespace daxemu::supervise
