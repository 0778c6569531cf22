#include "runtime/preload/process/forks.hpp"

#include <pthread.h>

#include "runtime/preload/ground/own_process.hpp"
#include "runtime/preload/memory/live_space.hpp"
#include "runtime/preload/memory/signals/step_signals.hpp"
#include "runtime/preload/nodes/opened/vnode_files.hpp"
#include "runtime/preload/pins/aio_pins.hpp"
#include "runtime/preload/pins/held_device.hpp"
#include "runtime/preload/pins/pipe_pins.hpp"
#include "runtime/preload/pins/region_pins.hpp"
#include "runtime/preload/pins/uring_pins.hpp"

namespace daxemu::preload {
namespace {

// Of the parent: none of them is here.
void forget_threads() {
  signal_lock.after_fork_in_child();
  step_signals.after_fork_in_child();
}

void before() {
  rings_before_fork();
  regions_before_fork();
  pipes_before_fork();
  aio_before_fork();
  live_space.get()->before_fork();
  signal_lock.before_fork();
}
void after(bool in_child) {
  aio_after_fork(in_child);
  pipes_after_fork(in_child);
  regions_after_fork(in_child);
  rings_after_fork(in_child);
}
void in_parent() {
  signal_lock.after_fork_in_parent();
  live_space.get()->after_fork_in_parent();
  after(false);
}
void in_child() {
  forget_threads();
  HeldDevice::forget_all(); // the kernel's holds are its parent's
  after(true);
  live_space.get()->after_fork_in_child();
}

} // namespace

void follow_forks() {
  (void)pthread_atfork(before, in_parent, in_child);
}

pid_t fork_with(FunctionRef<pid_t()> fork) {
  VnodeFiles::settle_all();
  const bool live = live_space.get() != nullptr;
  if (live) {
    before();
  }
  const pid_t pid = fork();
  if (pid == 0) {
    OwnProcess::adopt();
    forget_threads();
  }
  if (live) {
    pid == 0 ? in_child() : in_parent();
  }
  return pid;
}

void enter_child() {
  OwnProcess::adopt();
  forget_threads();
  if (live_space.get() != nullptr) {
    in_child();
  }
}

} // namespace daxemu::preload
