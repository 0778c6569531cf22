// pmemX: the disk below a namespace that nd_pmem has (disk_attr_group in block/genhd.c, queue_attrs in
// block/blk-sysfs.c, drivers/nvdimm/pmem.c). Of its queue what programs ask about the size of blocks; it counts
// nothing.
#include "emu/dax/nd/nd_disk.hpp"
#include "emu/sysfs/families/nd_objects.hpp"
#include "emu/sysfs/families/places.hpp"
#include "emu/sysfs/nd/nd_badblocks.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/uevent_variables.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {
namespace {

constexpr std::uint64_t kSector = 512;

// As its owner is now.
dax::nd::DiskShape shape_of(const Scope& scope) {
  return dax::nd::disk_shape(*scope.store, *scope.region);
}

Result<void> show_disk_number(const Scope& scope, Text& out) {
  disk_number(scope, out);
  out.put("\n");
  return {};
}
Result<void> show_disk_sequence(const Scope& scope, Text& out) {
  out.number(scope.number).put("\n");
  return {};
}
Result<void> show_read_only_disk(const Scope& scope, Text& out) {
  out.number(scope.region->nd.read_only).put("\n");
  return {};
}
Result<void> show_sectors_of_disk(const Scope& scope, Text& out) {
  out.number(shape_of(scope).size / kSector).put("\n");
  return {};
}
// part_stat_show(): 17 numbers.
Result<void> show_disk_statistics(const Scope&, Text& out) {
  out.put("       0        0        0        0        0        0        0        0        0        0        0"
          "        0        0        0        0        0        0\n");
  return {};
}
Result<void> show_block(const Scope& scope, Text& out) {
  out.number(shape_of(scope).block).put("\n");
  return {};
}
Result<void> show_physical_block(const Scope& scope, Text& out) {
  out.number(shape_of(scope).physical).put("\n");
  return {};
}
bool has_badblocks(const Scope& scope) { // nd_btt has no badblocks of its own
  return shape_of(scope).kind != store::NdKind::btt;
}

constexpr NodeSpec kQueueNodes[] = {
    attribute("dax", 0444, constant<"0">), // it cannot be mapped here
    attribute("discard_granularity", 0444, constant<"0">),
    attribute("discard_max_bytes", 0444, constant<"0">),
    attribute("fua", 0444, constant<"0">),
    attribute("hw_sector_size", 0444, show_block),
    attribute("logical_block_size", 0444, show_block),
    attribute("minimum_io_size", 0444, show_physical_block),
    attribute("optimal_io_size", 0444, constant<"0">),
    attribute("physical_block_size", 0444, show_physical_block),
    attribute("rotational", 0444, constant<"0">),
    attribute("scheduler", 0444, constant<"none">),
    attribute("write_cache", 0444, constant<"write back">),
    attribute("zoned", 0444, constant<"none">),
};
constinit const Directory kQueue = {kQueueNodes};
Result<void> show_disk_badblocks(const Scope& scope, Text& out) {
  const dax::nd::DiskShape shape = shape_of(scope);
  put_badblocks(scope, scope.region->phys_start + shape.begin, shape.size, out);
  return {};
}

constinit const Directory kNoOthers = {}; // holders and slaves: no device mapper

constexpr NodeSpec kDiskNodes[] = {
    attribute("alignment_offset", 0444, constant<"0">),
    attribute("badblocks", 0444, show_disk_badblocks, nullptr, has_badblocks),
    attribute("dev", 0444, show_disk_number),
    link("device", disk_owner_path),
    attribute("discard_alignment", 0444, constant<"0">),
    attribute("diskseq", 0444, show_disk_sequence),
    attribute("ext_range", 0444, constant<"256">),
    attribute("hidden", 0444, constant<"0">),
    directory("holders", kNoOthers),
    attribute("inflight", 0444, constant<"       0        0">),
    directory("queue", kQueue),
    attribute("range", 0444, constant<"0">),
    attribute("removable", 0444, constant<"0">),
    attribute("ro", 0444, show_read_only_disk),
    attribute("size", 0444, show_sectors_of_disk),
    directory("slaves", kNoOthers),
    attribute("stat", 0444, show_disk_statistics),
    link("subsystem", fixed_target<"/sys/class/block">),
    attribute("uevent", 0644, nd_disk_variables, store_uevent),
};
constinit const Directory kDisk = {kDiskNodes};
constexpr Family kDiskFamilies[] = {{each_disk, directory("", kDisk)}};
constexpr Family kHolderDiskFamilies[] = {{each_disk_of_holder, directory("", kDisk)}};
constexpr Family kDiskLinks[] = {{each_disk, link("", disk_path)}};
constexpr Family kDiskNumbers[] = {{each_disk_number, link("", disk_path)}};

} // namespace

Result<void> nd_disk_variables(const Scope& scope, Text& out) {
  out.put("MAJOR=").number(kDiskMajor).put("\nMINOR=").number(disk_minor(*scope.region)).put("\nDEVNAME=");
  disk_name(scope, out);
  out.put("\nDEVTYPE=disk\nDISKSEQ=").number(scope.number).put("\n");
  return {};
}

constinit const Directory kNdDisks = {{}, kDiskFamilies};
constinit const Directory kHolderDisks = {{}, kHolderDiskFamilies};
constinit const Directory kBlockClass = {{}, kDiskLinks};
constinit const Directory kBlockNumbers = {{}, kDiskNumbers};

} // namespace daxemu::sysfs
