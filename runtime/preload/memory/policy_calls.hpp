// Memory policies (numactl, libnuma, memkind): those that name nodes of devices in system-ram mode, which the machine's
// kernel does not have, go to it in a form that it can keep (emu/dax/memory/node_policy.hpp). All others go as they
// are.
#pragma once

namespace daxemu::preload {

class PolicyCalls {
public:
  // The system calls; -1 and errno. `nodes` counts as theirs do: one more than the mask has bits.
  long set_mempolicy(int mode, const unsigned long* mask, unsigned long nodes);
  long get_mempolicy(int* mode, unsigned long* mask, unsigned long nodes, void* address, unsigned long flags);
  long mbind(void* address, unsigned long length, int mode, const unsigned long* mask, unsigned long nodes,
             unsigned flags);
  long set_home_node(unsigned long start, unsigned long length, unsigned long home, unsigned long flags);
  // Pages stay where they are: the nodes of devices have none of the machine's memory.
  long migrate_pages(int pid, unsigned long nodes, const unsigned long* from, const unsigned long* to);
  // `status` says the node that was asked for, or that the policy of the page's address names; pages of a device's own
  // mappings are none of the page allocator's (ENOENT, EFAULT).
  long move_pages(int pid, unsigned long count, void** pages, const int* nodes, int* status, int flags);
};

// The process's own.
extern constinit PolicyCalls policy_calls;

} // namespace daxemu::preload
