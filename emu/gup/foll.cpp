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

constexpr std::uint32_t kKnown = FOLL_WRITE | FOLL_TOUCH | FOLL_GET | FOLL_FORCE | FOLL_NOWAIT | FOLL_NOFAULT |
                                 FOLL_HWPOISON | FOLL_TRIED | FOLL_REMOTE | FOLL_ANON | FOLL_LONGTERM | FOLL_SPLIT_PMD |
                                 FOLL_PIN | FOLL_FAST_ONLY | FOLL_PCI_P2PDMA | FOLL_INTERRUPTIBLE |
                                 FOLL_HONOR_NUMA_FAULT;

} // namespace

std::span<const FlagRule> flag_rules() {
  return kRules;
}

Result<std::uint32_t> checked_flags(Call call, std::uint32_t flags, bool has_pages) {
  if ((flags & ~kKnown) != 0) {
    return fail(EINVAL);
  }
  for (const FlagRule& rule : kRules) {
    if ((rule.calls & bit(call)) != 0 && (flags & rule.flags) == rule.flags) {
      return fail(EINVAL);
    }
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
