// A platform with windows and memdevs as records, without what enumerates them: what regions become is tested by
// itself.
#pragma once

#include <cstring>
#include <optional>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>

#include <gtest/gtest.h>

#include "emu/backing/spare_files.hpp"
#include "emu/base/kernel/whole_io.hpp"
#include "emu/base/units.hpp"
#include "emu/cxl/derived/derived.hpp"
#include "emu/cxl/objects.hpp"
#include "emu/dax/change.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/tree/tree.hpp"

namespace daxemu::cxl {

inline constexpr std::uint64_t kWindow = 0xa90000000; // as in the guest
inline constexpr std::uint64_t kWindowSize = 4ULL << 30;
inline constexpr std::uint64_t kMedia = 1ULL << 30; // of each memdev
inline constexpr std::uint32_t kNode = 1;

struct Lab {
  explicit Lab(std::uint32_t memdevs = 2, KernelId kernel = KernelId::linux_6_12,
               store::BackingKind wanted = store::BackingKind::shmem, std::uint64_t labels = 0) {
    auto fd = sys::memfd_create("cxl-lab", MFD_CLOEXEC);
    auto made = store::Store::create(UniqueFd(*fd), "lab");
    EXPECT_TRUE(made);
    store.emplace(std::move(*made));
    store->platform().kernel = kernel;
    store->platform().dax_major = 254;
    store->platform().nd_major = 244;
    store->platform().backing_wanted = wanted;
    auto spares = backing::add_spare_files(*store, source);
    EXPECT_TRUE(spares);
    held = std::move(*spares);
    store::CxlState& state = store->cxl().state;
    state.present = 1;
    state.ports_used = 1;
    state.ports[0].kind = CxlPortKind::root;
    for (std::uint32_t id = 0; id < 2; ++id) {
      CxlDecoderRecord& window = state.decoders[state.decoders_used++];
      window.port = 1;
      window.id = id;
      window.start = kWindow + id * kWindowSize;
      window.size = kWindowSize;
      window.flags = store::kCxlCapRam | store::kCxlCapPmem;
      window.ways = 1;
      window.granularity = 256;
      window.target_node = kNode + static_cast<std::int32_t>(id);
    }
    for (std::uint32_t id = 0; id < memdevs; ++id) {
      add_memdev(state, id, labels);
    }
    tree.emplace(*store);
  }

  void add_memdev(store::CxlState& state, std::uint32_t id, std::uint64_t labels) {
    CxlPortRecord& endpoint = state.ports[state.ports_used++];
    endpoint.kind = CxlPortKind::endpoint;
    endpoint.id = id + 2;
    endpoint.uport = id + 1;
    CxlMemdevRecord& memdev = state.memdevs[id];
    state.memdevs_used = id + 1;
    memdev.used = 1;
    memdev.id = id;
    memdev.serial = id + 1;
    memdev.endpoint = state.ports_used;
    memdev.label_size = labels;
    (labels == 0 ? memdev.ram_size : memdev.pmem_size) = kMedia;
    if (labels != 0) {
      memdev.has_nvdimm = 1;
      EXPECT_TRUE(add_dimm(*store, memdev));
    }
    memdev.bytes_slot = file_of("media-" + std::to_string(id), kMedia, id);
    if (labels != 0) {
      memdev.labels_slot = file_of("labels-" + std::to_string(id), labels, id);
    }
  }

  std::uint32_t file_of(const std::string& name, std::uint64_t size, std::uint32_t memdev) {
    auto file = source.make(name, kPageSize);
    EXPECT_TRUE(file);
    EXPECT_TRUE(sys::ftruncate(file->fd.get(), size));
    const std::uint32_t number = store->platform().backing_slots_used++;
    store::BackingSlot& slot = store->backing_slot_table()[number];
    slot.backing.kind = store::BackingKind::shmem;
    slot.backing.page_size = kPageSize;
    slot.backing.location.assign(file->location);
    slot.owner = (1U << 30U) | memdev;
    held.push_back(std::move(file->fd));
    return number + 1;
  }

  // A committed region of `ways` memdevs in turn (from `first` on), from device address `dpa` on.
  CxlRegionRecord& region(std::uint32_t id, std::uint64_t start, std::uint64_t size, std::uint32_t ways = 1,
                          std::uint32_t granularity = 256, std::uint64_t dpa = 0, std::uint32_t first = 0,
                          CxlMode mode = CxlMode::ram) {
    store::CxlState& state = store->cxl().state;
    CxlRegionRecord& region = state.regions[state.regions_used++];
    region = {.used = 1,
              .id = id,
              .root_decoder = 1,
              .mode = mode,
              .state = CxlRegionState::commit,
              .ways = ways,
              .granularity = granularity,
              .nr_targets = ways};
    region.start = start;
    region.size = size;
    for (std::uint32_t at = 0; at < ways; ++at) {
      CxlDecoderRecord& decoder = state.decoders[state.decoders_used++];
      decoder.port = state.memdevs[first + at].endpoint;
      decoder.mode = mode;
      decoder.position = at;
      decoder.dpa_start = dpa;
      decoder.dpa_size = size / ways;
      decoder.ways = ways;
      decoder.granularity = granularity;
      decoder.flags = store::kCxlEnabled;
      decoder.region = state.regions_used;
      region.targets[at] = state.decoders_used;
    }
    return region;
  }

  [[nodiscard]] Result<void> commit(CxlRegionRecord& region) const {
    auto change = dax::Change::begin(*store);
    return add_dax_region(*store, region);
  }
  void remove(CxlRegionRecord& region) const {
    auto change = dax::Change::begin(*store);
    remove_dax_region(*store, region);
  }
  [[nodiscard]] store::DeviceRecord& device(std::string_view name = "dax0.0") const {
    store::DeviceRecord* found = store->device_named(name);
    EXPECT_NE(found, nullptr) << name;
    return *found;
  }

  [[nodiscard]] Mapping map(const store::BackingRecord& backing, std::uint64_t size) const {
    auto fd = sys::open(backing.location.c_str(), O_RDWR | O_CLOEXEC);
    EXPECT_TRUE(fd);
    const UniqueFd file(*fd);
    auto mapping = Mapping::of(file.get(), size, PROT_READ | PROT_WRITE, MAP_SHARED);
    EXPECT_TRUE(mapping);
    return std::move(*mapping);
  }
  [[nodiscard]] Mapping bytes_of(const store::DeviceRecord& device) const {
    return map(device.backing, device.size.load());
  }
  [[nodiscard]] Mapping media_of(std::uint32_t memdev) const {
    return map(store->backing_slots()[store->cxl().state.memdevs[memdev].bytes_slot - 1].backing, kMedia);
  }
  // From now on the file of its media is one of --image.
  void make_image(std::uint32_t memdev) const {
    const std::uint32_t slot = store->cxl().state.memdevs[memdev].bytes_slot;
    store->backing_slot_table()[slot - 1].backing.kind = store::BackingKind::file;
  }
  // Bytes of memory that a memdev's file takes.
  [[nodiscard]] std::uint64_t media_used(std::uint32_t memdev) const {
    const auto& slot = store->backing_slots()[store->cxl().state.memdevs[memdev].bytes_slot - 1];
    return static_cast<std::uint64_t>(sys::fstatat(AT_FDCWD, slot.backing.location.c_str(), 0)->st_blocks) * 512;
  }

  // The attribute of a device or of its region's dax_region group, wherever that lies in the tree.
  [[nodiscard]] const sysfs::NodeSpec& attribute(const sysfs::Directory& directory, std::string_view name,
                                                 const sysfs::Scope& scope) const {
    const auto found = std::find_if(directory.nodes.begin(), directory.nodes.end(), [&](const sysfs::NodeSpec& node) {
      return node.name == name && (node.visible == nullptr || node.visible(scope));
    });
    EXPECT_NE(found, directory.nodes.end()) << name;
    return *found;
  }
  [[nodiscard]] std::string show(const sysfs::Directory& directory, std::string_view name,
                                 const sysfs::Scope& scope) const {
    sysfs::TextBuffer<512> text;
    const auto shown = attribute(directory, name, scope).show(scope, text);
    return shown ? std::string(text.view()) : "errno " + std::to_string(shown.error().value);
  }
  [[nodiscard]] int put(const sysfs::Directory& directory, std::string_view name, const sysfs::Scope& scope,
                        std::string_view text) const {
    const auto stored = attribute(directory, name, scope).store(scope, text);
    return stored ? 0 : stored.error().value;
  }
  [[nodiscard]] sysfs::Scope scope_of(store::DeviceRecord& device) const {
    return {.store = &*store, .region = &store->region_of(device), .device = &device};
  }

  // Of the tree: the text of an attribute, or "errno N"; 0 or the errno of writing.
  [[nodiscard]] std::string read(std::string_view path) const {
    const auto node = tree->lookup(path);
    std::string text(4096, '\0');
    const auto length = node ? tree->show(*node, text) : Result<std::size_t>(tl::unexpected(node.error()));
    return length ? text.substr(0, *length) : "errno " + std::to_string(length.error().value);
  }
  [[nodiscard]] int write(std::string_view path, std::string_view text) const {
    const auto node = tree->lookup(path);
    const auto stored = node ? tree->store(*node, text) : Result<std::size_t>(tl::unexpected(node.error()));
    return stored ? 0 : stored.error().value;
  }
  [[nodiscard]] std::string link(std::string_view path) const {
    const auto node = tree->lookup(path);
    const auto text = node ? tree->readlink(*node) : Result<sysfs::Path>(tl::unexpected(node.error()));
    return text ? std::string(text->view()) : "errno " + std::to_string(text.error().value);
  }
  [[nodiscard]] std::vector<std::string> names(std::string_view path) const {
    std::vector<std::string> all;
    if (const auto node = tree->lookup(path)) {
      EXPECT_TRUE(tree->list(*node, [&](const sysfs::Entry& entry) { all.emplace_back(entry.name); }));
    }
    return all;
  }

  std::optional<store::Store> store;
  std::optional<sysfs::Tree> tree;
  backing::MemfdSource source;
  std::vector<UniqueFd> held;
};

inline void put(const Mapping& bytes, std::uint64_t at, const char* text) {
  std::memcpy(bytes.bytes().data() + at, text, std::strlen(text) + 1);
}
inline std::string get(const Mapping& bytes, std::uint64_t at) {
  return reinterpret_cast<const char*>(bytes.bytes().data() + at);
}

} // namespace daxemu::cxl
