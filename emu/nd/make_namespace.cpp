#include "emu/nd/make_namespace.hpp"

#include <algorithm>

#include "emu/dax/nd/nd.hpp"
#include "emu/dax/nd/nd_device.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/nd/region.hpp"

namespace daxemu::nd {
namespace {

using store::NdHolderRecord;
using store::NdKind;
using store::RegionRecord;
using store::Store;

constexpr std::uint64_t kBttSector = 4096; // that ndctl chooses

// The seed takes the number: the next one has the lowest that is free, as ever.
Result<void> number_namespace(const Store& store, const RegionRecord& region, RegionRecord& space, std::uint32_t id) {
  const auto has = [&](const RegionRecord& other) {
    return &other != &space && dax::nd::is_namespace_of(store, region, other) && other.nd.namespace_id == id;
  };
  if (std::ranges::any_of(store.regions(), has)) {
    return fail(EEXIST);
  }
  space.nd.namespace_id = id;
  return {};
}

Result<void> number_holder(const RegionRecord& region, NdHolderRecord& holder, std::uint32_t id) {
  const auto has = [&](const NdHolderRecord& other) {
    return &other != &holder && other.kind == holder.kind && other.id == id;
  };
  if (std::ranges::any_of(region.nd.holders, has)) {
    return fail(EEXIST);
  }
  holder.id = id;
  return {};
}

// As ndctl makes a namespace one of that mode.
Result<void> make_holder(const Store& store, RegionRecord& region, RegionRecord& space, const NamespaceSpec& spec) {
  const std::uint32_t seed = region.nd.seeds[static_cast<std::size_t>(spec.kind)];
  if (seed == 0 || seed > region.nd.holders.size()) {
    return fail(ENOSPC);
  }
  NdHolderRecord& holder = region.nd.holders[seed - 1];
  Result<void> done = spec.holder ? number_holder(region, holder, *spec.holder) : Result<void>();
  const bool is_btt = spec.kind == NdKind::btt;
  const std::uint64_t sector = spec.sector_size != 0 ? spec.sector_size : kBttSector;
  done = done ? dax::nd::set_unit(holder, is_btt ? sector : spec.align) : done;
  done = done && !is_btt ? dax::nd::set_pages(holder, spec.pages) : done;
  done = done ? dax::nd::set_uuid(holder, spec.holder_uuid.value_or(space.nd.uuid)) : done;
  done = done ? dax::nd::attach(store, space, holder) : done;
  if (done && !spec.enabled) { // one that was bound once is no seed
    dax::nd::replace_seed(region, holder);
    return done;
  }
  return done ? bind_holder(store, region, holder) : done;
}

} // namespace

Result<void> make_namespace(const Store& store, RegionRecord& region, const NamespaceSpec& spec) {
  const std::uint32_t reference = region.nd.namespace_seed;
  if (reference == 0 || reference > store.regions().size()) {
    return fail(ENOSPC);
  }
  RegionRecord& space = store.regions()[reference - 1];
  Result<void> done = spec.id ? number_namespace(store, region, space, *spec.id) : Result<void>();
  if (done && spec.size == 0) { // namespaceX.0 stays when it is deleted (__size_store)
    dax::nd::advance_namespace_seed(store, region, space);
    return done;
  }
  done = done ? set_namespace_uuid(store, space, spec.uuid ? *spec.uuid : dax::nd::new_uuid(store, space)) : done;
  done = !done        ? done
         : spec.start ? set_namespace_place(store, space, *spec.start, spec.size)
                      : set_namespace_size(store, space, spec.size);
  done = done ? set_namespace_class(store, space, spec.kind) : done;
  done = done && !spec.name.empty() ? set_namespace_name(store, space, spec.name) : done;
  done = done && spec.sector_size != 0 ? set_namespace_sector(store, space, spec.sector_size) : done;
  if (done && spec.kind != NdKind::none && (spec.enabled || spec.holder)) {
    done = make_holder(store, region, space, spec);
  } else if (done && spec.kind == NdKind::none && spec.enabled) {
    done = bind_namespace(store, space);
  }
  if (done) {
    dax::nd::advance_namespace_seed(store, region, space);
  }
  return done;
}

} // namespace daxemu::nd
