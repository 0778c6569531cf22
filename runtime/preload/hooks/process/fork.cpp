// _Fork(3), vfork(2) and clone(2). fork(3) itself is followed by pthread_atfork.
#include <cstdarg>

#include <sched.h>
#include <unistd.h>

#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/own_process.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/nodes/opened/vnode_files.hpp"
#include "runtime/preload/process/forks.hpp"

namespace {

DAXEMU_REAL(_Fork, pid_t());
DAXEMU_REAL(vfork, pid_t());
DAXEMU_REAL(clone, int(int (*)(void*), void*, int, void*, ...));

// A child is about to have our descriptors, and not our knowledge of them alone.
void lend() {
  daxemu::preload::VnodeFiles::settle_all();
  daxemu::preload::OwnProcess::lend();
}

struct Child {
  int (*run)(void*);
  void* argument;
};

int enter(void* argument) {
  const Child child = *static_cast<Child*>(argument);
  daxemu::preload::enter_child();
  // Where clone(2) would end this thread, the whole process has to end: ours do not keep it alive.
  ::_exit(child.run(child.argument));
}

} // namespace

// vfork(2) returns twice on one stack, so nothing of ours may lie there meanwhile: a jump, not a call.
extern "C" __attribute__((used, visibility("hidden"))) void* daxemu_before_vfork() {
  lend();
  return reinterpret_cast<void*>(real_vfork.get());
}
__asm__(R"(
  .text
  .globl vfork, __vfork
  .type vfork, @function
  .type __vfork, @function
vfork:
__vfork:
  .cfi_startproc
  endbr64
  subq $8, %rsp
  .cfi_adjust_cfa_offset 8
  call daxemu_before_vfork
  addq $8, %rsp
  .cfi_adjust_cfa_offset -8
  jmpq *%rax
  .cfi_endproc
  .size vfork, .-vfork
  .size __vfork, .-__vfork
)");

DAXEMU_HOOK(pid_t, _Fork, ()) {
  return daxemu::preload::fork_with([] { return real__Fork(); });
}

DAXEMU_HOOK(int, clone, (int (*run)(void*), void* stack, int flags, void* argument, ...)) {
  va_list rest;
  va_start(rest, argument);
  void* parent_tid = va_arg(rest, void*);
  void* tls = va_arg(rest, void*);
  void* child_tid = va_arg(rest, void*);
  va_end(rest);
  if ((flags & CLONE_VM) != 0) {
    if ((flags & CLONE_THREAD) == 0) {
      lend();
    }
    return real_clone.get()(run, stack, flags, argument, parent_tid, tls, child_tid);
  }
  Child child{run, argument}; // the child has a copy of this memory
  return daxemu::preload::fork_with(
      [&] { return real_clone.get()(enter, stack, flags, &child, parent_tid, tls, child_tid); });
}
DAXEMU_ALIAS(clone, __clone)
