#include "emu/sysfs/tracing/trace_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace daxemu::sysfs {
namespace {

using store::PoisonTraceRecord;
using store::TraceBufferRecord;

// The longest event: fixed fields and three names, each with its NUL.
constexpr std::size_t kLongestEvent = 192;

// Puts values one after the other where the compiler of the kernel puts the members of a struct.
class Fields {
public:
  explicit Fields(std::span<std::byte> into) : into_(into) {}
  template <class Value>
  void put(Value value) {
    at_ = (at_ + alignof(Value) - 1) / alignof(Value) * alignof(Value);
    put_bytes(&value, sizeof value);
  }
  void put_bytes(const void* bytes, std::size_t size) {
    std::memcpy(into_.data() + at_, bytes, size);
    at_ += size;
  }
  // A member that says where a text is (__data_loc): its length above its place.
  std::size_t reserve_location() {
    put(std::uint32_t{0});
    return at_ - sizeof(std::uint32_t);
  }
  void put_text(std::size_t location, std::string_view text) {
    const auto word = static_cast<std::uint32_t>((text.size() + 1) << 16U | at_);
    std::memcpy(into_.data() + location, &word, sizeof word);
    put_bytes(text.data(), text.size());
    put(char{0});
  }
  [[nodiscard]] std::size_t end() const { return at_; }

private:
  std::span<std::byte> into_;
  std::size_t at_ = 0;
};

std::string_view type_word(std::uint32_t type) {
  constexpr std::array<std::string_view, 3> kWords = {"List", "Inject", "Clear"};
  return kWords[type % kWords.size()];
}
std::string_view source_word(std::uint32_t source) {
  constexpr std::array<std::string_view, 8> kWords = {"Unknown",  "External", "Internal", "Injected",
                                                      "Reserved", "Reserved", "Reserved", "Vendor"};
  return kWords[source % kWords.size()];
}

void put_uuid_text(const store::Uuid& uuid, Text& out) {
  for (std::size_t at = 0; at < uuid.size(); ++at) {
    out.put(at == 4 || at == 6 || at == 8 || at == 10 ? "-" : "").digits(static_cast<unsigned>(uuid[at]), 16, 2);
  }
}

struct FormatField {
  std::string_view declaration;
  std::size_t offset;
  std::size_t size;
  bool is_signed;
};
void put_field(const FormatField& field, Text& out) {
  out.put("\tfield:").put(field.declaration).put(";\toffset:").number(field.offset).put(";\tsize:");
  out.number(field.size).put(";\tsigned:").put(field.is_signed ? "1" : "0").put(";\n");
}

} // namespace

const PoisonTraceRecord& event_at(const TraceBufferRecord& buffer, std::uint64_t number) {
  return buffer.events[number % buffer.events.size()];
}

void add_event(TraceBufferRecord& buffer, const PoisonTraceRecord& event) {
  if (buffer.off != 0 || buffer.enabled == 0) {
    return;
  }
  buffer.events[buffer.next++ % buffer.events.size()] = event;
  if (buffer.next - buffer.first > buffer.events.size()) {
    ++buffer.first;
    ++buffer.lost;
  }
}

std::size_t encode(const PoisonTraceRecord& event, PoisonForm form, std::span<std::byte> into) {
  Fields fields(into);
  fields.put(kPoisonEventId);
  fields.put(std::uint8_t{0}); // common_flags
  fields.put(std::uint8_t{0}); // common_preempt_count
  fields.put(event.pid);
  const std::size_t memdev = fields.reserve_location();
  const std::size_t host = fields.reserve_location();
  fields.put(event.serial);
  fields.put(static_cast<std::uint8_t>(event.trace_type));
  const std::size_t region = fields.reserve_location();
  fields.put(std::uint64_t{0}); // overflow_ts
  fields.put(event.hpa);
  if (form.has_alias) {
    fields.put(~std::uint64_t{0}); // no cache in front of memory
  }
  fields.put(event.dpa);
  fields.put(event.length);
  fields.put_bytes(event.uuid.data(), event.uuid.size());
  fields.put(static_cast<std::uint8_t>(event.source));
  fields.put(std::uint8_t{0}); // flags
  fields.put_text(memdev, event.memdev.view());
  fields.put_text(host, event.host.view());
  fields.put_text(region, event.region.view());
  // What is asked for is the size of the struct, its end padded, and the texts behind it (guest).
  const std::size_t fixed = form.has_alias ? 88 : 80;
  const std::size_t texts = event.memdev.view().size() + event.host.view().size() + event.region.view().size() + 3;
  while (fields.end() < fixed + texts || fields.end() % sizeof(std::uint32_t) != 0) {
    fields.put(char{0});
  }
  return fields.end();
}

std::size_t take_page(TraceBufferRecord& buffer, PoisonForm form, std::span<std::byte, kTracePage> into) {
  constexpr std::size_t kHeader = 16;             // BUF_PAGE_HDR_SIZE
  constexpr std::uint32_t kDeltaBits = 27;        // TS_SHIFT
  constexpr std::uint32_t kTimeExtend = 30;       // RINGBUF_TYPE_TIME_EXTEND
  constexpr std::size_t kLongestText = 28UL << 2; // RINGBUF_MAX_SMALL_DATA
  constexpr std::uint32_t kDeltaShift = 5;        // behind type_len
  if (is_empty(buffer)) {
    return 0;
  }
  std::ranges::fill(into, std::byte{});
  std::uint64_t time = event_at(buffer, buffer.first).time;
  std::memcpy(into.data(), &time, sizeof time);
  std::size_t used = 0;
  const auto put_word = [&](std::uint32_t word) {
    std::memcpy(into.data() + kHeader + used, &word, sizeof word);
    used += sizeof word;
  };
  while (!is_empty(buffer)) {
    const PoisonTraceRecord& event = event_at(buffer, buffer.first);
    std::array<std::byte, kLongestEvent> bytes{};
    const std::size_t length = encode(event, form, bytes);
    constexpr std::size_t kWords = 4; // of headers, at most
    if (kHeader + used + length + kWords * sizeof(std::uint32_t) > kTracePage) {
      break;
    }
    std::uint64_t delta = event.time - time;
    if ((delta >> kDeltaBits) != 0) {
      put_word(kTimeExtend | static_cast<std::uint32_t>(delta & ((1U << kDeltaBits) - 1)) << kDeltaShift);
      put_word(static_cast<std::uint32_t>(delta >> kDeltaBits));
      delta = 0;
    }
    const bool is_short = length <= kLongestText;
    const auto type = static_cast<std::uint32_t>(is_short ? length / sizeof(std::uint32_t) : 0);
    put_word(type | static_cast<std::uint32_t>(delta) << kDeltaShift);
    if (!is_short) {
      put_word(static_cast<std::uint32_t>(length + sizeof(std::uint32_t)));
    }
    std::memcpy(into.data() + kHeader + used, bytes.data(), length);
    used += length;
    time = event.time;
    ++buffer.first;
  }
  const std::uint64_t commit = used;
  std::memcpy(into.data() + sizeof(std::uint64_t), &commit, sizeof commit);
  return kTracePage;
}

void put_line(const PoisonTraceRecord& event, PoisonForm form, Text& out) {
  constexpr std::uint64_t kMicrosecond = 1000;
  constexpr std::uint64_t kSecond = 1'000'000;
  constexpr std::size_t kCommand = 16; // "%16s-%-7d"
  constexpr std::size_t kPid = 7;
  const std::string_view command = event.command.view();
  for (std::size_t at = command.size(); at < kCommand; ++at) {
    out.put(" ");
  }
  TextBuffer<16> pid;
  pid.number(event.pid);
  out.put(command).put("-").put(pid.view());
  for (std::size_t at = pid.size(); at < kPid; ++at) {
    out.put(" ");
  }
  const std::uint64_t micros = event.time / kMicrosecond;
  TextBuffer<24> seconds;
  seconds.number(micros / kSecond);
  constexpr std::size_t kSeconds = 5; // "%5lu"
  out.put(" [000] ..... ");
  for (std::size_t at = seconds.size(); at < kSeconds; ++at) {
    out.put(" ");
  }
  out.put(seconds.view())
      .put(".")
      .digits(micros % kSecond, 10, 6)
      .put(": cxl_poison: memdev=")
      .put(event.memdev.view());
  out.put(" host=").put(event.host.view()).put(" serial=").number(event.serial);
  out.put(" trace_type=").put(type_word(event.trace_type)).put(" region=").put(event.region.view());
  out.put(" region_uuid=");
  put_uuid_text(event.uuid, out);
  out.put(" hpa=").hex(event.hpa);
  if (form.has_alias) {
    out.put(" hpa_alias0=").hex(~0ULL);
  }
  out.put(" dpa=").hex(event.dpa).put(" dpa_length=").hex(event.length);
  out.put(" source=").put(source_word(event.source)).put(" flags= overflow_time=0\n");
}

void put_format(PoisonForm form, Text& out) {
  const std::size_t alias = form.has_alias ? 8 : 0;
  out.put("name: cxl_poison\nID: ").number(kPoisonEventId).put("\nformat:\n");
  const FormatField common[] = {{"unsigned short common_type", 0, 2, false},
                                {"unsigned char common_flags", 2, 1, false},
                                {"unsigned char common_preempt_count", 3, 1, false},
                                {"int common_pid", 4, 4, true}};
  for (const FormatField& field : common) {
    put_field(field, out);
  }
  out.put("\n");
  const FormatField before[] = {{"__data_loc char[] memdev", 8, 4, false},
                                {"__data_loc char[] host", 12, 4, false},
                                {"u64 serial", 16, 8, false},
                                {"u8 trace_type", 24, 1, false},
                                {"__data_loc char[] region", 28, 4, false},
                                {"u64 overflow_ts", 32, 8, false},
                                {"u64 hpa", 40, 8, false}};
  for (const FormatField& field : before) {
    put_field(field, out);
  }
  if (form.has_alias) {
    put_field({"u64 hpa_alias0", 48, 8, false}, out);
  }
  const FormatField behind[] = {{"u64 dpa", 48 + alias, 8, false},
                                {"u32 dpa_length", 56 + alias, 4, false},
                                {"char uuid[16]", 60 + alias, 16, false},
                                {"u8 source", 76 + alias, 1, false},
                                {"u8 flags", 77 + alias, 1, false}};
  for (const FormatField& field : behind) {
    put_field(field, out);
  }
  // What to make of them: names of numbers are left to the reader.
  out.put("\nprint fmt: \"memdev=%s host=%s serial=%llu trace_type=%u region=%s hpa=0x%llx dpa=0x%llx dpa_length=0x%x "
          "source=%u flags=%u overflow_time=%llu\", __get_str(memdev), __get_str(host), REC->serial, REC->trace_type, "
          "__get_str(region), REC->hpa, REC->dpa, REC->dpa_length, REC->source, REC->flags, REC->overflow_ts\n");
}

} // namespace daxemu::sysfs
