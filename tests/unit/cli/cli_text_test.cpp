// A command as one would type it, and text in lines.
#include <gtest/gtest.h>

#include "runtime/cli/text/shell_words.hpp"
#include "runtime/cli/text/wrapped.hpp"

namespace daxemu::cli {
namespace {

TEST(ShellWords, AreQuotedWhereAShellWouldReadThemOtherwise) {
  EXPECT_EQ(shell_words({"fio", "--size=1g", "a,b:c@d+e%f_g.h/i"}), "fio --size=1g a,b:c@d+e%f_g.h/i");
  EXPECT_EQ(shell_words({"sh", "-c", "./app; ./app"}), "sh -c './app; ./app'");
  EXPECT_EQ(shell_words({"echo", "", "it's", "$HOME", "*"}), R"(echo '' 'it'\''s' '$HOME' '*')");
  EXPECT_EQ(shell_words({}), "");
}

TEST(Wrapped, BreaksAtBlanksAndLeavesLongWordsWhole) {
  EXPECT_EQ(wrapped("one two three", 2, 7), "one two\n  three");
  EXPECT_EQ(wrapped("a /long/path/that/does/not/fit b", 1, 8), "a\n /long/path/that/does/not/fit\n b");
  EXPECT_EQ(wrapped("", 2, 7), "");
}

} // namespace
} // namespace daxemu::cli
