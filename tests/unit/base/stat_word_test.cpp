#include "emu/base/text/stat_word.hpp"

#include <gtest/gtest.h>

namespace daxemu {
namespace {

TEST(StatWord, IsCountedFromTheEndOfTheName) {
  constexpr std::string_view kStat = "17 (a) Z (b\n) S 1 22 333\n";
  EXPECT_EQ(stat_word(kStat, 3), "S");
  EXPECT_EQ(stat_word(kStat, 4), "1");
  EXPECT_EQ(stat_word(kStat, 6), "333");
}

TEST(StatWord, IsEmptyWhereThereIsNone) {
  EXPECT_EQ(stat_word("17 (a) S 1 22 333\n", 7), "");
  EXPECT_EQ(stat_word("17 (a)", 3), "");
  EXPECT_EQ(stat_word("17 a S", 3), "");
  EXPECT_EQ(stat_word("", 3), "");
}

} // namespace
} // namespace daxemu
