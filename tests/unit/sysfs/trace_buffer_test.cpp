#include "emu/sysfs/tracing/trace_buffer.hpp"

#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace daxemu::sysfs {
namespace {

using store::TraceBufferRecord;

constexpr std::uint64_t kSecond = 1'000'000'000;

CxlTraceRecord poison_at(std::uint64_t dpa, std::uint64_t time) {
  CxlTraceRecord event;
  event.time = time;
  event.pid = 77;
  event.memdev.assign("mem0");
  event.host.assign("0000:0d:00.0");
  event.serial = 5;
  event.region.assign("region0");
  event.hpa = 0x1000 + dpa;
  event.dpa = dpa;
  event.length = 64;
  event.source = 3;
  return event;
}
template <class Value>
Value value_at(std::span<const std::byte> bytes, std::size_t at) {
  Value value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}
std::string_view text_at(std::span<const std::byte> event, std::size_t location) {
  const auto word = value_at<std::uint32_t>(event, location);
  return {reinterpret_cast<const char*>(event.data()) + (word & 0xffffU), (word >> 16U) - 1};
}

std::unique_ptr<TraceBufferRecord> wanting_buffer() {
  auto buffer = std::make_unique<TraceBufferRecord>();
  buffer->enabled = 1;
  return buffer;
}

TEST(TraceBuffer, TakesOnlyWhatIsWanted) {
  TraceBufferRecord buffer;
  add_event(buffer, poison_at(0, 1));
  EXPECT_TRUE(is_empty(buffer));
  buffer.enabled = 1;
  buffer.off = 1;
  add_event(buffer, poison_at(0, 1));
  EXPECT_TRUE(is_empty(buffer));
  buffer.off = 0;
  add_event(buffer, poison_at(0, 1));
  EXPECT_FALSE(is_empty(buffer));
}

TEST(TraceBuffer, EventHasTheFieldsWhereTheFormatSays) {
  for (const bool has_alias : {false, true}) {
    std::array<std::byte, kLongestTraceEvent> bytes{};
    const std::size_t length = encode(poison_at(0x2000, 9), {.is_newer = has_alias}, bytes);
    EXPECT_EQ(length % 4, 0U);
    const std::size_t alias = has_alias ? 8 : 0;
    EXPECT_EQ(value_at<std::uint16_t>(bytes, 0), trace_event_of(CxlTraceKind::poison).id);
    EXPECT_EQ(value_at<std::int32_t>(bytes, 4), 77);
    EXPECT_EQ(text_at(bytes, 8), "mem0");
    EXPECT_EQ(text_at(bytes, 12), "0000:0d:00.0");
    EXPECT_EQ(value_at<std::uint64_t>(bytes, 16), 5U);
    EXPECT_EQ(text_at(bytes, 28), "region0");
    EXPECT_EQ(value_at<std::uint64_t>(bytes, 40), 0x3000U);
    EXPECT_EQ(value_at<std::uint64_t>(bytes, 48 + alias), 0x2000U);
    EXPECT_EQ(value_at<std::uint32_t>(bytes, 56 + alias), 64U);
    EXPECT_EQ(value_at<std::uint8_t>(bytes, 76 + alias), 3U);
    TextBuffer<4096> format;
    put_format(trace_event_of(CxlTraceKind::poison), {.is_newer = has_alias}, format);
    TextBuffer<64> line;
    line.put("\tfield:u64 dpa;\toffset:").number(48 + alias).put(";\tsize:8;\tsigned:0;\n");
    EXPECT_NE(format.view().find(line.view()), std::string_view::npos);
  }
}

// The events of a page: times and device addresses.
struct Read {
  std::uint64_t time;
  std::uint64_t dpa;
};
std::vector<Read> read_page(std::span<const std::byte> page) {
  std::vector<Read> found;
  auto time = value_at<std::uint64_t>(page, 0);
  const auto commit = value_at<std::uint64_t>(page, 8);
  for (std::size_t at = 16; at < 16 + commit;) {
    const auto header = value_at<std::uint32_t>(page, at);
    const auto next = value_at<std::uint32_t>(page, at + 4);
    const std::uint32_t type = header & 31U;
    if (type == 30) {
      time += (std::uint64_t{next} << 27U) + (header >> 5U);
      at += 8;
      continue;
    }
    time += header >> 5U;
    const std::size_t data = type == 0 ? at + 8 : at + 4;
    found.push_back({time, value_at<std::uint64_t>(page, data + 48)});
    at = type == 0 ? at + 4 + next : data + type * std::size_t{4};
  }
  return found;
}

TEST(TraceBuffer, PagesGiveEveryEventOnce) {
  const auto buffer = wanting_buffer();
  constexpr std::uint64_t kEvents = 60; // more than a page
  for (std::uint64_t at = 0; at < kEvents; ++at) {
    add_event(*buffer, poison_at(at * 64, at * kSecond / 3)); // further apart than a header can say
  }
  std::array<std::byte, kTracePage> page;
  std::uint64_t seen = 0;
  std::size_t pages = 0;
  while (take_page(*buffer, {}, page) != 0) {
    ++pages;
    for (const Read& read : read_page(page)) {
      EXPECT_EQ(read.dpa, seen * 64);
      EXPECT_EQ(read.time, seen * kSecond / 3);
      ++seen;
    }
  }
  EXPECT_EQ(seen, kEvents);
  EXPECT_GT(pages, 1U);
  EXPECT_EQ(take_page(*buffer, {}, page), 0U);
}

TEST(TraceBuffer, OldestGivesWay) {
  const auto buffer = wanting_buffer();
  for (std::uint64_t at = 0; at < store::kMaxTraceEvents + 5; ++at) {
    add_event(*buffer, poison_at(at, at));
  }
  EXPECT_EQ(buffer->lost, 5U);
  EXPECT_EQ(event_at(*buffer, buffer->first).dpa, 5U);
}

// What a guest has shown of each event: "name<TAB>declaration;<TAB>offset;<TAB>size;<TAB>signed;".
TEST(TraceEvents, FieldsAreThoseOfTheGuest) {
  for (const bool is_newer : {false, true}) {
    std::ifstream file(std::string(DAXEMU_SOURCE_DIR "/tests/unit/sysfs/trace-fields-") + (is_newer ? "7.3" : "6.12") +
                       ".tsv");
    std::map<std::string, std::string> guest;
    for (std::string line; std::getline(file, line);) {
      const std::size_t tab = line.find('\t');
      guest[line.substr(0, tab)] += "\tfield:" + line.substr(tab + 1) + "\n";
    }
    ASSERT_EQ(guest.size(), trace_events().size());
    for (const TraceEvent& event : trace_events()) {
      auto text = std::make_unique<TextBuffer<8192>>();
      put_format(event, {.is_newer = is_newer}, *text);
      const std::string_view all = text->view();
      const std::size_t own = all.find("\n\n") + 2;
      EXPECT_EQ(all.substr(own, all.find("\nprint fmt") - own), guest[std::string(event.name)]) << event.name;
    }
  }
}

// Every event, however long its names are, fits where it is put, and its texts are where it says.
TEST(TraceEvents, LongestFits) {
  for (const TraceEvent& event : trace_events()) {
    CxlTraceRecord record = poison_at(0x2000, 1);
    record.kind = event.kind;
    record.memdev.assign("mem12345678901234567");
    record.host.assign("a.host.of.a.name.that.is.too.long.for.it");
    record.region.assign("region12345678901234567");
    record.said.fill(0xff);
    std::array<std::byte, kLongestTraceEvent> bytes{};
    EXPECT_LE(encode(record, {.is_newer = true}, bytes), bytes.size() - 64) << event.name;
    EXPECT_EQ(text_at(bytes, 8), record.memdev.view());
    EXPECT_EQ(text_at(bytes, 12), record.host.view());
    auto line = std::make_unique<TextBuffer<4 * kLongestTraceLine>>();
    put_line(record, {.is_newer = true}, *line);
    EXPECT_LE(line->size(), kLongestTraceLine) << line->view();
  }
}

} // namespace
} // namespace daxemu::sysfs
