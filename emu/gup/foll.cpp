#include "emu/gup/foll.hpp"

namespace daxemu::gup {
namespace {

constexpr std::uint32_t bit(Call call) {
  return 1U << static_cast<std::uint32_t>(call);
}
constexpr std::uint32_t kGets = bit(Call::get) | bit(Call::get_fast);
constexpr std::uint32_t kPins = bit(Call::pin) | bit(Call::pin_fast) | bit(Call::pin_folios);
constexpr std::uint32_t kFasts = bit(Call::get_fast) | bit(Call::pin_fast) | bit(Call::pin_folios);
constexpr std::uint32_t kSlows = bit(Call::get) | bit(Call::pin);
constexpr std::uint32_t kAll = kGets | kPins;

constexpr FlagRule kRules[] = {
    {kAll, FOLL_PIN, "is_valid_gup_args: internal only (6.1: is_valid_gup_flags, for the get calls)"},
    {kAll, FOLL_TRIED, "is_valid_gup_args: internal only (6.3)"},
    {kAll, FOLL_REMOTE, "is_valid_gup_args: internal only (6.3)"},
    {kAll, FOLL_TOUCH, "is_valid_gup_args: internal only (6.3)"},
    {kGets, FOLL_LONGTERM, "is_valid_gup_flags: LONGTERM is for pins only"},
    {kPins, FOLL_GET, "pin_user_pages*: GET and PIN exclude each other"},
    {kAll, FOLL_LONGTERM | FOLL_PCI_P2PDMA, "is_valid_gup_args: a pgmap of PCI memory can always be unplugged (6.2)"},
    {kSlows, FOLL_FAST_ONLY, "is_valid_gup_args: means nothing to the slow calls (6.3)"},
    {kFasts, FOLL_NOWAIT, "internal_get_user_pages_fast: not among the flags it takes"},
    {kFasts, FOLL_HWPOISON, "internal_get_user_pages_fast: not among the flags it takes"},
    {kFasts, FOLL_ANON, "internal_get_user_pages_fast: not among the flags it takes"},
    {kFasts, FOLL_SPLIT_PMD, "internal_get_user_pages_fast: not among the flags it takes"},
    {kFasts, FOLL_INTERRUPTIBLE, "internal_get_user_pages_fast: not among the flags it takes"},
};

// What one flag alone decides, per call: all rules but those of several flags in one mask.
constexpr std::uint32_t forbidden_flags(Call call) {
  std::uint32_t mask = 0;
  for (const FlagRule& rule : kRules) {
    mask |= (rule.calls & bit(call)) != 0 && (rule.flags & (rule.flags - 1)) == 0 ? rule.flags : 0;
  }
  return mask;
}
constexpr std::uint32_t kForbidden[] = {forbidden_flags(Call::get), forbidden_flags(Call::get_fast),
                                        forbidden_flags(Call::pin), forbidden_flags(Call::pin_fast),
                                        forbidden_flags(Call::pin_folios)};
// The only rule of two flags.
constexpr std::uint32_t kExclusive = FOLL_LONGTERM | FOLL_PCI_P2PDMA;

constexpr std::uint32_t kKnown = FOLL_WRITE | FOLL_TOUCH | FOLL_GET | FOLL_FORCE | FOLL_NOWAIT | FOLL_NOFAULT |
                                 FOLL_HWPOISON | FOLL_TRIED | FOLL_REMOTE | FOLL_ANON | FOLL_LONGTERM | FOLL_SPLIT_PMD |
                                 FOLL_PIN | FOLL_FAST_ONLY | FOLL_PCI_P2PDMA | FOLL_INTERRUPTIBLE |
                                 FOLL_HONOR_NUMA_FAULT;

} // namespace

std::span<const FlagRule> flag_rules() {
  return kRules;
}

Result<std::uint32_t> checked_flags(Call call, std::uint32_t flags, bool has_pages) {
  if ((flags & (~kKnown | kForbidden[static_cast<std::uint32_t>(call)])) != 0 || (flags & kExclusive) == kExclusive) {
    return fail(EINVAL);
  }
  if (is_pin(call)) {
    return has_pages ? Result<std::uint32_t>(flags | FOLL_PIN) : fail(EINVAL);
  }
  // get_user_pages without an array only faults pages in (__get_user_pages_locked sets FOLL_GET for an array).
  if (!has_pages && (is_fast(call) || (flags & FOLL_GET) != 0)) {
    return fail(EINVAL);
  }
  return has_pages ? flags | FOLL_GET : flags;
}

} // namespace daxemu::gup
