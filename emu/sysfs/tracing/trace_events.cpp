#include "emu/sysfs/tracing/trace_events.hpp"

#include <algorithm>

#include "emu/sysfs/tracing/trace_values.hpp"
#include "emu/sysfs/tracing/trace_words.hpp"

namespace daxemu::sysfs {
namespace {

using said::kByte;

constexpr TraceField text(std::string_view declaration, std::string_view name, Words words) {
  return {
      .declaration = declaration, .name = name, .size = 4, .is_signed = false, .since = Since::always, .words = words};
}
constexpr TraceField number(std::string_view declaration, std::string_view name, std::uint8_t size, Number value,
                            Since since = Since::always, bool is_signed = false) {
  return {
      .declaration = declaration, .name = name, .size = size, .is_signed = is_signed, .since = since, .number = value};
}
constexpr TraceField bytes(std::string_view declaration, std::string_view name, std::uint8_t size, Bytes value,
                           Since since = Since::always) {
  return {.declaration = declaration, .name = name, .size = size, .is_signed = false, .since = since, .bytes = value};
}
constexpr TraceField u8(std::string_view declaration, Number value, Since since = Since::always) {
  return number(declaration, declaration.substr(3), 1, value, since);
}
constexpr TraceField u16(std::string_view declaration, Number value, Since since = Since::always) {
  return number(declaration, declaration.substr(4), 2, value, since);
}
constexpr TraceField u32(std::string_view declaration, Number value, Since since = Since::always) {
  return number(declaration, declaration.substr(4), 4, value, since);
}
constexpr TraceField u64(std::string_view declaration, Number value, Since since = Since::always) {
  return number(declaration, declaration.substr(4), 8, value, since);
}

constexpr TracePiece say(std::string_view before, Style style, Number value, Since since = Since::always) {
  return {.before = before, .style = style, .since = since, .number = value};
}
constexpr TracePiece say_text(std::string_view before, Words value) {
  return {.before = before, .style = Style::text, .since = Since::always, .words = value};
}
constexpr TracePiece say_bytes(std::string_view before, Style style, Bytes value, Since since = Since::always) {
  return {.before = before, .style = style, .since = since, .bytes = value};
}
// In quotes, if they begin with one.
constexpr TracePiece say_words(std::string_view before, Style style, Number value, std::span<const Named> names,
                               Since since = Since::always) {
  return {.before = before,
          .style = style,
          .since = since,
          .number = value,
          .names = names,
          .behind = before.ends_with('\'') ? "'" : ""};
}

constexpr Since kNewer = Since::newer;
constexpr Since kOlder = Since::older;

// CXL_EVT_TP_entry
constexpr TraceField kHead[] = {
    text("__data_loc char[] memdev", "memdev", said::memdev),
    text("__data_loc char[] host", "host", said::host),
    number("int log", "log", 4, said::log, Since::always, true),
    bytes("uuid_t hdr_uuid", "hdr_uuid", 16, said::kId),
    u64("u64 serial", said::serial),
    u32("u32 hdr_flags", said::kFlags),
    u16("u16 hdr_handle", said::kHandle),
    u16("u16 hdr_related_handle", said::kRelated),
    u64("u64 hdr_timestamp", said::kTimestamp),
    u8("u8 hdr_length", said::kLength),
    u8("u8 hdr_maint_op_class", said::kMaintenance),
    u8("u8 hdr_maint_op_sub_class", said::kMaintenanceSub, kNewer),
    u16("u16 hdr_ld_id", said::kLdId, kNewer),
    u8("u8 hdr_head_id", said::kHeadId, kNewer),
};
constexpr TracePiece kOfDevice[] = {
    say_text("memdev=", said::memdev),
    say_text(" host=", said::host),
    say(" serial=", Style::decimal, said::serial),
};
// CXL_EVT_TP_printk
constexpr TracePiece kHeadLine[] = {
    kOfDevice[0],
    kOfDevice[1],
    kOfDevice[2],
    say_words(" log=", Style::symbol, said::log, named::kLogs),
    say(" : time=", Style::decimal, said::kTimestamp),
    say_bytes(" uuid=", Style::uuid, said::kId),
    say(" len=", Style::decimal, said::kLength),
    say_words(" flags='", Style::pipe, said::kFlags, named::kHeaderFlags),
    say(" handle=", Style::hex, said::kHandle),
    say(" related_handle=", Style::hex, said::kRelated),
    say(" maint_op_class=", Style::decimal, said::kMaintenance),
    say(" maint_op_sub_class=", Style::decimal, said::kMaintenanceSub, kNewer),
    say(" ld_id=", Style::hex, said::kLdId, kNewer),
    say(" head_id=", Style::hex, said::kHeadId, kNewer),
};

constexpr TraceField kGenericFields[] = {bytes("u8 data[80]", "data", 80, said::kData)};
constexpr TracePiece kGenericLine[] = {say_bytes(" : ", Style::bytes, said::kData)};

// A component of PLDM: its first byte says what of it is there (show_pldm_entity_id, show_pldm_resource_id).
template <Number Validity, std::uint64_t Both, std::size_t At, std::uint8_t Bit, std::size_t From, std::size_t Size>
std::span<const std::uint8_t> pldm(const CxlTraceRecord& event) {
  const bool is_there = (Validity(event) & Both) == Both && (kByte<At>(event) & Bit) != 0;
  return is_there ? said::bytes<At + From, Size>(event) : std::span<const std::uint8_t>{};
}
template <Number Validity, std::uint64_t Both, std::size_t At>
struct Component {
  static constexpr Bytes kWhole = said::bytes<At, 16>;
  static constexpr Bytes kEntity = pldm<Validity, Both, At, 1, 1, 6>;
  static constexpr Bytes kResource = pldm<Validity, Both, At, 2, 7, 4>;
  static constexpr TracePiece kSaid[] = {
      say_bytes(" comp_id=", Style::bytes, kWhole, kNewer),
      say_words(" comp_id_pldm_valid_flags='", Style::pipe, kByte<At>, named::kComponents, kNewer),
      say_bytes(" pldm_entity_id=", Style::bytes, kEntity, kNewer),
      say_bytes(" pldm_resource_id=", Style::bytes, kResource, kNewer),
  };
};

// struct cxl_event_gen_media
using MediaComponent = Component<said::kValidity, 8 | 16, 66>;
constexpr Number kDevice = said::number<63, 3>;
constexpr TraceField kMediaFields[] = {
    u64("u64 dpa", said::dpa),
    u8("u8 descriptor", said::kDescriptor),
    u8("u8 type", said::kType),
    u8("u8 transaction_type", said::kTransaction),
    u8("u8 channel", said::kChannel),
    u32("u32 device", kDevice),
    bytes("u8 comp_id[16]", "comp_id", 16, MediaComponent::kWhole),
    u64("u64 hpa", said::hpa),
    u64("u64 hpa_alias0", said::no_alias, kNewer),
    bytes("uuid_t region_uuid", "region_uuid", 16, said::region_uuid),
    u16("u16 validity_flags", said::kValidity),
    u8("u8 rank", said::kRank),
    u8("u8 dpa_flags", said::dpa_flags),
    u32("u32 cme_count", said::count_beyond<83>, kNewer),
    u8("u8 sub_type", kByte<86>, kNewer),
    u8("u8 cme_threshold_ev_flags", kByte<82>, kNewer),
    text("__data_loc char[] region_name", "region_name", said::region),
};
constexpr TracePiece kMediaLine[] = {
    say(" : dpa=", Style::hex, said::dpa),
    say_words(" dpa_flags='", Style::flags, said::dpa_flags, named::kAddressFlags),
    say_words(" descriptor='", Style::flags, said::kDescriptor, named::kDescriptors),
    say_words(" type='", Style::symbol, said::kType, named::kMediaTypes),
    say_words(" sub_type='", Style::symbol, kByte<86>, named::kSubTypes, kNewer),
    say_words(" transaction_type='", Style::symbol, said::kTransaction, named::kTransactions),
    say(" channel=", Style::decimal, said::kChannel),
    say(" rank=", Style::decimal, said::kRank),
    say(" device=", Style::hex, kDevice),
    say_bytes(" comp_id=", Style::bytes, MediaComponent::kWhole, kOlder),
    say_words(" validity_flags='", Style::flags, said::kValidity, named::kMediaValid),
    MediaComponent::kSaid[0],
    MediaComponent::kSaid[1],
    MediaComponent::kSaid[2],
    MediaComponent::kSaid[3],
    say(" hpa=", Style::hex, said::hpa),
    say(" hpa_alias0=", Style::hex, said::no_alias, kNewer),
    say_text(" region=", said::region),
    say_bytes(" region_uuid=", Style::uuid, said::region_uuid),
    say_words(" cme_threshold_ev_flags='", Style::flags, kByte<82>, named::kThresholds, kNewer),
    say(" cme_count=", Style::decimal, said::count_beyond<83>, kNewer),
};

// struct cxl_event_dram
using DramComponent = Component<said::kValidity, 256 | 512, 105>;
constexpr Number kNibbles = said::number<63, 3>;
constexpr Number kBankGroup = kByte<66>;
constexpr Number kBank = kByte<67>;
constexpr Number kRow = said::number<68, 3>;
constexpr Number kColumn = said::number<71, 2>;
constexpr Bytes kCorrection = said::bytes<73, 32>;
constexpr TraceField kDramFields[] = {
    u64("u64 dpa", said::dpa),
    u8("u8 descriptor", said::kDescriptor),
    u8("u8 type", said::kType),
    u8("u8 transaction_type", said::kTransaction),
    u8("u8 channel", said::kChannel),
    u16("u16 validity_flags", said::kValidity),
    u16("u16 column", kColumn),
    u32("u32 nibble_mask", kNibbles),
    u32("u32 row", kRow),
    bytes("u8 cor_mask[32]", "cor_mask", 32, kCorrection),
    u64("u64 hpa", said::hpa),
    u64("u64 hpa_alias0", said::no_alias, kNewer),
    bytes("uuid_t region_uuid", "region_uuid", 16, said::region_uuid),
    u8("u8 rank", said::kRank),
    u8("u8 bank_group", kBankGroup),
    u8("u8 bank", kBank),
    u8("u8 dpa_flags", said::dpa_flags),
    bytes("u8 comp_id[16]", "comp_id", 16, DramComponent::kWhole, kNewer),
    u32("u32 cvme_count", said::count_beyond<123>, kNewer),
    u8("u8 sub_type", kByte<126>, kNewer),
    u8("u8 sub_channel", kByte<121>, kNewer),
    u8("u8 cme_threshold_ev_flags", kByte<122>, kNewer),
    text("__data_loc char[] region_name", "region_name", said::region),
};
constexpr TracePiece kDramLine[] = {
    say(" : dpa=", Style::hex, said::dpa),
    say_words(" dpa_flags='", Style::flags, said::dpa_flags, named::kAddressFlags),
    say_words(" descriptor='", Style::flags, said::kDescriptor, named::kDescriptors),
    say_words(" type='", Style::symbol, said::kType, named::kDramTypes),
    say_words(" sub_type='", Style::symbol, kByte<126>, named::kSubTypes, kNewer),
    say_words(" transaction_type='", Style::symbol, said::kTransaction, named::kTransactions),
    say(" channel=", Style::decimal, said::kChannel),
    say(" rank=", Style::decimal, said::kRank),
    say(" nibble_mask=", Style::hex, kNibbles),
    say(" bank_group=", Style::decimal, kBankGroup),
    say(" bank=", Style::decimal, kBank),
    say(" row=", Style::decimal, kRow),
    say(" column=", Style::decimal, kColumn),
    say_bytes(" cor_mask=", Style::bytes, kCorrection),
    say_words(" validity_flags='", Style::flags, said::kValidity, named::kDramValid),
    DramComponent::kSaid[0],
    DramComponent::kSaid[1],
    DramComponent::kSaid[2],
    DramComponent::kSaid[3],
    say(" hpa=", Style::hex, said::hpa),
    say(" hpa_alias0=", Style::hex, said::no_alias, kNewer),
    say_text(" region=", said::region),
    say_bytes(" region_uuid=", Style::uuid, said::region_uuid),
    say(" sub_channel=", Style::decimal, kByte<121>, kNewer),
    say_words(" cme_threshold_ev_flags='", Style::flags, kByte<122>, named::kThresholds, kNewer),
    say(" cvme_count=", Style::decimal, said::count_beyond<123>, kNewer),
};

// struct cxl_event_mem_module, and struct cxl_get_health_info in it
constexpr Number kModuleValidity = said::number<67, 2>;
using ModuleComponent = Component<kModuleValidity, 1 | 2, 69>;
constexpr Number kTemperature = said::number<53, 2>;
constexpr Number kShutdowns = said::number<55, 4>;
constexpr Number kVolatileErrors = said::number<59, 4>;
constexpr Number kPersistentErrors = said::number<63, 4>;
// Two bits of the additional status, or one.
template <unsigned Shift, std::uint64_t Mask>
std::uint64_t status(const CxlTraceRecord& event) {
  return kByte<51>(event) >> Shift & Mask;
}
constexpr TraceField kModuleFields[] = {
    u8("u8 event_type", kByte<48>),
    u8("u8 health_status", kByte<49>),
    u8("u8 media_status", kByte<50>),
    u8("u8 life_used", kByte<52>),
    u32("u32 dirty_shutdown_cnt", kShutdowns),
    u32("u32 cor_vol_err_cnt", kVolatileErrors),
    u32("u32 cor_per_err_cnt", kPersistentErrors),
    number("s16 device_temp", "device_temp", 2, kTemperature, Since::always, true),
    u8("u8 add_status", kByte<51>),
    u8("u8 event_sub_type", kByte<85>, kNewer),
    bytes("u8 comp_id[16]", "comp_id", 16, ModuleComponent::kWhole, kNewer),
    u16("u16 validity_flags", kModuleValidity, kNewer),
};
constexpr TracePiece kModuleLine[] = {
    say_words(" : event_type='", Style::symbol, kByte<48>, named::kModuleTypes),
    say_words(" event_sub_type='", Style::symbol, kByte<85>, named::kModuleSubTypes, kNewer),
    say_words(" health_status='", Style::flags, kByte<49>, named::kHealth),
    say_words(" media_status='", Style::symbol, kByte<50>, named::kMediaStatus),
    say_words(" as_life_used=", Style::symbol, status<0, 3>, named::kSeverity),
    say_words(" as_dev_temp=", Style::symbol, status<2, 3>, named::kSeverity),
    say_words(" as_cor_vol_err_cnt=", Style::symbol, status<4, 1>, named::kSeverity),
    say_words(" as_cor_per_err_cnt=", Style::symbol, status<5, 1>, named::kSeverity),
    say(" life_used=", Style::decimal, kByte<52>),
    say(" device_temp=", Style::signed_16, kTemperature),
    say(" dirty_shutdown_cnt=", Style::decimal, kShutdowns),
    say(" cor_vol_err_cnt=", Style::decimal, kVolatileErrors),
    say(" cor_per_err_cnt=", Style::decimal, kPersistentErrors),
    say_words(" validity_flags='", Style::flags, kModuleValidity, named::kModuleValid, kNewer),
    ModuleComponent::kSaid[0],
    ModuleComponent::kSaid[1],
    ModuleComponent::kSaid[2],
    ModuleComponent::kSaid[3],
};

// struct cxl_get_event_payload
constexpr Number kOverflowed = said::number<2, 2>;
constexpr Number kFirst = said::number<4, 8>;
constexpr Number kLast = said::number<12, 8>;
constexpr TraceField kOverflowFields[] = {kHead[0],
                                          kHead[1],
                                          kHead[2],
                                          u64("u64 serial", said::serial),
                                          u64("u64 first_ts", kFirst),
                                          u64("u64 last_ts", kLast),
                                          u16("u16 count", kOverflowed)};
constexpr TracePiece kOverflowLine[] = {
    say_words(": log=", Style::symbol, said::log, named::kLogs),
    say(" : ", Style::decimal, kOverflowed),
    say(" records from ", Style::decimal, kFirst),
    say(" to ", Style::decimal, kLast),
};

std::uint64_t poison_dpa(const CxlTraceRecord& event) {
  return event.dpa;
}
std::uint64_t poison_length(const CxlTraceRecord& event) {
  return event.length;
}
std::uint64_t poison_source(const CxlTraceRecord& event) {
  return event.source;
}
std::uint64_t poison_type(const CxlTraceRecord& event) {
  return event.trace_type;
}
constexpr TraceField kPoisonFields[] = {
    kHead[0],
    kHead[1],
    u64("u64 serial", said::serial),
    u8("u8 trace_type", poison_type),
    text("__data_loc char[] region", "region", said::region),
    u64("u64 overflow_ts", said::zero),
    u64("u64 hpa", said::hpa),
    u64("u64 hpa_alias0", said::no_alias, kNewer),
    u64("u64 dpa", poison_dpa),
    u32("u32 dpa_length", poison_length),
    bytes("char uuid[16]", "uuid", 16, said::region_uuid),
    u8("u8 source", poison_source),
    u8("u8 flags", said::zero),
};
constexpr TracePiece kPoisonLine[] = {
    say_words(" trace_type=", Style::symbol, poison_type, named::kPoisonTypes),
    say_text(" region=", said::region),
    say_bytes(" region_uuid=", Style::uuid, said::region_uuid),
    say(" hpa=", Style::hex_0x, said::hpa),
    say(" hpa_alias0=", Style::hex_0x, said::no_alias, kNewer),
    say(" dpa=", Style::hex_0x, poison_dpa),
    say(" dpa_length=", Style::hex_0x, poison_length),
    say_words(" source=", Style::symbol, poison_source, named::kPoisonSources),
    say_words(" flags=", Style::flags, said::zero, {}),
    say(" overflow_time=", Style::decimal, said::zero),
};

constexpr TraceEvent kEvents[] = {
    {CxlTraceKind::poison, "cxl_poison", 1373, {}, kPoisonFields, kOfDevice, kPoisonLine},
    {CxlTraceKind::overflow, "cxl_overflow", 1379, {}, kOverflowFields, kOfDevice, kOverflowLine},
    {CxlTraceKind::generic, "cxl_generic_event", 1378, kHead, kGenericFields, kHeadLine, kGenericLine},
    {CxlTraceKind::general_media, "cxl_general_media", 1377, kHead, kMediaFields, kHeadLine, kMediaLine},
    {CxlTraceKind::dram, "cxl_dram", 1376, kHead, kDramFields, kHeadLine, kDramLine},
    {CxlTraceKind::memory_module, "cxl_memory_module", 1375, kHead, kModuleFields, kHeadLine, kModuleLine},
};

} // namespace

std::span<const TraceEvent> trace_events() {
  return kEvents;
}

const TraceEvent& trace_event_of(CxlTraceKind kind) {
  const auto found = std::ranges::find(kEvents, kind, &TraceEvent::kind);
  return found == std::end(kEvents) ? kEvents[0] : *found;
}

} // namespace daxemu::sysfs
