// A trace's file: valid JSON of the Trace Event Format, every kind of event in its place.
#include "runtime/cli/trace/trace_json.hpp"

#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace daxemu::cli {
namespace {

using nlohmann::json;
using trace::Event;
using trace::Kind;

constexpr std::uint64_t kStart = 1'000'000'000;
constexpr std::uint64_t kPhys = 5ULL << 30;

TraceAbout about() {
  return {{"app", "-x"}, {{"dax0.0", 3, 64ULL << 20, 2ULL << 20, {{0, kPhys, 64ULL << 20}}}}};
}

json written(std::vector<Event> events) {
  trace::Ring::Contents contents;
  contents.written = events.size() + 7;
  contents.overwritten = 5;
  contents.lost = 2;
  contents.events = std::move(events);
  std::ostringstream out;
  write_trace(out, contents, about());
  return json::parse(out.str());
}

// The events of a category, without the names.
json of(const json& trace, const std::string& category) {
  json found = json::array();
  for (const json& event : trace["traceEvents"]) {
    if (event.value("cat", "") == category) {
      found.push_back(event);
    }
  }
  return found;
}

TEST(TraceJson, EveryEventHasWhatTheFormatDemands) {
  std::vector<Event> events;
  for (std::size_t kind = 0; kind < trace::kKinds; ++kind) {
    events.push_back(
        {.begin_ns = kStart + kind, .duration_ns = kind % 2, .pid = 10, .tid = 11, .kind = static_cast<Kind>(kind)});
  }
  const json trace = written(events);
  ASSERT_TRUE(trace["traceEvents"].is_array());
  for (const json& event : trace["traceEvents"]) {
    EXPECT_TRUE(event["name"].is_string()) << event;
    EXPECT_TRUE(event["pid"].is_number()) << event;
    const std::string phase = event["ph"];
    EXPECT_NE(std::string("MXibe").find(phase), std::string::npos) << event;
    if (phase != "M") {
      EXPECT_TRUE(event["ts"].is_number()) << event;
      EXPECT_TRUE(event["tid"].is_number()) << event;
    }
    EXPECT_EQ(phase == "X", event.contains("dur")) << event;
    EXPECT_EQ(phase == "b" || phase == "e", event.contains("id")) << event;
  }
}

TEST(TraceJson, AFaultIsASpanOnItsThread) {
  const json trace =
      written({{.begin_ns = kStart, .pid = 10, .tid = 10, .kind = Kind::process, .text = std::string_view("app")},
               {.begin_ns = kStart + 2500,
                .duration_ns = 1500,
                .offset = 6ULL << 20,
                .length = 2ULL << 20,
                .address = 0x7f00,
                .pid = 10,
                .tid = 12,
                .minor = 3,
                .kind = Kind::fault}});
  const json fault = of(trace, "fault").at(0);
  EXPECT_EQ(fault["ph"], "X");
  EXPECT_EQ(fault["ts"], 2.5);
  EXPECT_EQ(fault["dur"], 1.5);
  EXPECT_EQ(fault["tid"], 12);
  EXPECT_EQ(fault["args"]["device"], "dax0.0");
  EXPECT_EQ(fault["args"]["extent"], 3);
  EXPECT_EQ(fault["args"]["address"], "0x7f00");
  EXPECT_EQ(trace["traceEvents"].at(0)["args"]["name"], "app");
  EXPECT_EQ(trace["otherData"]["overwritten"], 5);
  EXPECT_EQ(trace["otherData"]["lost"], 2);
  EXPECT_EQ(trace["otherData"]["devices"].at(0)["align"], 2ULL << 20);
}

TEST(TraceJson, PinAndUnpinAreTheEndsOfOneSpan) {
  const json trace = written(
      {{.begin_ns = kStart, .offset = 0, .length = 4096, .pid = 1, .tid = 1, .minor = 3, .kind = Kind::pin},
       {.begin_ns = kStart + 9, .offset = 0, .length = 4096, .pid = 1, .tid = 1, .minor = 3, .kind = Kind::unpin}});
  const json pins = of(trace, "pin");
  ASSERT_EQ(pins.size(), 2U);
  EXPECT_EQ(pins[0]["ph"], "b");
  EXPECT_EQ(pins[1]["ph"], "e");
  EXPECT_EQ(pins[0]["id"], pins[1]["id"]);
}

TEST(TraceJson, PoisonAndCallbacksAreFoundByPhysicalAddress) {
  const json trace =
      written({{.begin_ns = kStart, .length = 2ULL << 20, .address = kPhys + (4ULL << 20), .kind = Kind::poison},
               {.begin_ns = kStart,
                .duration_ns = 1,
                .address = kPhys,
                .kind = Kind::callback,
                .text = std::string_view("folio_free")}});
  EXPECT_EQ(of(trace, "poison").at(0)["args"]["extent"], 2);
  EXPECT_EQ(of(trace, "callback").at(0)["name"], "folio_free");
  EXPECT_EQ(of(trace, "callback").at(0)["args"]["extent"], 0);
}

TEST(TraceJson, SurvivesTextThatIsNoUtf8) {
  const json trace = written(
      {{.begin_ns = kStart, .pid = 1, .tid = 1, .kind = Kind::process, .text = std::string_view("\xff\"\n\x01")}});
  EXPECT_EQ(trace["traceEvents"].at(0)["name"], "process_name");
}

TEST(TraceJson, AnEmptyTraceIsATrace) {
  EXPECT_EQ(written({})["traceEvents"].size(), 0U);
}

} // namespace
} // namespace daxemu::cli
