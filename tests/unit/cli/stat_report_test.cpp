// What `daxemu stat` prints for known counts.
#include "runtime/cli/verbs/stat_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace daxemu::cli {
namespace {

using ::testing::HasSubstr;

StatReport example() {
  StatReport report;
  report.command = {"app", "-x"};
  report.times = {0.5, 0.125, 0.25};
  report.devices.push_back(
      {"dax0.0",
       4ULL << 30,
       2ULL << 20,
       2048,
       "shmem",
       "no huge pages",
       {.faults = 1500, .extents = 512, .bytes = 1ULL << 30, .maps = 3, .unmaps = 2, .sigbus = 1, .ahead = 500}});
  return report;
}

TEST(StatReport, TextNamesEveryCountWithItsRateOrShare) {
  const std::string text = stat_text(example());
  EXPECT_THAT(text, HasSubstr("device counters for 'app -x':\n"));
  EXPECT_THAT(text, HasSubstr("dax0.0 (4G, extents of 2M, backing shmem: no huge pages)"));
  EXPECT_THAT(text, HasSubstr("             1,500  faults                      # 3.0 K/s\n"));
  EXPECT_THAT(text, HasSubstr("               512  extents touched             # 25.0% of 2,048\n"));
  EXPECT_THAT(text, HasSubstr("               500    mapped ahead of their touch\n"));
  EXPECT_THAT(text, HasSubstr("     1,073,741,824  bytes touched               # 2.1 G/s\n"));
  EXPECT_THAT(text, HasSubstr("                 1  touches answered by SIGBUS\n"));
  EXPECT_THAT(text, HasSubstr("          0.500000  seconds elapsed\n"));
  EXPECT_THAT(text, HasSubstr("          0.125000  seconds user\n"));
  EXPECT_THAT(text, HasSubstr("          0.250000  seconds sys\n"));
}

TEST(StatReport, TextSaysHowACommandFailed) {
  StatReport report = example();
  report.exit_code = 139;
  EXPECT_THAT(stat_text(report), HasSubstr("'app -x' (exit status 139):\n"));
}

TEST(StatReport, TextSaysThatTheRealDeviceCountsNothing) {
  StatReport report = example();
  report.devices.clear();
  EXPECT_THAT(stat_text(report), HasSubstr("own device-dax"));
}

TEST(StatReport, JsonHoldsTheSameNumbers) {
  const auto json = nlohmann::json::parse(stat_json(example()));
  EXPECT_EQ(json["command"], (std::vector<std::string>{"app", "-x"}));
  EXPECT_EQ(json["seconds_elapsed"], 0.5);
  const auto& device = json["devices"].at(0);
  EXPECT_EQ(device["chardev"], "dax0.0");
  EXPECT_EQ(device["faults"], 1500);
  EXPECT_EQ(device["extents"], 512);
  EXPECT_EQ(device["extents_total"], 2048);
  EXPECT_EQ(device["ahead"], 500);
  EXPECT_EQ(device["bytes"], 1ULL << 30);
  EXPECT_EQ(device["sigbus"], 1);
  EXPECT_EQ(device["faults_per_second"], 3000.0);
}

TEST(DeviceTotals, CountSinceAnEarlierMoment) {
  const DeviceTotals now{.faults = 10, .extents = 9, .bytes = 8, .maps = 7, .unmaps = 6, .sigbus = 5, .ahead = 4};
  const DeviceTotals then{.faults = 1, .extents = 2, .bytes = 3, .maps = 4, .unmaps = 5, .sigbus = 5, .ahead = 1};
  const DeviceTotals between = now.since(then);
  EXPECT_EQ(between.faults, 9U);
  EXPECT_EQ(between.extents, 7U);
  EXPECT_EQ(between.bytes, 5U);
  EXPECT_EQ(between.maps, 3U);
  EXPECT_EQ(between.unmaps, 1U);
  EXPECT_EQ(between.sigbus, 0U);
  EXPECT_EQ(between.ahead, 3U);
}

} // namespace
} // namespace daxemu::cli
