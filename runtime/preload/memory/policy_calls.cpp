#include "runtime/preload/memory/policy_calls.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>

#include <linux/mempolicy.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/units.hpp"
#include "runtime/preload/ground/returns.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/memory/live_space.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/preload/procfs/kept_policy.hpp"

#ifndef SYS_set_mempolicy_home_node
#define SYS_set_mempolicy_home_node 450
#endif

namespace daxemu::preload {

constinit PolicyCalls policy_calls;

namespace {

using dax::NodePolicy;
using dax::NodeSet;

Result<long> asked(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  return sys::call(number, a, b, c, d, e, f);
}
template <class T>
long word(T* pointer) {
  return reinterpret_cast<long>(pointer);
}

long answer(const Result<long>& result) {
  if (!result) {
    errno = result.error().value;
    return -1;
  }
  return *result;
}

// Nodes of devices with memory online; none in a process without a platform.
NodeSet nodes_of_devices() {
  const Context* context = Context::get();
  return context == nullptr ? NodeSet() : dax::new_memory_nodes(context->store());
}

// The program's mask as get_nodes() in mm/mempolicy.c reads it; nothing where the kernel will refuse it.
std::optional<NodeSet> read_mask(const unsigned long* mask, unsigned long nodes) {
  if (mask == nullptr || nodes <= 1 || nodes - 1 > kPageSize * 8) {
    return std::nullopt;
  }
  const unsigned long bits = std::min<unsigned long>(nodes - 1, dax::kMaxNodes);
  NodeMask copy{};
  if (!copy_in(copy.data(), mask, (bits + kMaskWordBits - 1) / kMaskWordBits * sizeof(copy[0]))) {
    return std::nullopt;
  }
  NodeSet set = nodes_of_mask(copy);
  for (std::size_t node = bits; node < dax::kMaxNodes; ++node) {
    set.reset(node);
  }
  return set;
}

// What the kernel is to be told in place of the program's policy; nothing: what the program says.
struct Told {
  int mode;
  NodeMask mask;
};
std::optional<Told> translated(int mode, const unsigned long* mask, unsigned long nodes) {
  const NodeSet ours = nodes_of_devices();
  const auto named = ours.any() ? read_mask(mask, nodes) : std::nullopt;
  if (!named || (*named & ours).none()) {
    return std::nullopt;
  }
  const NodePolicy kept = dax::policy_for_kernel({mode, *named}, ours, machine_nodes());
  return Told{kept.mode, mask_of_nodes(kept.nodes)};
}

// The node of a page at `address` for the program, where it is on one of a device's; -1 if the machine's answer holds.
int told_node(const void* address, const NodeSet& machine) {
  auto kept = kept_policy(reinterpret_cast<std::uintptr_t>(address), MPOL_F_ADDR);
  if (kept && kept->mode == MPOL_DEFAULT) {
    kept = kept_policy(0, 0);
  }
  return kept ? dax::node_of_page(*kept, machine, reinterpret_cast<std::uintptr_t>(address) / kPageSize) : -1;
}

int first_of(const NodeSet& nodes) {
  for (std::size_t node = 0; node < dax::kMaxNodes; ++node) {
    if (nodes.test(node)) {
      return static_cast<int>(node);
    }
  }
  return -1;
}

} // namespace

long PolicyCalls::set_mempolicy(int mode, const unsigned long* mask, unsigned long nodes) {
  const auto told = translated(mode, mask, nodes);
  return answer(told ? asked(SYS_set_mempolicy, told->mode, word(told->mask.data()), kMaskLength)
                     : asked(SYS_set_mempolicy, mode, word(mask), static_cast<long>(nodes)));
}

// A number that equal policies share (mpol_equal); 0: that of the task.
static std::uint32_t number_of(int mode, const unsigned long* mask, unsigned long nodes) {
  if (mode == MPOL_DEFAULT) {
    return 0;
  }
  constexpr std::uint64_t kPrime = 0x100000001b3; // FNV-1a
  std::uint64_t number = 0xcbf29ce484222325 ^ static_cast<std::uint32_t>(mode);
  for (const unsigned long part : mask_of_nodes(read_mask(mask, nodes).value_or(NodeSet()))) {
    number = (number * kPrime) ^ part;
  }
  number *= kPrime;
  return static_cast<std::uint32_t>(number >> 36 | 1); // 28 bits
}

long PolicyCalls::mbind(void* address, unsigned long length, int mode, const unsigned long* mask, unsigned long nodes,
                        unsigned flags) {
  fault::AddressSpace* space = live_space.concerned(address, length);
  const std::uint32_t policy = space == nullptr ? 0 : number_of(mode, mask, nodes);
  if (space != nullptr && as_int(space->check_policy(address, length, policy)) != 0) {
    return -1;
  }
  const auto told = translated(mode, mask, nodes);
  const auto bound = told ? asked(SYS_mbind, word(address), static_cast<long>(length), told->mode,
                                  word(told->mask.data()), kMaskLength, flags)
                          : asked(SYS_mbind, word(address), static_cast<long>(length), mode, word(mask),
                                  static_cast<long>(nodes), flags);
  if (bound && space != nullptr) {
    space->note_policy(address, length, policy);
  }
  return answer(bound);
}

// Is it in a mapping of a device that has no policy of its own? The memory file below keeps what was once said of its
// bytes for whoever maps them; device-dax keeps nothing (vma_dup_policy).
static bool has_none(const void* address) {
  const fault::AddressSpace* space = live_space.get();
  const auto at = reinterpret_cast<std::uint64_t>(address);
  const auto vma = space == nullptr ? std::nullopt : space->mapping_in(at, at + 1);
  return vma && vma->policy == 0;
}

long PolicyCalls::get_mempolicy(int* mode, unsigned long* mask, unsigned long nodes, void* address,
                                unsigned long flags) {
  // First as it is: whatever is wrong with the arguments, the kernel says so.
  const auto got = asked(SYS_get_mempolicy, word(mode), word(mask), static_cast<long>(nodes), word(address),
                         static_cast<long>(flags));
  if (got && flags == MPOL_F_ADDR && has_none(address)) {
    if (mode != nullptr) {
      *mode = MPOL_DEFAULT;
    }
    if (mask != nullptr) { // where the kernel has written just now
      std::memset(mask, 0,
                  std::min((nodes - 1 + kMaskWordBits - 1) / kMaskWordBits, dax::kMaxNodes / kMaskWordBits) *
                      sizeof(*mask));
    }
    return 0;
  }
  const NodeSet ours = nodes_of_devices();
  if (!got || ours.none()) {
    return answer(got);
  }
  const NodeSet machine = machine_nodes();
  auto kept = kept_policy(reinterpret_cast<std::uintptr_t>(address), flags);
  if (!kept) {
    return answer(got);
  }
  if ((flags & MPOL_F_MEMS_ALLOWED) != 0) {
    kept->nodes |= ours;
  } else if ((flags & MPOL_F_NODE) == 0) {
    *kept = dax::policy_for_program(*kept, machine);
  } else if (const int node = (flags & MPOL_F_ADDR) != 0 ? told_node(address, machine) : -1; node >= 0) {
    kept->mode = node;
  }
  if (mask != nullptr) {
    if (nodes < dax::kMaxNodes && (ours >> nodes).any()) {
      return answer(fail(EINVAL)); // maxnode < nr_node_ids
    }
    const std::size_t words = std::min((nodes - 1 + kMaskWordBits - 1) / kMaskWordBits, dax::kMaxNodes / kMaskWordBits);
    std::memcpy(mask, mask_of_nodes(kept->nodes).data(),
                words * sizeof(*mask)); // where the kernel has written just now
  }
  if (mode != nullptr) {
    *mode = kept->mode;
  }
  return 0;
}

long PolicyCalls::set_home_node(unsigned long start, unsigned long length, unsigned long home, unsigned long flags) {
  const NodeSet ours = nodes_of_devices();
  const bool is_ours = home < dax::kMaxNodes && ours.test(home);
  const unsigned long told = is_ours ? static_cast<unsigned long>(std::max(first_of(machine_nodes()), 0)) : home;
  return answer(asked(SYS_set_mempolicy_home_node, static_cast<long>(start), static_cast<long>(length),
                      static_cast<long>(told), static_cast<long>(flags)));
}

long PolicyCalls::migrate_pages(int pid, unsigned long nodes, const unsigned long* from, const unsigned long* to) {
  const NodeSet ours = nodes_of_devices();
  const auto old_nodes = ours.any() ? read_mask(from, nodes) : std::nullopt;
  const auto new_nodes = ours.any() ? read_mask(to, nodes) : std::nullopt;
  if (!old_nodes || !new_nodes || ((*old_nodes | *new_nodes) & ours).none()) {
    return answer(asked(SYS_migrate_pages, pid, static_cast<long>(nodes), word(from), word(to)));
  }
  // From the machine's nodes to themselves: permissions and the process are the kernel's to judge.
  const NodeMask same = mask_of_nodes(machine_nodes());
  return answer(asked(SYS_migrate_pages, pid, kMaskLength, word(same.data()), word(same.data())));
}

namespace {

bool is_in(int node, const NodeSet& nodes) {
  return node >= 0 && static_cast<std::size_t>(node) < dax::kMaxNodes && nodes.test(static_cast<std::size_t>(node));
}

constexpr unsigned long kAtATime = 64;

// At most kAtATime pages. What the kernel said, and in `status` what the program is to read.
Result<long> move_some(int pid, unsigned long count, void** pages, const int* nodes, int* status, int flags,
                       const NodeSet& ours) {
  const NodeSet machine = machine_nodes();
  std::array<int, kAtATime> wanted{};
  const bool translates = nodes != nullptr && copy_in(wanted.data(), nodes, count * sizeof(int));
  std::array<int, kAtATime> told = wanted;
  for (int& node : told) {
    node = is_in(node, ours) ? first_of(machine) : node;
  }
  const auto moved = asked(SYS_move_pages, pid, static_cast<long>(count), word(pages),
                           translates ? word(told.data()) : word(nodes), word(status), flags);
  for (unsigned long at = 0; moved && status != nullptr && at < count; ++at) {
    int node = -1;
    if (status[at] >= 0 && translates) {
      node = is_in(wanted[at], ours) ? wanted[at] : -1;
    } else if (status[at] >= 0 && (pid == 0 || pid == sys::getpid())) {
      node = told_node(pages[at], machine);
    }
    status[at] = node >= 0 ? node : status[at];
  }
  return moved;
}

} // namespace

long PolicyCalls::move_pages(int pid, unsigned long count, void** pages, const int* nodes, int* status, int flags) {
  const NodeSet ours = nodes_of_devices();
  Result<long> moved = 0;
  if (ours.none() || count == 0) {
    moved = asked(SYS_move_pages, pid, static_cast<long>(count), word(pages), word(nodes), word(status), flags);
  }
  for (unsigned long at = 0; ours.any() && moved && at < count; at += kAtATime) {
    const auto some =
        move_some(pid, std::min(count - at, kAtATime), pages + at, nodes == nullptr ? nullptr : nodes + at,
                  status == nullptr ? nullptr : status + at, flags, ours);
    moved = some ? Result<long>(*moved + *some) : some;
  }
  if (moved && status != nullptr && (pid == 0 || pid == sys::getpid())) {
    for (unsigned long at = 0; at < count; ++at) {
      if (live_space.concerned(pages[at], 1) != nullptr) {
        status[at] = nodes == nullptr ? -ENOENT : -EFAULT;
      }
    }
  }
  return answer(moved);
}

} // namespace daxemu::preload
