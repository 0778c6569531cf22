// Which FOLL_* flags each call takes: the kernel's EINVAL.
#include "emu/gup/foll.hpp"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace daxemu::gup {
namespace {

enum Family : std::uint32_t { GET = 1, GET_FAST = 2, PIN = 4, PIN_FAST = 8, FOLIOS = 16, ALL = 31 };

struct Row {
  std::uint32_t flags;
  std::uint32_t accepted; // families that take them
  const char* kernel;
};
constexpr Row kRows[] = {
    {0, ALL, "a read"},
    {FOLL_WRITE, ALL, "a write"},
    {FOLL_FORCE, ALL, "internal_get_user_pages_fast takes it"},
    {FOLL_WRITE | FOLL_FORCE, ALL, "the same"},
    {FOLL_NOFAULT, ALL, "internal_get_user_pages_fast takes it"},
    {FOLL_HONOR_NUMA_FAULT, ALL, "gup_fast_fallback takes it (6.5)"},
    {FOLL_PCI_P2PDMA, ALL, "internal_get_user_pages_fast takes it (6.2)"},
    {FOLL_GET, GET | GET_FAST, "pin_user_pages*: exclude each other; implied for the get calls"},
    {FOLL_PIN, 0, "is_valid_gup_args: internal"},
    {FOLL_GET | FOLL_PIN, 0, "exclude each other"},
    {FOLL_TOUCH, 0, "is_valid_gup_args: internal"},
    {FOLL_REMOTE, 0, "is_valid_gup_args: internal, set by the remote calls"},
    {FOLL_TRIED, 0, "is_valid_gup_args: internal"},
    {FOLL_LONGTERM, PIN | PIN_FAST | FOLIOS, "is_valid_gup_flags: needs FOLL_PIN"},
    {FOLL_LONGTERM | FOLL_WRITE, PIN | PIN_FAST | FOLIOS, "the same"},
    {FOLL_LONGTERM | FOLL_PCI_P2PDMA, 0, "is_valid_gup_args (6.2)"},
    {FOLL_FAST_ONLY, GET_FAST | PIN_FAST | FOLIOS, "get_user_pages_fast_only; nothing to the slow calls"},
    {FOLL_NOWAIT, GET | PIN, "not among internal_get_user_pages_fast's"},
    {FOLL_HWPOISON, GET | PIN, "not among internal_get_user_pages_fast's"},
    {FOLL_ANON, GET | PIN, "not among internal_get_user_pages_fast's"},
    {FOLL_SPLIT_PMD, GET | PIN, "not among internal_get_user_pages_fast's"},
    {FOLL_INTERRUPTIBLE, GET | PIN, "not among internal_get_user_pages_fast's"},
    {0x40000000, 0, "no such flag"},
};
constexpr std::pair<Call, Family> kCalls[] = {{Call::get, GET},
                                              {Call::get_fast, GET_FAST},
                                              {Call::pin, PIN},
                                              {Call::pin_fast, PIN_FAST},
                                              {Call::pin_folios, FOLIOS}};

TEST(FollFlags, EachCallTakesWhatTheKernelsDoes) {
  for (const Row& row : kRows) {
    for (const auto& [call, family] : kCalls) {
      const auto checked = checked_flags(call, row.flags, true);
      ASSERT_EQ(checked.has_value(), (row.accepted & family) != 0)
          << std::hex << row.flags << " family " << family << ": " << row.kernel;
      if (checked) {
        EXPECT_EQ(*checked, row.flags | (is_pin(call) ? FOLL_PIN : FOLL_GET));
      } else {
        EXPECT_EQ(checked.error(), Errno{EINVAL});
      }
    }
  }
}

TEST(FollFlags, WithoutAnArrayOnlyTheSlowGetMakesSense) {
  EXPECT_EQ(checked_flags(Call::get, FOLL_WRITE, false), FOLL_WRITE) << "faults pages in, takes nothing";
  EXPECT_EQ(checked_flags(Call::get, FOLL_GET, false).error(), Errno{EINVAL});
  EXPECT_EQ(checked_flags(Call::get_fast, 0, false).error(), Errno{EINVAL});
  EXPECT_EQ(checked_flags(Call::pin, 0, false).error(), Errno{EINVAL}) << "pin_user_pages: FOLL_PIN requires pages";
  EXPECT_EQ(checked_flags(Call::pin_fast, 0, false).error(), Errno{EINVAL});
}

TEST(FollFlags, EveryRuleNamesItsPlace) {
  for (const FlagRule& rule : flag_rules()) {
    EXPECT_NE(rule.calls, 0U);
    EXPECT_NE(std::string(rule.kernel).find(':'), std::string::npos);
  }
}

} // namespace
} // namespace daxemu::gup
