// A store with regions and devices, and a tree over it, for the tests of emu/sysfs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/mman.h>

#include <gtest/gtest.h>

#include "emu/base/units.hpp"
#include "emu/dax/builder.hpp"
#include "emu/sysfs/tree/tree.hpp"

namespace daxemu::sysfs {

inline store::Store empty_store() {
  auto fd = sys::memfd_create("sysfs-test", MFD_CLOEXEC);
  EXPECT_TRUE(fd);
  auto store = store::Store::create(UniqueFd(*fd), "lab", {.regions = 8, .devices = 64, .processes = 8});
  EXPECT_TRUE(store);
  store->platform().dax_major = 254;
  return std::move(*store);
}

inline void add_region(store::Store& store, std::uint32_t id, std::uint64_t size,
                       store::RegionKind kind = store::RegionKind::hmem, std::uint64_t align = kPmdSize) {
  const auto added = dax::add_region(store, {.kind = kind, .id = id, .data_size = size, .align = align});
  ASSERT_TRUE(added) << added.error().what;
}
inline void add_device(store::Store& store, std::uint32_t region, std::uint32_t id, std::uint64_t size,
                       std::uint64_t align = kPmdSize) {
  dax::DeviceSpec spec;
  spec.name = {region, id};
  spec.size = size;
  spec.align = align;
  const auto added = dax::add_device(store, spec);
  ASSERT_TRUE(added) << added.error().what;
}

// A tree with one region that one device fills, as `daxemu run` makes it.
struct Fixture {
  explicit Fixture(std::uint64_t size = 4ULL << 30, store::RegionKind kind = store::RegionKind::hmem,
                   std::uint64_t align = kPmdSize) {
    add_region(store, 0, size, kind, align);
    add_device(store, 0, 0, size, align);
  }
  // The same on a machine of that kernel, with memory of a node and the driver given.
  Fixture(std::uint64_t size, store::RegionKind kind, KernelId kernel, std::int32_t node, dax::FirstDriver driver) {
    store.platform().kernel = kernel;
    const auto added = dax::add_region(
        store, {.kind = kind, .data_size = size, .align = kPmdSize, .numa_node = 0, .target_node = node});
    EXPECT_TRUE(added) << added.error().what;
    dax::DeviceSpec spec;
    spec.size = size;
    spec.align = kPmdSize;
    spec.driver = driver;
    const auto device = dax::add_device(store, spec);
    EXPECT_TRUE(device) << device.error().what;
  }
  store::Store store = empty_store();
  Tree tree{store};

  // The text of an attribute, or "errno N".
  [[nodiscard]] std::string read(std::string_view path) const {
    const auto node = tree.lookup(path);
    if (!node) {
      return "errno " + std::to_string(node.error().value);
    }
    std::string text(4096, '\0');
    const auto length = tree.show(*node, text);
    return length ? text.substr(0, *length) : "errno " + std::to_string(length.error().value);
  }
  // 0 or the errno of writing `text`.
  [[nodiscard]] int write(std::string_view path, std::string_view text) const {
    const auto node = tree.lookup(path);
    if (!node) {
      return node.error().value;
    }
    const auto stored = tree.store(*node, text);
    EXPECT_TRUE(!stored || *stored == text.size());
    return stored ? 0 : stored.error().value;
  }
  [[nodiscard]] std::string link(std::string_view path) const {
    const auto node = tree.lookup(path);
    const auto text = node ? tree.readlink(*node) : Result<Path>(tl::unexpected(node.error()));
    return text ? std::string(text->view()) : "errno " + std::to_string(text.error().value);
  }
  [[nodiscard]] std::vector<std::string> names(std::string_view path) const {
    std::vector<std::string> all;
    const auto node = tree.lookup(path);
    if (node) {
      EXPECT_TRUE(tree.list(*node, [&](const Entry& entry) { all.emplace_back(entry.name); }));
    }
    return all;
  }
  [[nodiscard]] int lookup_error(std::string_view path) const {
    const auto node = tree.lookup(path);
    return node ? 0 : node.error().value;
  }
};

} // namespace daxemu::sysfs
