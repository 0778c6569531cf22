#include "emu/sysfs/tracing/trace_buffer.hpp"

#include <cstring>
#include <memory>

#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace daxemu::sysfs {
namespace {

using store::PoisonTraceRecord;
using store::TraceBufferRecord;

constexpr std::uint64_t kSecond = 1'000'000'000;

PoisonTraceRecord poison_at(std::uint64_t dpa, std::uint64_t time) {
  PoisonTraceRecord event;
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
    std::array<std::byte, 192> bytes{};
    const std::size_t length = encode(poison_at(0x2000, 9), {.has_alias = has_alias}, bytes);
    EXPECT_EQ(length % 4, 0U);
    const std::size_t alias = has_alias ? 8 : 0;
    EXPECT_EQ(value_at<std::uint16_t>(bytes, 0), kPoisonEventId);
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
    put_format({.has_alias = has_alias}, format);
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

} // namespace
} // namespace daxemu::sysfs
