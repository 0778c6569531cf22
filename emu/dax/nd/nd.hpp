// The nd bus of a pmem region: who holds its namespace, and what that makes of it (drivers/nvdimm claim.c, pfn_devs.c,
// dax_devs.c, btt_devs.c, region_devs.c, pmem.c and drivers/dax/pmem.c). A namespace is a device-dax, or a disk
// (nd_disk.hpp). The caller holds a Change.
#pragma once

#include <cstdint>
#include <optional>

#include "emu/base/function_ref.hpp"
#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::dax::nd {

using store::NdHolderRecord;
using store::NdKind;
using store::RegionRecord;

// The region as it is when its memory has been found to be one devdax: dax0.0 bound, the others seeds. `device` is the
// index of its record in the device table.
// `uuid`: of the namespace; nothing: one made here.
void begin(const store::Store& store, RegionRecord& region, std::uint32_t device,
           const std::optional<store::Uuid>& uuid = std::nullopt);

// The holder that has the namespace, or nullptr. `space` is the region itself where that has no labels
// (nd_namespaces.hpp); so it is below.
[[nodiscard]] NdHolderRecord* holder_of_namespace(const store::Store& store, const RegionRecord& space);
[[nodiscard]] bool is_seed(const RegionRecord& region, const NdHolderRecord& holder);
// A seed that is in use has another one behind it (nd_region_create_dax_seed).
void replace_seed(RegionRecord& region, const NdHolderRecord& holder);
// The same of namespaces, whose seeds are of no size (nd_region_create_ns_seed).
void advance_namespace_seed(const store::Store& store, RegionRecord& region, const RegionRecord& used);

// Bytes before the data, of a namespace of the region used with such extents and struct pages there (nd_pfn_init).
[[nodiscard]] std::uint64_t data_offset(const RegionRecord& region, std::uint64_t align, store::NdPages pages);
// The same by an info block of a pfn or dax, and the bytes of the data; what is behind them is not used (end_trunc).
[[nodiscard]] std::uint64_t data_begin(const RegionRecord& space, const store::NdInfoBlock& info);
[[nodiscard]] std::uint64_t data_size(const RegionRecord& space, const store::NdInfoBlock& info);

// align and sector_size of a holder. Errors: EBUSY (bound), EINVAL (no such extent or sector).
Result<void> set_unit(NdHolderRecord& holder, std::uint64_t bytes);
// Errors: EBUSY (bound).
Result<void> set_pages(NdHolderRecord& holder, store::NdPages pages);
Result<void> set_uuid(NdHolderRecord& holder, const store::Uuid& uuid);
// Writes of a name to `namespace` (nd_namespace_store). Errors: EBUSY (bound, has one, or somebody else has it or is
// meant to), ENXIO (less than 16M).
Result<void> attach(const store::Store& store, const RegionRecord& space, NdHolderRecord& holder);
// Of nothing: what is no seed is gone afterwards (nd_detach_and_reset). Errors: EBUSY (bound).
Result<void> detach(RegionRecord& region, NdHolderRecord& holder);
// May a namespace of that class be held by one of that kind?
[[nodiscard]] bool admits(NdKind meant, NdKind kind);
// holder_class of the namespace. Errors: EBUSY (somebody has it, or nd_pmem).
Result<void> set_holder_class(const store::Store& store, RegionRecord& space, NdKind kind);

// dax_pmem takes a dax, nd_pmem a pfn or btt: writes or checks the info block, and adds the device or the disk. Errors:
// EBUSY (bound, or the namespace is a disk), ENODEV (no namespace, no uuid or no size of sectors), ENXIO (no place for
// struct pages chosen, read-only, too small), EINVAL (the namespace does not begin where struct pages can), EOPNOTSUPP
// (the info block of that uuid says something else; a btt without labels), ENOMEM, EIO (the block cannot be written).
// `bring`: gives the device of a dax its bytes, before anybody sees it; what it says is an error of this, too.
using Bring = FunctionRef<Result<void>(store::DeviceRecord& device)>;
inline constexpr auto kNothingToBring = [](store::DeviceRecord& /*device*/) -> Result<void> { return {}; };
Result<void> bind_holder(const store::Store& store, RegionRecord& region, NdHolderRecord& holder,
                         Bring bring = kNothingToBring);
// Errors: ENODEV (not bound).
Result<void> unbind_holder(const store::Store& store, RegionRecord& region, NdHolderRecord& holder);
// nd_pmem takes the namespace: finds what its info block makes of it, and lets that have it, which is ENXIO to whoever
// asked. Raw, or without an info block, it is a disk (attach_disk). Errors: ENXIO (also: it is held), EBUSY (it is
// one), EOPNOTSUPP (the info block says what cannot be), ENOMEM.
Result<void> bind_namespace(const store::Store& store, RegionRecord& space, Bring bring = kNothingToBring);

// nd_region. Its namespaces go with it; those of a region with labels come by them (emu/nd/region.cpp),
// behind its seeds. Errors: EBUSY, ENODEV.
void add_seeds(RegionRecord& region);
Result<void> bind_region(const store::Store& store, RegionRecord& region);
Result<void> unbind_region(const store::Store& store, RegionRecord& region);

} // namespace daxemu::dax::nd
