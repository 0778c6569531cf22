#include "emu/sysfs/tracing/tracing.hpp"

#include <array>

#include <unistd.h>

#include "emu/base/program/later_relocations.hpp"
#include "emu/dax/change.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/values.hpp"
#include "emu/sysfs/tracing/trace_buffer.hpp"

namespace daxemu::sysfs {
namespace {

using store::TraceBufferRecord;

// A scope's `cxl` is 1 + the number of the instance; 0: the top buffer. Its `number` is a CPU; the first one writes.
TraceBufferRecord& buffer_in(const Scope& scope) {
  store::TraceBuffersRecord& traced = scope.store->cxl().traced;
  return scope.cxl == 0 ? traced.top : traced.instances[scope.cxl - 1];
}
TraceForm form_in(const Scope& scope) {
  return {.is_newer = scope.store->profile().pci_says_more};
}

void each_instance(const Scope& scope, Members members) {
  const auto& instances = scope.store->cxl().traced.instances;
  for (std::uint32_t at = 0; at < instances.size(); ++at) {
    if (instances[at].used != 0 && !members(instances[at].name.view(), cxl_scope(scope, at + 1))) {
      return;
    }
  }
}
void each_cpu(const Scope& scope, Members members) {
  const long cpus = ::sysconf(_SC_NPROCESSORS_CONF);
  for (long at = 0; at < cpus; ++at) {
    Scope narrowed = scope;
    narrowed.number = static_cast<std::uint64_t>(at);
    NameText name;
    name.put("cpu").number(at);
    if (!members(name.view(), narrowed)) {
      return;
    }
  }
}

// A 0 or a 1 (rb_simple_write(), event_enable_write()).
Result<void> change_bits(const Scope& scope, std::string_view text, std::uint32_t TraceBufferRecord::*member,
                         std::uint32_t bits, bool inverted = false) {
  const auto value = parse_unsigned(text, 0);
  if (!value || *value > 1) {
    return fail(EINVAL);
  }
  auto change = dax::Change::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  std::uint32_t& word = buffer_in(scope).*member;
  word = inverted == (*value == 0) ? word | bits : word & ~bits;
  return {};
}
Result<void> show_on(const Scope& scope, Text& out) {
  out.put(buffer_in(scope).off != 0 ? "0\n" : "1\n");
  return {};
}
Result<void> store_on(const Scope& scope, std::string_view text) {
  return change_bits(scope, text, &TraceBufferRecord::off, 1, true);
}

// Of one event; of several X where they differ (system_enable_read()).
constexpr std::uint32_t kEveryEvent = (1U << (static_cast<unsigned>(CxlTraceKind::memory_module) + 1)) - 1;
template <std::uint32_t Bits>
Result<void> show_enabled(const Scope& scope, Text& out) {
  const std::uint32_t set = buffer_in(scope).enabled & Bits;
  out.put(set == 0 ? "0\n" : set == Bits ? "1\n" : "X\n");
  return {};
}
template <std::uint32_t Bits>
Result<void> store_enabled(const Scope& scope, std::string_view text) {
  return change_bits(scope, text, &TraceBufferRecord::enabled, Bits);
}

// `trace` shows what nobody has read, and is emptied by whatever is written.
Result<void> show_trace(const Scope& scope, Text& out) {
  const TraceBufferRecord& buffer = buffer_in(scope);
  out.put("# tracer: nop\n#\n# entries-in-buffer/entries-written: ").number(buffer.next - buffer.first);
  out.put("/").number(buffer.next).put("   #P:").number(::sysconf(_SC_NPROCESSORS_ONLN)).put("\n#\n");
  for (std::uint64_t at = buffer.first; at != buffer.next && scope.number == 0; ++at) {
    put_line(event_at(buffer, at), form_in(scope), out);
  }
  return {};
}
Result<void> store_trace(const Scope& scope, std::string_view) {
  auto change = dax::Change::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  TraceBufferRecord& buffer = buffer_in(scope);
  buffer.first = 0;
  buffer.next = 0;
  buffer.lost = 0;
  return {};
}
// Read once each.
Result<void> take_lines(const Scope& scope, Text& out) {
  auto change = dax::Change::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  TraceBufferRecord& buffer = buffer_in(scope);
  while (scope.number == 0 && !is_empty(buffer) && out.size() + kLongestTraceLine < kTracePage) {
    put_line(event_at(buffer, buffer.first++), form_in(scope), out);
  }
  return {};
}
Result<void> take_raw(const Scope& scope, Text& out) {
  auto change = dax::Change::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  std::array<std::byte, kTracePage> page;
  const std::size_t length = scope.number == 0 ? take_page(buffer_in(scope), form_in(scope), page) : 0;
  out.put({reinterpret_cast<const char*>(page.data()), length});
  return {};
}
Result<void> show_stats(const Scope& scope, Text& out) {
  const TraceBufferRecord& buffer = buffer_in(scope);
  const bool writes = scope.number == 0;
  out.put("entries: ").number(writes ? buffer.next - buffer.first : 0).put("\noverrun: ");
  out.number(writes ? buffer.lost : 0).put("\n");
  return {};
}
// How much there is to read, for poll(2) (trace_poll()).
std::uint64_t newest(const Scope& scope) {
  const TraceBufferRecord& buffer = buffer_in(scope);
  return scope.number != 0 || is_empty(buffer) ? 0 : buffer.next;
}
template <CxlTraceKind Kind>
Result<void> show_format(const Scope& scope, Text& out) {
  put_format(trace_event_of(Kind), form_in(scope), out);
  return {};
}
template <CxlTraceKind Kind>
Result<void> show_id(const Scope&, Text& out) {
  out.number(trace_event_of(Kind).id).put("\n");
  return {};
}

constexpr std::uint32_t kSettable = 0640;
constexpr std::uint32_t kShown = 0440;
NodeSpec constexpr pipe(std::string_view name, Show take) {
  NodeSpec spec = binary(name, kShown, 0, take);
  spec.is_pipe = true;
  spec.notices = newest;
  return spec;
}

// `trace` is as long as it gets.
NodeSpec constexpr whole(std::string_view name) {
  NodeSpec spec = binary(name, kSettable, 0, show_trace, store_trace);
  spec.most = store::kMaxTraceEvents * kLongestTraceLine;
  return spec;
}

template <CxlTraceKind Kind>
constexpr NodeSpec kEventFiles[] = {
    binary("enable", kSettable, 0, show_enabled<enable_bit(Kind)>, store_enabled<enable_bit(Kind)>),
    binary("format", kShown, 0, show_format<Kind>),
    binary("id", kShown, 0, show_id<Kind>),
};
template <CxlTraceKind Kind>
constinit const Directory kEvent = {kEventFiles<Kind>};
constexpr NodeSpec kCxlEventNodes[] = {
    directory("cxl_dram", kEvent<CxlTraceKind::dram>),
    directory("cxl_general_media", kEvent<CxlTraceKind::general_media>),
    directory("cxl_generic_event", kEvent<CxlTraceKind::generic>),
    directory("cxl_memory_module", kEvent<CxlTraceKind::memory_module>),
    directory("cxl_overflow", kEvent<CxlTraceKind::overflow>),
    directory("cxl_poison", kEvent<CxlTraceKind::poison>),
    binary("enable", kSettable, 0, show_enabled<kEveryEvent>, store_enabled<kEveryEvent>),
};
constinit const Directory kCxlEvents = {kCxlEventNodes};
constexpr NodeSpec kEventNodes[] = {
    directory("cxl", kCxlEvents),
    binary("enable", kSettable, 0, show_enabled<kEveryEvent>, store_enabled<kEveryEvent>),
    binary(
        "header_event", kShown, 0,
        constant<"# compressed entry header\n\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n\tarray       :   "
                 "32 bits\n\n\tpadding     : type == 29\n\ttime_extend : type == 30\n\ttime_stamp : type == 31\n\tdata "
                 "max type_len  == 28">),
    binary(
        "header_page", kShown, 0,
        constant<"\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\tfield: local_t "
                 "commit;\toffset:8;\tsize:8;\tsigned:1;\n\tfield: char "
                 "overwrite;\toffset:8;\tsize:1;\tsigned:0;\n\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;">),
};
constinit const Directory kEvents = {kEventNodes};

constexpr NodeSpec kCpuNodes[] = {
    binary("stats", kShown, 0, show_stats),
    whole("trace"),
    pipe("trace_pipe", take_lines),
    pipe("trace_pipe_raw", take_raw),
};
constinit const Directory kCpu = {kCpuNodes};
constexpr Family kCpuFamily[] = {{each_cpu, directory("", kCpu)}};
constinit const Directory kCpus = {{}, kCpuFamily};

bool is_top(const Scope& scope) {
  return scope.cxl == 0;
}
extern const Directory kInstances;
constexpr NodeSpec kBufferNodes[] = {
    binary("buffer_subbuf_size_kb", kSettable, 0, constant<"4">),
    binary("current_tracer", kSettable, 0, constant<"nop">),
    directory("events", kEvents),
    directory("instances", kInstances, is_top),
    directory("per_cpu", kCpus),
    whole("trace"),
    binary("trace_clock", kSettable, 0, constant<"[local]">),
    pipe("trace_pipe", take_lines),
    binary("tracing_on", kSettable, 0, show_on, store_on),
};
constinit const Directory kBuffer = {kBufferNodes};
constexpr Family kInstanceFamily[] = {{each_instance, directory("", kBuffer)}};
constinit const Directory kInstances = {{}, kInstanceFamily};

} // namespace

constinit const Directory kTracing = {kBufferNodes};

Result<void> make_trace_instance(const store::Store& store, std::string_view name) {
  tables_ready();
  auto change = dax::Change::begin(store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  TraceBufferRecord* place = nullptr;
  for (TraceBufferRecord& instance : store.cxl().traced.instances) {
    if (instance.used != 0 && instance.name.view() == name) {
      return fail(EEXIST);
    }
    place = place == nullptr && instance.used == 0 ? &instance : place;
  }
  if (place == nullptr) {
    return fail(ENOMEM);
  }
  *place = {};
  if (!place->name.assign(name)) {
    return fail(ENAMETOOLONG);
  }
  place->used = 1;
  return {};
}

Result<void> remove_trace_instance(const store::Store& store, std::string_view name) {
  tables_ready();
  auto change = dax::Change::begin(store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  for (TraceBufferRecord& instance : store.cxl().traced.instances) {
    if (instance.used != 0 && instance.name.view() == name) {
      instance.used = 0;
      return {};
    }
  }
  return fail(ENOENT);
}

} // namespace daxemu::sysfs
