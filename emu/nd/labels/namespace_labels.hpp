// Namespace labels in the label area of a DIMM (UEFI 2.7 13.19; drivers/nvdimm/label.c): two index blocks, of which
// the one with the later number counts, and slots for labels. None is changed in place: a label is written to a free
// slot, and the other index then says so. Labels are of version 1.2, of 256 bytes, as a new area gets them (the kernel
// has no use for CXL's own yet), or of version 1.1, half as long, as ndctl init-labels makes an area by default: these
// say nothing of what a namespace is used as. The caller holds a Change.
#pragma once

#include "emu/base/function_ref.hpp"
#include "emu/base/result.hpp"
#include "emu/nd/labels/label_area.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

inline constexpr std::uint32_t kLabelUpdating = 8; // NSLABEL_FLAG_UPDATING

enum class LabelVersion : std::uint32_t { none, v1_1, v1_2 };

struct NamespaceLabel {
  store::Uuid uuid{};
  FixedString<64> name;
  std::uint32_t flags = 0;
  std::uint16_t nlabel = 0; // how many make the namespace: the region's ways
  std::uint16_t position = 0;
  std::uint64_t cookie = 0; // of the interleave set
  std::uint64_t sector_size = 0;
  std::uint64_t dpa = 0;     // bytes
  std::uint64_t rawsize = 0; // bytes of this DIMM
  store::NdKind holder_class = store::NdKind::none;
};

// Slots that are free, all of them where there is no index yet (nd_label_nfree); 0: no area that labels fit into.
[[nodiscard]] std::uint32_t free_label_slots(const store::Store& store, const LabelArea& area);

// Each valid label by slot, until told to stop.
void each_label(const store::Store& store, const LabelArea& area, FunctionRef<bool(const NamespaceLabel&)> each);

// Of the index of the area; none: it has none.
[[nodiscard]] LabelVersion version_of_labels(const store::Store& store, const LabelArea& area);

// Both indexes of an area without a label, as ndctl init-labels and nd_label_data_init() have it. Errors: ENXIO (labels
// do not fit), those of writing.
Result<void> init_labels(const store::Store& store, const LabelArea& area, LabelVersion version = LabelVersion::v1_2);

// __pmem_label_update(): takes the place of what has its uuid. An area without an index gets one.
// Errors: ENXIO (no free slot, no area), those of writing.
Result<void> put_label(const store::Store& store, const LabelArea& area, const NamespaceLabel& label);
// del_labels(): without an index there is nothing to do. Errors: those of writing.
Result<void> drop_label(const store::Store& store, const LabelArea& area, const store::Uuid& uuid);

} // namespace daxemu::nd
