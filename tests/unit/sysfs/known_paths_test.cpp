// A tree that remembers where paths led says of every path what one says that does not.
#include "emu/sysfs/tree/known_paths.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

#include "emu/dax/bus.hpp"
#include "emu/dax/change.hpp"
#include "tests/unit/sysfs/sysfs_support.hpp"

namespace daxemu::sysfs {
namespace {

constexpr std::string_view kRegion = "/sys/devices/platform/hmem.0/dax_region";
constexpr std::string_view kSecond = "/sys/devices/platform/hmem.0/dax0.1";
constexpr std::string_view kSecondLink = "/sys/bus/dax/devices/dax0.1";

// What a tree says of a path.
std::string said(const Tree& tree, std::string_view path) {
  const auto node = tree.lookup(path);
  if (!node) {
    return "errno " + std::to_string(node.error().value);
  }
  std::string text = std::to_string(static_cast<int>(node->type)) + " " + std::to_string(node->mode) + " " +
                     std::to_string(node->inode) + " " + std::string(node->path.view());
  if (const auto link = tree.readlink(*node); link) {
    text += " -> " + std::string(link->view());
  }
  std::string shown(4096, '\0');
  if (const auto length = tree.show(*node, shown); length) {
    text += " " + shown.substr(0, *length);
  }
  return text;
}

struct Remembering : Fixture {
  Remembering() : Fixture(8 * kPmdSize) {
    EXPECT_EQ(write("/sys/bus/dax/drivers/device_dax/unbind", "dax0.0"), 0);
    EXPECT_EQ(write("/sys/bus/dax/devices/dax0.0/size", std::to_string(4 * kPmdSize)), ENOTDIR); // a link is on the way
    EXPECT_EQ(write("/sys/devices/platform/hmem.0/dax0.0/size", std::to_string(4 * kPmdSize)), 0);
  }
  void make_second() const { EXPECT_EQ(write(std::string(kRegion) + "/create", "1"), 0); }
  void compare(const std::string& path) const {
    for (int times = 0; times < 2; ++times) {
      EXPECT_EQ(said(remembering, path), said(tree, path)) << path;
    }
    const auto node = tree.lookup(path);
    if (node && node->type == NodeType::directory) {
      for (const std::string& name : names(path)) {
        compare(path + "/" + name);
      }
      compare(path + "/absent");
    } else if (node) {
      EXPECT_EQ(said(remembering, path + "/below"), "errno " + std::to_string(ENOTDIR));
    }
  }

  std::unique_ptr<KnownPaths> known = std::make_unique<KnownPaths>();
  Tree remembering{store, known.get()};
};

TEST(KnownPaths, LeadWhereTheyLedWithout) {
  const Remembering lab;
  lab.make_second();
  lab.compare("/sys/bus/dax");
  lab.compare("/sys/devices/platform/hmem.0");
  lab.compare("/dev");
  for (const char* path : {"/", "/sys", "/sys/", "/sys/bus/dax/", "", "sys", "/sys/bus/pci/devices/0000:00:00.0"}) {
    EXPECT_EQ(said(lab.remembering, path), said(lab.tree, path)) << path;
  }
}

TEST(KnownPaths, GoWithWhatAChangeTakesAway) {
  const Remembering lab;
  const std::string absent = "errno " + std::to_string(ENOENT);
  EXPECT_EQ(said(lab.remembering, kSecond), absent);
  for (int times = 0; times < 3; ++times) {
    lab.make_second();
    EXPECT_TRUE(lab.remembering.lookup(kSecond));
    EXPECT_TRUE(lab.remembering.lookup(std::string(kSecond) + "/size"));
    EXPECT_TRUE(lab.remembering.lookup(kSecondLink));
    const auto size = lab.remembering.lookup(std::string(kSecond) + "/size");
    EXPECT_EQ(lab.write(std::string(kRegion) + "/delete", "dax0.1"), 0);
    EXPECT_EQ(said(lab.remembering, kSecond), absent);
    EXPECT_EQ(said(lab.remembering, std::string(kSecond) + "/size"), absent);
    EXPECT_EQ(said(lab.remembering, kSecondLink), absent);
    std::array<char, 64> text{};
    EXPECT_EQ(lab.remembering.show(*size, text).error().value, ENODEV);
  }
}

TEST(KnownPaths, AreNotAskedWhileAChangeIsUnderWay) {
  const Remembering lab;
  lab.make_second();
  EXPECT_TRUE(lab.remembering.lookup(kSecond));
  store::DeviceRecord& second = lab.store.devices()[1];
  const auto state = second.state.load();
  {
    auto change = dax::Change::begin(lab.store);
    ASSERT_TRUE(change);
    second.state.store(store::DeviceState::absent);
    EXPECT_FALSE(lab.remembering.lookup(kSecond));
    second.state.store(state);
    EXPECT_TRUE(lab.remembering.lookup(kSecond));
  }
  EXPECT_TRUE(lab.remembering.lookup(kSecond));
}

TEST(KnownPaths, AreThoseOfOneStore) {
  const auto known = std::make_unique<KnownPaths>();
  const Remembering one;
  one.make_second();
  const Tree first(one.store, known.get());
  EXPECT_TRUE(first.lookup(kSecond));
  const Remembering other; // as many changes, and no second device
  const Tree second(other.store, known.get());
  EXPECT_FALSE(second.lookup(kSecond));
  EXPECT_TRUE(first.lookup(kSecond));
}

TEST(KnownPaths, AreForgottenForAStoreInThePlaceOfAnother) {
  const auto known = std::make_unique<KnownPaths>();
  std::optional<store::Store> place(empty_store());
  add_region(*place, 0, 8 * kPmdSize);
  add_device(*place, 0, 0, 8 * kPmdSize);
  const std::uint64_t sequence = place->platform().sequence.load();
  EXPECT_TRUE(Tree(*place, known.get()).lookup("/sys/devices/platform/hmem.0/dax0.0/size"));
  place.emplace(empty_store());
  place->platform().sequence.store(sequence);
  known->forget();
  EXPECT_FALSE(Tree(*place, known.get()).lookup("/sys/devices/platform/hmem.0/dax0.0/size"));
}

TEST(KnownPaths, MayBeAskedByManyThreadsAndChangedMeanwhile) {
  const Remembering lab;
  std::atomic<bool> over{false};
  std::atomic<int> wrong{0};
  const auto look = [&] {
    while (!over.load()) {
      const auto first = lab.remembering.lookup("/sys/devices/platform/hmem.0/dax0.0/size");
      const auto second = lab.remembering.lookup(std::string(kSecond) + "/size");
      const bool right = first && first->type == NodeType::attribute &&
                         (second ? second->path.view().starts_with(kSecond) : second.error() == Errno{ENOENT});
      wrong.fetch_add(right ? 0 : 1);
    }
  };
  std::thread one(look);
  std::thread other(look);
  for (int times = 0; times < 50; ++times) {
    lab.make_second();
    EXPECT_EQ(lab.write(std::string(kRegion) + "/delete", "dax0.1"), 0);
  }
  over.store(true);
  one.join();
  other.join();
  EXPECT_EQ(wrong.load(), 0);
}

// reach() stops at the first link that there is more behind.
TEST(Tree, ReachesTheFirstLinkOnTheWay) {
  const Remembering lab;
  for (const Tree* tree : {&lab.tree, &lab.remembering, &lab.remembering}) {
    std::size_t length = 0;
    const auto link = tree->reach("/sys/bus/dax/devices/dax0.0/size", length);
    ASSERT_TRUE(link);
    EXPECT_EQ(length, std::string_view("/sys/bus/dax/devices/dax0.0").size());
    EXPECT_EQ(link->type, NodeType::symlink);
    EXPECT_EQ(tree->target(*link)->view(), "/sys/devices/platform/hmem.0/dax0.0");
    const std::string_view whole = "/sys/devices/platform/hmem.0/dax0.0/size";
    EXPECT_EQ(tree->reach(whole, length)->type, NodeType::attribute);
    EXPECT_EQ(length, whole.size());
    EXPECT_EQ(tree->reach("/sys/bus/dax/devices/dax0.7/size", length).error().value, ENOENT);
    EXPECT_EQ(tree->reach("/sys/devices/platform/hmem.0/dax0.0/size/x", length).error().value, ENOTDIR);
  }
}

} // namespace
} // namespace daxemu::sysfs
