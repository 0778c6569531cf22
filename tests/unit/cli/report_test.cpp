// A report: what a trace tells is in it, it loads nothing, and nothing from a trace becomes markup.
#include "runtime/cli/report/report_html.hpp"

#include <fstream>
#include <regex>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/cli/trace/trace_json.hpp"

namespace daxemu::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using trace::Event;
using trace::Kind;

constexpr std::uint64_t kStart = 5'000'000'000;
constexpr std::uint64_t kAlign = 2ULL << 20;
constexpr std::uint64_t kUs = 1000;

TraceAbout about() {
  return {
      {"app", "<script>alert(1)</script>"}, {{"dax0.0", 0, 64 * kAlign, kAlign, {{0, 1ULL << 33, 64 * kAlign}}}}, 1000};
}

Event fault(std::uint64_t at_us, std::uint64_t extent, std::uint64_t ns) {
  return {.begin_ns = kStart + at_us * kUs,
          .duration_ns = ns,
          .offset = extent * kAlign,
          .length = kAlign,
          .pid = 10,
          .tid = 11,
          .kind = Kind::fault};
}
Event pin(Kind kind, std::uint64_t at_us, std::uint64_t extent, std::uint64_t extents) {
  return {.begin_ns = kStart + at_us * kUs,
          .offset = extent * kAlign,
          .length = extents * kAlign,
          .pid = 10,
          .tid = 11,
          .kind = kind};
}

RunHistory history(std::vector<Event> events) {
  trace::Ring::Contents contents;
  contents.written = events.size();
  contents.events = std::move(events);
  std::ostringstream out;
  write_trace(out, contents, about());
  auto read = history_of(nlohmann::json::parse(out.str()));
  EXPECT_TRUE(read) << read.error().what;
  return std::move(*read);
}

// The first event is at 0: a map of the whole device.
Event map_all() {
  return {.begin_ns = kStart, .duration_ns = 10, .length = 64 * kAlign, .pid = 10, .tid = 11, .kind = Kind::map};
}

TEST(RunHistory, PutsFaultsWhereAndWhenTheyWere) {
  const RunHistory run = history({map_all(), fault(500, 3, 1500), fault(990, 63, 9000)});
  ASSERT_EQ(run.devices.size(), 1U);
  const DeviceHistory& device = run.devices[0];
  EXPECT_EQ(device.faults, 2U);
  EXPECT_EQ(device.touched, 2U);
  EXPECT_EQ(run.length_us, 1000);
  ASSERT_EQ(device.rows, 48U);
  const auto cell = [&](std::size_t row, double part) {
    return device.cells[row * run.columns + static_cast<std::size_t>(part * static_cast<double>(run.columns - 1))];
  };
  std::size_t row = 0;
  while (device.first_of(row + 1) <= 3) {
    ++row;
  }
  EXPECT_EQ(cell(row, 0.4).touched, 0);
  EXPECT_TRUE(cell(row, 0.4).mapped);
  EXPECT_GT(cell(row, 0.6).touched, 0);
  EXPECT_EQ(cell(row + 1, 1).touched, 0);
  EXPECT_GT(cell(47, 1).touched, 0);
  std::uint32_t all = 0;
  for (const HistoryCell& each : device.cells) {
    all += each.faults;
  }
  EXPECT_EQ(all, 2U);
}

TEST(RunHistory, MeasuresWaits) {
  std::vector<Event> events{map_all()};
  for (std::uint64_t at = 0; at < 99; ++at) {
    events.push_back(fault(at + 1, at % 64, 1500));
  }
  events.push_back(fault(200, 0, 900'000));
  const RunHistory run = history(events);
  EXPECT_EQ(run.latencies.count, 100U);
  EXPECT_EQ(run.latencies.bins[1], 99U); // 1 to 2 us
  EXPECT_EQ(run.latencies.bins[10], 1U); // 512 to 1024 us
  EXPECT_DOUBLE_EQ(run.latencies.median_us, 1.5);
  EXPECT_DOUBLE_EQ(run.latencies.longest_us, 900);
  ASSERT_EQ(run.threads.size(), 1U);
  EXPECT_EQ(run.threads[0].faults, 100U);
}

TEST(RunHistory, FollowsPinsThatAreReleasedInParts) {
  const RunHistory run = history({map_all(), pin(Kind::pin, 100, 0, 4), pin(Kind::pin, 200, 8, 1),
                                  pin(Kind::unpin, 300, 0, 1), pin(Kind::unpin, 400, 1, 3)});
  ASSERT_EQ(run.pins.size(), 2U);
  EXPECT_FALSE(run.pins[0].held);
  EXPECT_DOUBLE_EQ(run.pins[0].begin_us, 100);
  EXPECT_DOUBLE_EQ(run.pins[0].end_us, 400);
  EXPECT_TRUE(run.pins[1].held);
  EXPECT_DOUBLE_EQ(run.pins[1].end_us, 1000);
}

TEST(RunHistory, RefusesWhatIsNoTraceOfOurs) {
  for (const char* text : {"{}", "[]", R"({"traceEvents": 3, "otherData": {}})",
                           R"({"traceEvents": [{"ph": "X"}], "otherData": {"devices": [], "command": []}})"}) {
    const auto read = history_of(nlohmann::json::parse(text));
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, EINVAL);
  }
}

// Every element that is opened is closed, in order.
void expect_balanced(const std::string& html) {
  std::vector<std::string> open;
  const std::regex tag("<(/?)([a-z0-9]+)([^>]*)>");
  for (auto at = std::sregex_iterator(html.begin(), html.end(), tag); at != std::sregex_iterator(); ++at) {
    const std::string name = (*at)[2];
    const std::string rest = (*at)[3];
    if (name == "meta" || name == "br" || rest.ends_with("/")) {
      continue;
    }
    if ((*at)[1] == "/") {
      ASSERT_FALSE(open.empty()) << name;
      ASSERT_EQ(open.back(), name);
      open.pop_back();
    } else {
      open.push_back(name);
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST(ReportHtml, SaysWhatHappenedAndLoadsNothing) {
  std::vector<Event> events{map_all()};
  for (std::uint64_t at = 0; at < 64; ++at) {
    events.push_back(fault(at * 10 + 1, at, 2000 + at * 100));
  }
  events.push_back(pin(Kind::pin, 700, 2, 2));
  events.push_back({.begin_ns = kStart + 800 * kUs,
                    .duration_ns = 20,
                    .value = EBUSY,
                    .pid = 10,
                    .tid = 11,
                    .kind = Kind::sysfs_write,
                    .text = std::string_view("dax0.0/size<b>")});
  const std::string html = report_html(history(events));
  EXPECT_THAT(html, HasSubstr("<h2>dax0.0</h2>"));
  EXPECT_THAT(html, HasSubstr("64 touched by 64 faults"));
  EXPECT_THAT(html, HasSubstr("first touches from"));
  EXPECT_THAT(html, HasSubstr("1 pin; 1 never released (red)"));
  EXPECT_THAT(html, HasSubstr("dax0.0/size&lt;b&gt; -&gt; EBUSY"));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
  // The only one is data: the numbers that another run is compared with.
  const std::size_t data = html.find("<script");
  EXPECT_EQ(data, html.find("<script type=\"application/json\" id=\"daxemu-numbers\">"));
  EXPECT_EQ(html.find("<script", data + 1), std::string::npos);
  for (const char* loading : {"http:", "https:", "src=", "href=", "url(", "@import"}) {
    EXPECT_THAT(html, Not(HasSubstr(loading)));
  }
  expect_balanced(html);
}

TEST(ReportHtml, OfNothingIsAPageToo) {
  const std::string html = report_html(history({}));
  EXPECT_THAT(html, HasSubstr("Nothing happened to it."));
  expect_balanced(html);
}

Event refusal_write(std::uint64_t at_us, std::int64_t error) {
  return {.begin_ns = kStart + at_us * kUs,
          .value = error,
          .pid = 10,
          .tid = 11,
          .kind = Kind::sysfs_write,
          .text = std::string_view("unbind <dax0.0>")};
}

TEST(ReportHtml, NamesTheProcessOfWhatHappened) {
  const RunHistory run =
      history({{.begin_ns = kStart, .pid = 10, .tid = 10, .kind = Kind::process, .text = std::string_view("a<pp")},
               refusal_write(10, EBUSY),
               refusal_write(20, 0)});
  ASSERT_EQ(run.happenings.size(), 2U);
  EXPECT_TRUE(run.happenings[0].refused);
  EXPECT_FALSE(run.happenings[1].refused);
  EXPECT_EQ(run.process_of(10), "a<pp");
  EXPECT_EQ(run.process_of(11), "");
  const std::string html = report_html(run);
  EXPECT_THAT(html, HasSubstr("<td>a&lt;pp</td><td class=\"n\">10</td>"));
  EXPECT_THAT(html, HasSubstr("unbind &lt;dax0.0&gt; -&gt; EBUSY"));
  EXPECT_THAT(html, HasSubstr("1 refused (red)"));
  expect_balanced(html);
}

// What `daxemu run --explain` notes: a call, the kernel's line, and what to do.
TEST(RunHistory, KnowsWhyACallWasRefused) {
  const auto run = history_of(nlohmann::json::parse(R"({"traceEvents": [
      {"name": "refusal", "cat": "refusal", "ph": "i", "s": "t", "ts": 5, "pid": 1, "tid": 1,
       "args": {"call": "mmap", "errno": 22, "why": "unaligned vma", "remedy": "align it"}}],
    "otherData": {"command": ["app"], "devices": []}})"));
  ASSERT_TRUE(run) << run.error().what;
  EXPECT_TRUE(run->happenings.empty()); // it is said among the refusals
  ASSERT_EQ(run->refusals.size(), 1U);
  EXPECT_EQ(run->refusals[0].call, "mmap");
  EXPECT_EQ(run->refusals[0].why, "unaligned vma");
  EXPECT_EQ(run->refusals[0].remedy, "align it");
}

TEST(ReportNumbers, ComeBackFromAPage) {
  const RunNumbers numbers = numbers_of(history({map_all(), fault(10, 0, 3000), fault(20, 1, 5000)}));
  EXPECT_EQ(numbers.command, "app '<script>alert(1)</script>'");
  const std::string path = testing::TempDir() + "numbers.html";
  std::ofstream(path) << report_html(history({map_all(), fault(10, 0, 3000), fault(20, 1, 5000)}));
  const auto read = read_numbers(path);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->command, numbers.command);
  ASSERT_EQ(read->numbers.size(), numbers.numbers.size());
  for (std::size_t at = 0; at < numbers.numbers.size(); ++at) {
    EXPECT_EQ(read->numbers[at].what, numbers.numbers[at].what);
    EXPECT_EQ(number_text(read->numbers[at]), number_text(numbers.numbers[at]));
  }
  std::ofstream(path)
      << "<!DOCTYPE html><script type=\"application/json\" id=\"daxemu-numbers\">{\"numbers\":[7]}</script>";
  EXPECT_FALSE(read_numbers(path));
  std::ofstream(path) << "{}";
  EXPECT_FALSE(read_numbers(path));
  EXPECT_FALSE(read_numbers(path + ".nosuch"));
}

TEST(ReportNumbers, SayWhatChanged) {
  const RunNumbers before{
      "old", {{"first touches", 2}, {"time", 1000, NumberKind::microseconds}, {"pins", 3}, {"events: sigbus", 1}}};
  const RunNumbers now{
      "new", {{"first touches", 8}, {"time", 1100, NumberKind::microseconds}, {"pins", 3}, {"events: poison", 2}}};
  const std::string html = compare_part(before, now);
  EXPECT_THAT(html,
              HasSubstr("<td>first touches</td><td class=\"n\">2</td><td class=\"n\">8</td><td class=\"n\">x 4</td>"));
  EXPECT_THAT(
      html, HasSubstr("<td>time</td><td class=\"n\">1 ms</td><td class=\"n\">1.1 ms</td><td class=\"n\">+10.0%</td>"));
  EXPECT_THAT(html, HasSubstr("<td>pins</td><td class=\"n\">3</td><td class=\"n\">3</td><td class=\"n\">=</td>"));
  EXPECT_THAT(
      html, HasSubstr("<td>events: sigbus</td><td class=\"n\">1</td><td class=\"n\">0</td><td class=\"n\">gone</td>"));
  EXPECT_THAT(html,
              HasSubstr("<td>events: poison</td><td class=\"n\">0</td><td class=\"n\">2</td><td class=\"n\">new</td>"));
  expect_balanced(html);
}

TEST(ReportHtml, WritesDurations) {
  EXPECT_EQ(duration_text(0), "0");
  EXPECT_EQ(duration_text(0.34), "340 ns");
  EXPECT_EQ(duration_text(1), "1 us");
  EXPECT_EQ(duration_text(12.5), "12.5 us");
  EXPECT_EQ(duration_text(999.9), "1 ms");
  EXPECT_EQ(duration_text(1750000), "1.75 s");
}

} // namespace
} // namespace daxemu::cli
