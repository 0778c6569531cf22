// The picture of `daxemu top`: extent maps summed up, screens of any size, hostile names.
#include "runtime/cli/top/view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/mman.h>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/mm/device_pages.hpp"

namespace daxemu::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr unsigned kPmdOrder = 9;

struct Folios {
  UniqueFd fd{*sys::memfd_create("folios", MFD_CLOEXEC)};
  mm::FolioTable table;
  explicit Folios(std::uint64_t extents) {
    EXPECT_TRUE(sys::ftruncate(fd.get(), mm::FolioTable::file_size(extents)));
    table = *mm::FolioTable::map(fd.get(), extents);
  }
  mm::FolioRecord& operator[](std::uint64_t extent) const { return table[ExtentIndex(extent)]; }
};

TEST(ExtentMap, TellsStatesApart) {
  const Folios folios(8);
  folios[1].flags = mm::kFolioTouched;
  folios[2].flags = mm::kFolioTouched | mm::kFolioDirty;
  folios[3].flags = mm::kFolioTouched | mm::kFolioDirty;
  folios[3].counts = mm::pack_counts(mm::counts_for(kPmdOrder, 0, 1));
  folios[4].flags = mm::kFolioHwpoison;
  folios[4].counts = mm::pack_counts(mm::counts_for(kPmdOrder, 0, 1));
  folios[5].counts = mm::pack_counts(mm::counts_for(kPmdOrder, 2000, 0)); // references alone are no pin
  const auto map = map_extents(folios.table, folios.fd.get(), kPmdOrder, 100);
  ASSERT_TRUE(map.has_value());
  EXPECT_EQ(map->per_cell, 1U);
  ASSERT_EQ(map->cells.size(), 8U);
  EXPECT_EQ(map->cells[0].worst(), ExtentState::untouched);
  EXPECT_EQ(map->cells[1].worst(), ExtentState::touched);
  EXPECT_EQ(map->cells[2].worst(), ExtentState::dirty);
  EXPECT_EQ(map->cells[3].worst(), ExtentState::pinned);
  EXPECT_EQ(map->cells[4].worst(), ExtentState::poisoned);
  EXPECT_EQ(map->cells[5].worst(), ExtentState::untouched);
  EXPECT_EQ(map->totals, (std::array<std::uint64_t, kExtentStates>{4, 1, 1, 1, 1}));
}

TEST(ExtentMap, AtOrderZeroAPinIsManyReferences) {
  const Folios folios(2);
  folios[0].counts = mm::pack_counts(mm::counts_for(0, 0, 1));
  folios[1].counts = mm::pack_counts(mm::counts_for(0, 5, 0));
  const auto map = map_extents(folios.table, folios.fd.get(), 0, 10);
  EXPECT_EQ(map->cells[0].worst(), ExtentState::pinned);
  EXPECT_EQ(map->cells[1].worst(), ExtentState::untouched);
}

TEST(ExtentMap, SumsUpWhatDoesNotFit) {
  const Folios folios(1000);
  folios[0].flags = mm::kFolioTouched;
  folios[999].flags = mm::kFolioHwpoison;
  const auto map = map_extents(folios.table, folios.fd.get(), kPmdOrder, 64);
  EXPECT_EQ(map->per_cell, 16U);
  ASSERT_EQ(map->cells.size(), 63U);
  EXPECT_EQ(map->cells[0].total(), 16U);
  EXPECT_DOUBLE_EQ(map->cells[0].heat(), 1.0 / 16);
  EXPECT_EQ(map->cells[62].total(), 8U);
  EXPECT_EQ(map->cells[62].worst(), ExtentState::poisoned);
  const ExtentMap half = coarser(*map, 10);
  EXPECT_EQ(half.per_cell, 112U);
  EXPECT_EQ(half.cells.size(), 9U);
  EXPECT_EQ(half.totals, map->totals);
  EXPECT_EQ(half.cells[8].worst(), ExtentState::poisoned);
}

PlatformSnapshot example() {
  PlatformSnapshot snapshot{.name = "lab", .engine = "auto", .age_seconds = 3661};
  DeviceSnapshot device{
      .name = "dax0.0", .size = 16ULL << 20, .align = 2ULL << 20, .state = "devdax", .backing = "shmem"};
  device.totals.faults = 1234;
  device.faults_per_second = 56789;
  device.map.cells.resize(8);
  const std::array states = {0, 1, 2, 3, 4, 0, 0, 1};
  for (std::size_t at = 0; at < states.size(); ++at) {
    device.map.cells[at].counts.at(static_cast<std::size_t>(states.at(at))) = 1;
    ++device.map.totals.at(static_cast<std::size_t>(states.at(at)));
  }
  snapshot.devices.push_back(device);
  snapshot.processes.push_back({.pid = 42, .command = "fio\033[2J", .engine = "handler", .pins = 7, .longterm = true});
  return snapshot;
}

TEST(TopView, ShowsEverythingOnAnOrdinaryScreen) {
  const Canvas canvas = draw(example(), 80, 24, {});
  EXPECT_EQ(canvas.width(), 80);
  EXPECT_EQ(canvas.height(), 24);
  const std::string text = canvas.text(false);
  EXPECT_THAT(text, HasSubstr("daxemu top  platform lab  engine auto  1 device  1 process  up 1:01:01\n"));
  EXPECT_THAT(text, HasSubstr("dax0.0       16M    2M shmem       56.8K       1234        5      1      1     1\n"));
  EXPECT_THAT(text, HasSubstr("dax0.0: 8 extents of 2M;"));
  EXPECT_THAT(text, HasSubstr("       0 .+*PX..+\n"));
  EXPECT_THAT(text, HasSubstr("      42 fio?[2J          handler            7          0  longterm\n"));
  EXPECT_THAT(text, Not(HasSubstr("\033")));
  EXPECT_THAT(canvas.text(true), HasSubstr("\033[0;1;37;41mX\033[0;2m.."));
}

TEST(TopView, ShowsRegionsAndNamespaces) {
  PlatformSnapshot snapshot = example();
  snapshot.objects.push_back({"region0", 2ULL << 30, "ram", "commit", "mem0, mem1", "dax0.0"});
  snapshot.objects.push_back({"namespace1.0", 1ULL << 30, "devdax", "enabled", "region1", "dax1.0"});
  const std::string text = draw(snapshot, 80, 24, {}).text(false);
  EXPECT_THAT(text, HasSubstr("REGION           SIZE KIND    STATE     OF\n"));
  EXPECT_THAT(text, HasSubstr("region0            2G ram     commit    mem0, mem1: dax0.0\n"));
  EXPECT_THAT(text, HasSubstr("namespace1.0       1G devdax  enabled   region1: dax1.0\n"));
  EXPECT_THAT(text, HasSubstr("      42 fio?[2J          handler            7          0  longterm\n"));
  EXPECT_THAT(snapshot_json(snapshot), HasSubstr("\"device\": \"dax1.0\""));
  snapshot.objects.resize(9, snapshot.objects[0]);
  EXPECT_THAT(draw(snapshot, 80, 24, {}).text(false), HasSubstr("    and 7 more\n"));
  for (int height = 10; height < 30; ++height) {
    EXPECT_EQ(draw(snapshot, 60, height, {}).height(), height);
  }
}

TEST(TopView, MarksCellsTouchedInPart) {
  PlatformSnapshot snapshot = example();
  snapshot.devices[0].map.cells.resize(1);
  snapshot.devices[0].map.cells[0].counts = {3, 1, 0, 0, 0};
  EXPECT_THAT(draw(snapshot, 80, 24, {}).text(false), HasSubstr("       0 :\n"));
}

TEST(TopView, KeepsTheChosenDeviceInSight) {
  PlatformSnapshot snapshot = example();
  for (int at = 1; at < 30; ++at) {
    DeviceSnapshot device = snapshot.devices[0];
    device.name = "dax0." + std::to_string(at);
    snapshot.devices.push_back(device);
  }
  EXPECT_THAT(draw(snapshot, 80, 24, {.chosen = 0}).text(false), HasSubstr("dax0.0: 8 extents"));
  const std::string last = draw(snapshot, 80, 24, {.chosen = 99}).text(false);
  EXPECT_THAT(last, HasSubstr("dax0.29: 8 extents"));
  EXPECT_THAT(last, HasSubstr("\ndax0.29 "));
  EXPECT_THAT(last, Not(HasSubstr("\ndax0.0 ")));
}

TEST(TopView, SaysWhatItLeavesOut) {
  PlatformSnapshot snapshot = example();
  for (int pid = 100; pid < 130; ++pid) {
    snapshot.processes.push_back({.pid = pid, .command = "worker", .engine = "inline"});
  }
  EXPECT_THAT(draw(snapshot, 80, 24, {}).text(false), HasSubstr("and 28 more"));
}

TEST(TopView, DrawsOnAnyScreen) {
  PlatformSnapshot empty{.name = "void", .engine = "auto"};
  for (const int width : {1, 20, 39, 40, 80, 300}) {
    for (const int height : {1, 9, 10, 24, 100}) {
      EXPECT_EQ(draw(example(), width, height, {}).height(), height);
      EXPECT_EQ(draw(empty, width, height, {}).width(), width);
    }
  }
  EXPECT_THAT(draw(empty, 80, 24, {}).text(false), HasSubstr("this platform has no devices"));
  EXPECT_THAT(draw(empty, 30, 5, {}).text(false), HasSubstr("needs a screen of 40x10"));
}

TEST(TopView, JsonHoldsTheSameNumbers) {
  const auto json = nlohmann::json::parse(snapshot_json(example()));
  EXPECT_EQ(json["platform"], "lab");
  EXPECT_EQ(json["devices"].at(0)["extents"]["poisoned"], 1);
  EXPECT_EQ(json["devices"].at(0)["extents"]["untouched"], 3);
  EXPECT_EQ(json["processes"].at(0)["pins"], 7);
  EXPECT_EQ(json["processes"].at(0)["longterm"], true);
}

} // namespace
} // namespace daxemu::cli
