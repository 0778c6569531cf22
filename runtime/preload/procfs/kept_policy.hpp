// Memory policies as the kernel keeps them for this process (emu/dax/memory/node_policy.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <linux/mempolicy.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/dax/memory/node_policy.hpp"
#include "runtime/preload/procfs/node_list.hpp"

namespace daxemu::preload {

inline constexpr std::size_t kMaskWordBits = 64;
// A mask of the kernel's: as many words as MAX_NUMNODES has, and what their length is to be called.
using NodeMask = std::array<unsigned long, dax::kMaxNodes / kMaskWordBits>;
inline constexpr unsigned long kMaskLength = dax::kMaxNodes + 1;

[[nodiscard]] inline dax::NodeSet nodes_of_mask(const NodeMask& mask) {
  dax::NodeSet nodes;
  for (std::size_t node = 0; node < dax::kMaxNodes; ++node) {
    nodes.set(node, (mask[node / kMaskWordBits] >> node % kMaskWordBits & 1U) != 0);
  }
  return nodes;
}

[[nodiscard]] inline NodeMask mask_of_nodes(const dax::NodeSet& nodes) {
  NodeMask mask{};
  for (std::size_t node = 0; node < dax::kMaxNodes; ++node) {
    mask[node / kMaskWordBits] |= static_cast<unsigned long>(nodes.test(node)) << node % kMaskWordBits;
  }
  return mask;
}

// get_mempolicy(2). Errors: its own.
[[nodiscard]] inline Result<dax::NodePolicy> kept_policy(std::uint64_t address, unsigned long flags) {
  int mode = 0;
  NodeMask mask{};
  const auto got = sys::call(SYS_get_mempolicy, reinterpret_cast<long>(&mode), reinterpret_cast<long>(mask.data()),
                             kMaskLength, static_cast<long>(address), static_cast<long>(flags));
  if (!got) {
    return tl::unexpected(got.error());
  }
  return dax::NodePolicy{mode, nodes_of_mask(mask)};
}

// The nodes that the machine itself lets this process have memory from.
[[nodiscard]] inline dax::NodeSet machine_nodes() {
  const auto allowed = kept_policy(0, MPOL_F_MEMS_ALLOWED);
  return allowed ? allowed->nodes : dax::NodeSet();
}

// The policy at `address` as the program asked for it, if it names nodes of devices.
[[nodiscard]] inline std::optional<dax::NodePolicy> translated_policy(std::uint64_t address) {
  auto kept = kept_policy(address, MPOL_F_ADDR);
  if (kept && kept->mode == MPOL_DEFAULT) { // of the mapping; then that of the task holds
    kept = kept_policy(0, 0);
  }
  if (!kept) {
    return std::nullopt;
  }
  const dax::NodePolicy asked = dax::policy_for_program(*kept, machine_nodes());
  return asked.nodes == kept->nodes ? std::nullopt : std::optional(asked);
}

} // namespace daxemu::preload
