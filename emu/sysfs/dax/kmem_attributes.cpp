#include "emu/sysfs/dax/kmem_attributes.hpp"

#include "emu/dax/drivers.hpp"
#include "emu/dax/memory/memory_blocks.hpp"
#include "emu/sysfs/schema/online_policy.hpp"
#include "emu/sysfs/uevents/announced_change.hpp"
#include "emu/sysfs/uevents/memory_uevents.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::sysfs {
namespace {

using store::KmemState;
using store::OnlinePolicy;

constexpr std::string_view kUnplugged = "unplugged";

std::string_view word_of(KmemState state) {
  switch (state) {
  case KmemState::unplugged:
    return kUnplugged;
  case KmemState::offline:
    break;
  case KmemState::online:
    return online_policy_word(OnlinePolicy::online);
  case KmemState::online_kernel:
    return online_policy_word(OnlinePolicy::online_kernel);
  case KmemState::online_movable:
    return online_policy_word(OnlinePolicy::online_movable);
  }
  return online_policy_word(OnlinePolicy::offline);
}

Result<void> unplug(const Scope& scope) {
  if (auto done = dax::unplug_memory(*scope.store, *scope.device); !done) {
    return done;
  }
  announce_online(*scope.store, *scope.device, "offline"); // all of them, and only then they go
  announce_memory(*scope.store, *scope.device, "remove");
  return {};
}

Result<void> plug(const Scope& scope, OnlinePolicy policy) {
  const bool comes = scope.device->kmem_state == KmemState::unplugged;
  if (auto done = dax::plug_memory(*scope.store, *scope.device, policy); !done) {
    return done;
  }
  if (comes) {
    announce_memory(*scope.store, *scope.device, "add");
    announce_online(*scope.store, *scope.device);
  }
  return {};
}

} // namespace

bool has_kmem_state(const Scope& scope) {
  return scope.store->profile().has_kmem_state && dax::driver_of(*scope.device) == &dax::kKmem;
}

Result<void> show_kmem_state(const Scope& scope, Text& out) {
  out.put(word_of(scope.device->kmem_state)).put("\n");
  return {};
}

Result<void> store_kmem_state(const Scope& scope, std::string_view text) {
  const bool unplugs = same_text(text, kUnplugged);
  const auto policy = parse_online_policy(text);
  if (!unplugs && (!policy || *policy == OnlinePolicy::offline)) {
    return trace::because(EINVAL, trace::Reason::word_unknown);
  }
  auto change = AnnouncedChange::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  if (!has_kmem_state(scope)) {
    return trace::because(ENODEV, trace::Reason::no_such_device); // unbound since it was looked up
  }
  return unplugs ? unplug(scope) : plug(scope, *policy);
}

bool has_memmap_on_memory(const Scope& scope) {
  return scope.store->profile().has_memmap_on_memory;
}

Result<void> show_memmap_on_memory(const Scope& scope, Text& out) {
  out.put(scope.device->memmap_on_memory != 0 ? "1\n" : "0\n");
  return {};
}

// Nothing sets it: that takes a kernel started with memory_hotplug.memmap_on_memory (the machine's own parameter, N in
// Debian's). Without it a device that was born with 1, that of a CXL region, can lose it.
Result<void> store_memmap_on_memory(const Scope& scope, std::string_view text) {
  const auto wanted = parse_bool(text, scope.store->profile());
  if (!wanted) {
    return tl::unexpected(wanted.error());
  }
  if (*wanted) {
    return trace::because(EOPNOTSUPP, trace::Reason::memmap_unavailable); // mhp_supports_memmap_on_memory()
  }
  auto change = AnnouncedChange::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  if (scope.device->memmap_on_memory != 0 && dax::driver_of(*scope.device) == &dax::kKmem) {
    return trace::because(EBUSY, trace::Reason::device_is_bound);
  }
  scope.device->memmap_on_memory = 0;
  return {};
}

} // namespace daxemu::sysfs
