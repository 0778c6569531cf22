#include "runtime/preload/forks.hpp"

#include <pthread.h>

#include "runtime/preload/memory_calls.hpp"

namespace daxemu::preload {
namespace {

void before() {
  memory_calls.live()->before_fork();
}
void in_parent() {
  memory_calls.live()->after_fork_in_parent();
}
void in_child() {
  memory_calls.live()->after_fork_in_child();
}

} // namespace

void follow_forks() {
  (void)pthread_atfork(before, in_parent, in_child);
}

pid_t fork_with(FunctionRef<pid_t()> fork) {
  if (memory_calls.live() == nullptr) {
    return fork();
  }
  before();
  const pid_t pid = fork();
  if (pid == 0) {
    in_child();
  } else {
    in_parent();
  }
  return pid;
}

void enter_child() {
  if (memory_calls.live() != nullptr) {
    in_child();
  }
}

} // namespace daxemu::preload
