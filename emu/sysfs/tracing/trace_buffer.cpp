#include "emu/sysfs/tracing/trace_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace daxemu::sysfs {
namespace {

using store::TraceBufferRecord;

// Puts values one after the other where the compiler of the kernel puts the members of a struct.
class StructMembers {
public:
  explicit StructMembers(std::span<std::byte> into) : into_(into) {}

  void align(std::size_t to) { at_ = (at_ + to - 1) / to * to; }
  void put(const void* bytes, std::size_t size) {
    if (size <= into_.size() - at_) {
      std::memcpy(into_.data() + at_, bytes, size);
      at_ += size;
    }
  }
  void put_at(std::size_t where, std::uint32_t word) { std::memcpy(into_.data() + where, &word, sizeof word); }
  [[nodiscard]] std::size_t at() const { return at_; }

private:
  std::span<std::byte> into_;
  std::size_t at_ = 0;
};

// Every event begins with it (struct trace_entry).
struct Common {
  std::string_view declaration;
  std::size_t offset;
  std::size_t size;
  bool is_signed;
};
constexpr Common kCommon[] = {{"unsigned short common_type", 0, 2, false},
                              {"unsigned char common_flags", 2, 1, false},
                              {"unsigned char common_preempt_count", 3, 1, false},
                              {"int common_pid", 4, 4, true}};
constexpr std::size_t kCommonSize = 8;

std::size_t alignment_of(const TraceField& field) {
  return field.bytes != nullptr ? 1 : field.size;
}
template <class Each>
void each_field(const TraceEvent& event, TraceForm form, Each each) {
  for (const auto& fields : {event.head, event.own}) {
    for (const TraceField& field : fields) {
      if (form.has(field.since)) {
        each(field);
      }
    }
  }
}

void put_uuid_text(std::span<const std::uint8_t> uuid, Text& out) {
  for (std::size_t at = 0; at < uuid.size(); ++at) {
    out.put(at == 4 || at == 6 || at == 8 || at == 10 ? "-" : "").digits(static_cast<unsigned>(uuid[at]), 16, 2);
  }
}
void put_bytes_text(std::span<const std::uint8_t> bytes, Text& out) {
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    out.put(at == 0 ? "" : " ").digits(static_cast<unsigned>(bytes[at]), 16, 2);
  }
  out.put(bytes.empty() ? "0x00" : "");
}
// trace_print_symbols_seq()
void put_symbol(std::uint64_t value, std::span<const Named> names, Text& out) {
  const auto found = std::ranges::find(names, value, &Named::value);
  if (found == names.end()) {
    out.hex(value);
  } else {
    out.put(found->word);
  }
}
// trace_print_flags_seq()
void put_flags(std::uint64_t value, std::span<const Named> names, std::string_view between, Text& out) {
  bool first = true;
  for (const Named& name : names) {
    if ((value & name.value) == name.value) {
      out.put(first ? "" : between).put(name.word);
      value &= ~name.value;
      first = false;
    }
  }
  if (value != 0) {
    out.put(first ? "" : between).hex(value);
  }
}

void put_piece(const TracePiece& piece, const CxlTraceRecord& event, Text& out) {
  const std::uint64_t value = piece.number == nullptr ? 0 : piece.number(event);
  out.put(piece.before);
  switch (piece.style) {
  case Style::decimal:
    out.number(value);
    break;
  case Style::signed_16:
    out.number(static_cast<std::int16_t>(value));
    break;
  case Style::hex:
    out.digits(value, 16);
    break;
  case Style::hex_0x:
    out.hex(value);
    break;
  case Style::text:
    out.put(piece.words(event));
    break;
  case Style::uuid:
    put_uuid_text(piece.bytes(event), out);
    break;
  case Style::bytes:
    put_bytes_text(piece.bytes(event), out);
    break;
  case Style::symbol:
    put_symbol(value, piece.names, out);
    break;
  case Style::flags:
    put_flags(value, piece.names, "|", out);
    break;
  case Style::pipe:
    put_flags(value, piece.names, " | ", out);
    break;
  }
  out.put(piece.behind);
}

void put_field(std::string_view declaration, std::size_t offset, std::size_t size, bool is_signed, Text& out) {
  out.put("\tfield:").put(declaration).put(";\toffset:").number(offset).put(";\tsize:");
  out.number(size).put(";\tsigned:").put(is_signed ? "1" : "0").put(";\n");
}

} // namespace

const CxlTraceRecord& event_at(const TraceBufferRecord& buffer, std::uint64_t number) {
  return buffer.events[number % buffer.events.size()];
}

void add_event(TraceBufferRecord& buffer, const CxlTraceRecord& event) {
  if (buffer.off != 0 || (buffer.enabled & enable_bit(event.kind)) == 0) {
    return;
  }
  buffer.events[buffer.next++ % buffer.events.size()] = event;
  if (buffer.next - buffer.first > buffer.events.size()) {
    ++buffer.first;
    ++buffer.lost;
  }
}

std::size_t encode(const CxlTraceRecord& record, TraceForm form, std::span<std::byte> into) {
  const TraceEvent& event = trace_event_of(record.kind);
  std::ranges::fill(into, std::byte{});
  StructMembers members(into);
  members.put(&event.id, sizeof event.id);
  members.align(sizeof record.pid);
  members.put(&record.pid, sizeof record.pid);
  std::size_t largest = sizeof record.pid;
  std::size_t texts = 0;
  each_field(event, form, [&](const TraceField& field) {
    members.align(alignment_of(field));
    largest = std::max(largest, alignment_of(field));
    const std::uint64_t value = field.number == nullptr ? 0 : field.number(record);
    if (field.bytes != nullptr) {
      members.put(field.bytes(record).data(), field.size);
    } else {
      members.put(&value, field.size); // of a text, where it will be
    }
    texts += field.words == nullptr ? 0 : field.words(record).size() + 1;
  });
  // What is asked for is the size of the struct, its end padded, and the texts behind its last member (guest).
  const std::size_t fixed = (members.at() + largest - 1) / largest * largest;
  std::size_t place = kCommonSize;
  each_field(event, form, [&](const TraceField& field) {
    place = (place + alignment_of(field) - 1) / alignment_of(field) * alignment_of(field);
    if (field.words != nullptr) {
      const std::string_view text = field.words(record);
      members.put_at(place, static_cast<std::uint32_t>((text.size() + 1) << 16U | members.at()));
      members.put(text.data(), text.size());
      members.put("", 1);
    }
    place += field.size;
  });
  constexpr std::size_t kWord = sizeof(std::uint32_t);
  return (fixed + texts + kWord - 1) / kWord * kWord;
}

std::size_t take_page(TraceBufferRecord& buffer, TraceForm form, std::span<std::byte, kTracePage> into) {
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
    const CxlTraceRecord& event = event_at(buffer, buffer.first);
    std::array<std::byte, kLongestTraceEvent> bytes;
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

void put_line(const CxlTraceRecord& record, TraceForm form, Text& out) {
  constexpr std::uint64_t kMicrosecond = 1000;
  constexpr std::uint64_t kSecond = 1'000'000;
  constexpr std::size_t kCommand = 16; // "%16s-%-7d"
  constexpr std::size_t kPid = 7;
  const std::string_view command = record.command.view();
  for (std::size_t at = command.size(); at < kCommand; ++at) {
    out.put(" ");
  }
  TextBuffer<16> pid;
  pid.number(record.pid);
  out.put(command).put("-").put(pid.view());
  for (std::size_t at = pid.size(); at < kPid; ++at) {
    out.put(" ");
  }
  const std::uint64_t micros = record.time / kMicrosecond;
  TextBuffer<24> seconds;
  seconds.number(micros / kSecond);
  constexpr std::size_t kSeconds = 5; // "%5lu"
  out.put(" [000] ..... ");
  for (std::size_t at = seconds.size(); at < kSeconds; ++at) {
    out.put(" ");
  }
  const TraceEvent& event = trace_event_of(record.kind);
  out.put(seconds.view()).put(".").digits(micros % kSecond, 10, 6).put(": ").put(event.name).put(": ");
  for (const auto& pieces : {event.line_head, event.line}) {
    for (const TracePiece& piece : pieces) {
      if (form.has(piece.since)) {
        put_piece(piece, record, out);
      }
    }
  }
  out.put("\n");
}

void put_format(const TraceEvent& event, TraceForm form, Text& out) {
  out.put("name: ").put(event.name).put("\nID: ").number(event.id).put("\nformat:\n");
  for (const Common& field : kCommon) {
    put_field(field.declaration, field.offset, field.size, field.is_signed, out);
  }
  out.put("\n");
  std::size_t at = kCommonSize;
  each_field(event, form, [&](const TraceField& field) {
    at = (at + alignment_of(field) - 1) / alignment_of(field) * alignment_of(field);
    put_field(field.declaration, at, field.size, field.is_signed, out);
    at += field.size;
  });
  // What to make of them: names of numbers are left to the reader, and what is of many bytes.
  out.put("\nprint fmt: \"");
  const auto each_said = [&](auto each) {
    bool first = true;
    each_field(event, form, [&](const TraceField& field) {
      if (field.bytes == nullptr) {
        each(field, first);
        first = false;
      }
    });
  };
  each_said([&](const TraceField& field, bool first) {
    out.put(first ? "" : " ").put(field.name).put(field.words != nullptr ? "=%s" : field.is_signed ? "=%d" : "=%llu");
  });
  out.put("\"");
  each_said([&](const TraceField& field, bool) {
    out.put(field.words != nullptr ? ", __get_str(" : ", REC->").put(field.name).put(field.words != nullptr ? ")" : "");
  });
  out.put("\n");
}

} // namespace daxemu::sysfs
