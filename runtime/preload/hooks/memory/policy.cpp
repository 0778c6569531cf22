// Memory policies: libnuma's functions, which the C library does not have.
#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/memory/policy_calls.hpp"

using daxemu::preload::policy_calls;

DAXEMU_HOOK(long, mbind,
            (void* address, unsigned long length, int mode, const unsigned long* mask, unsigned long nodes,
             unsigned flags)) {
  return policy_calls.mbind(address, length, mode, mask, nodes, flags);
}
DAXEMU_HOOK(long, set_mempolicy, (int mode, const unsigned long* mask, unsigned long nodes)) {
  return policy_calls.set_mempolicy(mode, mask, nodes);
}
DAXEMU_HOOK(long, get_mempolicy,
            (int* mode, unsigned long* mask, unsigned long nodes, void* address, unsigned long flags)) {
  return policy_calls.get_mempolicy(mode, mask, nodes, address, flags);
}
DAXEMU_HOOK(long, set_mempolicy_home_node,
            (unsigned long start, unsigned long length, unsigned long home, unsigned long flags)) {
  return policy_calls.set_home_node(start, length, home, flags);
}
DAXEMU_HOOK(long, migrate_pages, (int pid, unsigned long nodes, const unsigned long* from, const unsigned long* to)) {
  return policy_calls.migrate_pages(pid, nodes, from, to);
}
DAXEMU_HOOK(long, move_pages, (int pid, unsigned long count, void** pages, const int* nodes, int* status, int flags)) {
  return policy_calls.move_pages(pid, count, pages, nodes, status, flags);
}
