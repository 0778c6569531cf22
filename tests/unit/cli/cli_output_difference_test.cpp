// The first line in which two outputs differ.
#include "runtime/cli/kernels/output_difference.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace daxemu::cli {
namespace {

using ::testing::HasSubstr;

Outputs printed(std::string out, std::string error = "") {
  return {{std::move(out), true}, {std::move(error), true}};
}
std::vector<Difference> between(const Outputs& first, const Outputs& here,
                                const std::vector<std::string>& ignored = {}) {
  return first_differences(first, here, *IgnoredLines::of("--ignore", ignored));
}

struct SameRow {
  const char* name;
  const char* first;
  const char* here;
  std::vector<std::string> ignored;
};
void PrintTo(const SameRow& row, std::ostream* out) {
  *out << row.name;
}
class Same : public ::testing::TestWithParam<SameRow> {};
TEST_P(Same, HasNoDifference) {
  const SameRow& row = GetParam();
  EXPECT_TRUE(between(printed(row.first), printed(row.here), row.ignored).empty());
  EXPECT_TRUE(between(printed(row.here), printed(row.first), row.ignored).empty());
}
INSTANTIATE_TEST_SUITE_P(Rows, Same,
                         ::testing::Values(SameRow{"nothing", "", "", {}}, SameRow{"equal", "a\nb\n", "a\nb\n", {}},
                                           SameRow{"last_line_without_end", "a\nb\n", "a\nb", {}},
                                           SameRow{"ignored_differs", "a\npid 1\n", "a\npid 22\n", {"^pid [0-9]+$"}},
                                           SameRow{"ignored_is_more", "a\nb\n", "a\npid 1\nb\npid 2\n", {"pid"}},
                                           SameRow{"two_expressions", "a\nx1\n", "y1\na\n", {"^x", "^y"}}),
                         [](const auto& row) { return std::string(row.param.name); });

struct DiffersRow {
  const char* name;
  const char* first;
  const char* here;
  std::uint64_t first_line;
  std::uint64_t here_line;
  std::optional<std::string> first_text;
  std::optional<std::string> here_text;
};
void PrintTo(const DiffersRow& row, std::ostream* out) {
  *out << row.name;
}
class Differs : public ::testing::TestWithParam<DiffersRow> {};
TEST_P(Differs, NamesBothLines) {
  const DiffersRow& row = GetParam();
  const auto found = between(printed(row.first), printed(row.here), {"^#"});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_STREQ(found[0].stream, "stdout");
  EXPECT_EQ(found[0].first.number, row.first_line);
  EXPECT_EQ(found[0].here.number, row.here_line);
  EXPECT_EQ(found[0].first.text, row.first_text);
  EXPECT_EQ(found[0].here.text, row.here_text);
}
INSTANTIATE_TEST_SUITE_P(Rows, Differs,
                         ::testing::Values(DiffersRow{"a_line", "a\nb\nc\n", "a\nB\nC\n", 2, 2, "b", "B"},
                                           DiffersRow{"less", "a\nb\n", "a\n", 2, 2, "b", std::nullopt},
                                           DiffersRow{"more", "a", "a\nb", 2, 2, std::nullopt, "b"},
                                           DiffersRow{"nothing_at_all", "", "a\n", 1, 1, std::nullopt, "a"},
                                           DiffersRow{"an_empty_line", "a\n", "a\n\n", 2, 2, std::nullopt, ""},
                                           DiffersRow{"behind_ignored", "#\na\nb\n", "a\n#\n#\nc\n", 3, 4, "b", "c"}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(OutputDifference, EachStreamHasItsOwn) {
  const auto found = between(printed("a\n", "e\n"), printed("a\n", "f\n"));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_STREQ(found[0].stream, "stderr");
  EXPECT_EQ(found[0].here.text, "f");
  const auto both = between(printed("a\n", "e\n"), printed("b\n", "f\n"));
  ASSERT_EQ(both.size(), 2U);
  EXPECT_STREQ(both[0].stream, "stdout");
  EXPECT_STREQ(both[1].stream, "stderr");
}

TEST(OutputDifference, TheEndOfWhatWasKeptIsNoEndOfTheOutput) {
  Outputs first = printed("a\nb");
  first.out.whole = false;
  EXPECT_TRUE(between(first, printed("a\nbc\nd\n")).empty()) << "the cut line may have gone on so";
  EXPECT_TRUE(between(printed("a\nbc\nd\n"), first).empty());
  EXPECT_EQ(between(first, printed("x\nb\n")).size(), 1U);
}

TEST(IgnoredLines, WhatIsNoExpressionIsRefusedByItsName) {
  const auto ignored = IgnoredLines::of("--ignore", {"fine", "a[b"});
  ASSERT_FALSE(ignored);
  EXPECT_THAT(ignored.error().what, HasSubstr("--ignore a[b is no regular expression: "));
  EXPECT_NE(ignored.error().remedy, "");
}

} // namespace
} // namespace daxemu::cli
