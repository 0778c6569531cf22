// Mistakes on the command line: the wrong word is named, and the nearest right one.
#include "runtime/cli/command_line/mistake.hpp"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/cli/command_line/commands.hpp"
#include "runtime/cli/text/nearest.hpp"
#include "tests/unit/readable.hpp"

namespace daxemu::cli {
namespace {

using ::testing::HasSubstr;
using Words = std::vector<std::string>;

TEST(EditDistance, CountsSlips) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("run", "run"), 0U);
  EXPECT_EQ(edit_distance("rnu", "run"), 1U); // neighbours swapped
  EXPECT_EQ(edit_distance("--sizee", "--size"), 1U);
  EXPECT_EQ(edit_distance("--szie", "--size"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Nearest, NamesTheNearestOrNothing) {
  const Words verbs = {"run", "doctor", "list"};
  EXPECT_EQ(nearest("rn", verbs), "run");
  EXPECT_EQ(nearest("dcotor", verbs), "doctor");
  EXPECT_EQ(nearest("lst", verbs), "list");
  EXPECT_EQ(nearest("frobnicate", verbs), "");
  EXPECT_EQ(nearest("x", {}), "");
}

struct Row {
  Words words;
  const char* what;
  const char* remedy;
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << readable(row.what);
}

class Mistake : public ::testing::TestWithParam<Row> {};

TEST_P(Mistake, IsNamedWithARemedy) {
  CLI::App app("test", "daxemu");
  app.require_subcommand(1);
  const auto run = add_run_verb(app);
  const auto doctor = add_doctor_verb(app);
  const auto list = add_list_verb(app);
  const Words& words = GetParam().words;
  try {
    app.parse(Words(words.rbegin(), words.rend()));
    FAIL() << "parsed";
  } catch (const CLI::ParseError& error) {
    const Problem problem = mistake_of(app, error, words);
    EXPECT_EQ(problem.code, EINVAL);
    EXPECT_EQ(problem.what, GetParam().what);
    EXPECT_THAT(problem.remedy, HasSubstr(GetParam().remedy));
    EXPECT_EQ(problem.what.find('\n'), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Mistake,
    ::testing::Values(Row{{}, "no verb given", "run, doctor, list"},
                      Row{{"rnu"}, "there is no verb 'rnu'", "did you mean run?"},
                      Row{{"frobnicate"}, "there is no verb 'frobnicate'", "use one of: run, doctor, list"},
                      Row{{"--jsn", "list"}, "list has no flag --jsn", "did you mean --json?"},
                      Row{{"--verison"}, "there is no flag --verison before the verb", "run, doctor, list"},
                      Row{{"run", "--size", "3M", "--sizee", "4M"}, "run has no flag --sizee", "did you mean --size?"},
                      Row{{"run", "--aline=2M"}, "run has no flag --aline", "did you mean --align?"},
                      Row{{"run", "ls", "-l"}, "run does not know what 'ls' is", "put the command behind --"},
                      Row{{"list", "dax0.0"}, "list does not know what 'dax0.0' is", "daxemu list --help"},
                      Row{{"run", "--size"}, "--size has no value", "put one behind it"},
                      Row{{"run", "--size", "1G", "--size", "2G"}, "--size is given more than once", "give it once"}));

} // namespace
} // namespace daxemu::cli
