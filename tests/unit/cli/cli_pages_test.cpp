// Manual pages, completions and --help, which are made from the verbs' own table: for every verb, every flag.
#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/cli/command_line/help_format.hpp"
#include "runtime/cli/command_line/manual.hpp"
#include "runtime/cli/command_line/mistake.hpp"
#include "runtime/cli/command_line/program.hpp"
#include "runtime/cli/pages/completion.hpp"
#include "runtime/cli/pages/man_page.hpp"

namespace daxemu::cli {
namespace {

using ::testing::HasSubstr;
using Words = std::vector<std::string>;

std::vector<VerbText> verbs() {
  Program program;
  return verbs_of(program);
}
// What parsing says; nothing: it was taken.
std::optional<Problem> parsed(const Words& words) {
  Program program;
  try {
    program.app().parse(Words(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    return mistake_of(program.app(), error, words);
  }
  return std::nullopt;
}
// The slips of a typist: a letter left out, doubled, swapped with the next.
Words slips_of(const std::string& word, std::size_t from) {
  Words slips;
  for (std::size_t at = from; at < word.size(); ++at) {
    slips.push_back(word.substr(0, at) + word.substr(at + 1));
    slips.push_back(word.substr(0, at + 1) + word.substr(at));
    if (at + 1 < word.size() && word[at] != word[at + 1]) {
      slips.push_back(word.substr(0, at) + word[at + 1] + word[at] + word.substr(at + 2));
    }
  }
  return slips;
}
std::string flag_list(const VerbText& verb) {
  std::string all;
  for (const ArgumentText& flag : verb.flags) {
    for (const std::string& name : flag.names) {
      all += name + " ";
    }
  }
  return all;
}

// Lines of more than `width` characters.
std::string lines_over(const std::string& text, std::size_t width) {
  std::string over;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    over += end - begin > width ? text.substr(begin, end - begin) + "\n" : "";
    begin = end + 1;
  }
  return over;
}

class EveryVerb : public ::testing::TestWithParam<std::string> {
protected:
  Program program_;
  VerbText verb_ = verb_of(program_, GetParam());
};

TEST_P(EveryVerb, HasWordsForAll) {
  EXPECT_NE(verb_.description, "");
  for (const std::vector<ArgumentText>* list : {&verb_.positionals, &verb_.flags}) {
    for (const ArgumentText& argument : *list) {
      EXPECT_NE(argument.description, "") << argument.names.front();
    }
  }
  EXPECT_NE(manual_of(verb_.name), nullptr) << "add a row for it to runtime/cli/command_line/manual.cpp";
}

TEST_P(EveryVerb, HelpNamesEveryFlagAndAnExample) {
  const std::string help = program_.app().get_subcommand(verb_.name)->help();
  for (const ArgumentText& flag : verb_.flags) {
    for (const std::string& name : flag.names) {
      EXPECT_THAT(help, HasSubstr(name));
    }
  }
  EXPECT_THAT(help, HasSubstr("Examples:\n  daxemu " + verb_.name));
}

TEST_P(EveryVerb, HelpIsEightyColumnsWideAndHasNoWall) {
  const std::string help = program_.app().get_subcommand(verb_.name)->help();
  EXPECT_EQ(lines_over(help, 80), "");
  EXPECT_EQ(help.find("Excludes"), std::string::npos);
  EXPECT_EQ(help.find(" -- command...") != std::string::npos, verb_.takes_command);
}

TEST_P(EveryVerb, TakesItsExamples) {
  const VerbManual* manual = manual_of(verb_.name);
  ASSERT_NE(manual, nullptr);
  std::istringstream lines{std::string(manual->examples)};
  std::size_t examples = 0;
  for (std::string line; std::getline(lines, line); ++examples) {
    std::istringstream text(line);
    Words words;
    std::string word;
    text >> word;
    EXPECT_EQ(word, "daxemu") << line;
    while (text >> word && word != "--") {
      words.push_back(word);
    }
    EXPECT_EQ(words.front(), verb_.name) << line;
    EXPECT_EQ(word == "--", line.find(" -- ") != std::string::npos);
    const auto problem = parsed(words);
    EXPECT_FALSE(problem) << line << ": " << problem->what;
  }
  EXPECT_GT(examples, 0U);
}

TEST_P(EveryVerb, ASlipInItsNameNamesIt) {
  for (const std::string& slip : slips_of(verb_.name, 1)) {
    const auto problem = parsed({slip});
    if (problem && problem->what == "there is no verb '" + slip + "'") { // some slips are other verbs
      EXPECT_THAT(problem->remedy, HasSubstr("did you mean ")) << slip;
    }
  }
  EXPECT_THAT(parsed({verb_.name + "x"})->remedy, HasSubstr("did you mean " + verb_.name + "?"));
}

TEST_P(EveryVerb, ASlipInAFlagNamesTheFlag) {
  for (const ArgumentText& flag : verb_.flags) {
    const std::string& name = flag.names.front();
    if (!name.starts_with("--")) {
      continue;
    }
    const auto problem = parsed({verb_.name, name + "x", "1"});
    ASSERT_TRUE(problem) << name;
    EXPECT_EQ(problem->what, verb_.name + " has no flag " + name + "x");
    EXPECT_THAT(problem->remedy, HasSubstr("did you mean " + name + "?"));
    for (const std::string& slip : slips_of(name, 3)) {
      const auto other = parsed({verb_.name, slip});
      if (other && other->what == verb_.name + " has no flag " + slip) {
        EXPECT_THAT(other->remedy, HasSubstr("did you mean --")) << slip;
      }
    }
  }
}

TEST_P(EveryVerb, AFlagWithoutItsValueIsNamed) {
  for (const ArgumentText& flag : verb_.flags) {
    if (flag.value.empty() || flag.names.front() == "--explain") { // which may go without
      continue;
    }
    const auto problem = parsed({verb_.name, flag.names.front()});
    ASSERT_TRUE(problem) << flag.names.front();
    EXPECT_EQ(problem->what, flag.names.front() + " has no value");
  }
}

TEST_P(EveryVerb, AnEmptyValueIsNoneAtAll) {
  for (const ArgumentText& flag : verb_.flags) {
    if (flag.value.empty() || flag.names.front() == "--explain") { // which may go without
      continue;
    }
    const auto problem = parsed({verb_.name, flag.names.front(), ""});
    ASSERT_TRUE(problem) << flag.names.front();
    EXPECT_EQ(problem->what, flag.names.front() + " has an empty value");
  }
}

TEST_P(EveryVerb, IsInEveryPageAndCompletion) {
  const std::string page = man_page_of(verb_, verbs());
  EXPECT_THAT(page, HasSubstr(".SH NAME\ndaxemu\\-" + verb_.name + " \\- "));
  const std::string bash = bash_completion(verbs());
  const std::string zsh = zsh_completion(verbs());
  const std::string fish = fish_completion(verbs());
  EXPECT_THAT(man_page_of_all(verbs()), HasSubstr("\\fB" + roff(verb_.name) + "\\fR"));
  for (const std::string* script : {&bash, &zsh, &fish}) {
    EXPECT_THAT(*script, HasSubstr(verb_.name));
  }
  for (const ArgumentText& flag : verb_.flags) {
    for (const std::string& name : flag.names) {
      EXPECT_THAT(page, HasSubstr("\\fB" + roff(name) + "\\fR"));
      EXPECT_THAT(zsh, HasSubstr("'" + (flag.repeated ? "*" + name : name)));
      EXPECT_THAT(fish, HasSubstr(name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1)));
    }
  }
  std::string list = flag_list(verb_);
  list.pop_back();
  EXPECT_THAT(bash, HasSubstr(verb_.name + ") if [[ $cur == -* ]]; then _daxemu_words '" + list));
}

std::vector<std::string> verb_names() {
  std::vector<std::string> names;
  for (const VerbText& verb : verbs()) {
    names.push_back(verb.name);
  }
  return names;
}
INSTANTIATE_TEST_SUITE_P(Verbs, EveryVerb, ::testing::ValuesIn(verb_names()),
                         [](const auto& verb) { return verb.param; });

TEST(Manual, HasNoRowWithoutAVerb) {
  const std::vector<std::string> names = verb_names();
  for (const VerbManual& manual : verb_manuals()) {
    EXPECT_THAT(names, ::testing::Contains(std::string(manual.verb)));
  }
}

TEST(Roff, LinesAreNoRequests) {
  EXPECT_EQ(roff(".so x\n'y a-b \\z"), "\\&.so x\n\\&'y a\\-b \\ez");
}

TEST(Words, AreReadFromAValuesText) {
  EXPECT_EQ(words_of("4K|2M|1G"), (Words{"4K", "2M", "1G"}));
  EXPECT_EQ(words_of("FILE"), Words{});
}

TEST(Completion, QuotesWhatShellsWouldRead) {
  const std::vector<VerbText> odd = {
      {"odd", "It's [odd]: a\\b", {}, {{{"--a"}, "x|y", "don't [say]: so", false, false}}, true}};
  EXPECT_THAT(bash_completion(odd), HasSubstr("'odd --a') _daxemu_words 'x y'; return ;;"));
  EXPECT_THAT(zsh_completion(odd), HasSubstr("'--a=[don'\\''t \\[say\\]\\: so]:a:(x y)'"));
  EXPECT_THAT(fish_completion(odd), HasSubstr("-l a -x -a 'x y' -d 'don\\'t [say]: so'"));
}

TEST(FirstScreen, TellsThreeCommandsInEightyColumns) {
  const std::string screen = first_screen();
  EXPECT_EQ(lines_over(screen, 80), "");
  for (const char* command : {"daxemu run -- ls", "daxemu run --explain", "daxemu doctor"}) {
    EXPECT_THAT(screen, HasSubstr(command));
  }
  Program program;
  const std::string help = program.app().help();
  EXPECT_EQ(lines_over(help, 80), "");
}

TEST(RunHelp, GroupsItsFlags) {
  Program program;
  const std::string help = program.app().get_subcommand("run")->help();
  for (const char* group : {"Device:", "Memory and contents:", "Kernel and programs:", "Tests: what happened, and why:",
                            "CXL (--region cxl):"}) {
    EXPECT_THAT(help, HasSubstr(group));
  }
}

} // namespace
} // namespace daxemu::cli
