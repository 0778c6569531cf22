// fts(3) and wordexp(3) of ours beside the C library's, on ordinary trees and words.
#include <array>
#include <functional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fts.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wordexp.h>

#include "runtime/preload/directories/file_tree.hpp"
#include "runtime/preload/directories/tree_roots.hpp"
#include "runtime/preload/directories/word_calls.hpp"
#include "tests/unit/preload/preload_support.hpp"

namespace daxemu::preload {
namespace {

// The two implementations of one interface.
struct Fts {
  FTS* (*open)(char* const*, int, FileTree::Compare);
  FTSENT* (*read)(FTS*);
  FTSENT* (*children)(FTS*, int);
  int (*close)(FTS*);
};
const Fts kLibcs = {::fts_open, ::fts_read, ::fts_children, ::fts_close};
const Fts kOurs = {FileTree::open, [](FTS* walk) { return FileTree::find(walk)->read(); },
                   [](FTS* walk, int how) { return FileTree::find(walk)->children(how); },
                   [](FTS* walk) { return FileTree::close(FileTree::find(walk)); }};

int by_name(const FTSENT** one, const FTSENT** other) {
  return std::strcmp((*one)->fts_name, (*other)->fts_name);
}

// A tree with everything that fts tells apart. Where the user is root nothing is unreadable.
class Tree {
public:
  Tree() {
    for (const char* name : {"top", "top/a", "top/a/deep", "top/a/deep/deeper", "top/empty", "top/z", "beside"}) {
      EXPECT_EQ(::mkdir((scratch_ / name).c_str(), 0700), 0);
    }
    for (const char* name : {"top/file", "top/a/one", "top/a/two", "top/a/deep/three", "top/z/last", "beside/far"}) {
      const int fd = ::open((scratch_ / name).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
      EXPECT_GE(fd, 0);
      ::close(fd);
    }
    EXPECT_EQ(::mkfifo((scratch_ / "top/pipe").c_str(), 0600), 0);
    for (const auto& [target, name] : {std::pair("file", "top/to-file"), std::pair("../beside", "top/to-directory"),
                                       std::pair("nowhere", "top/to-nothing"), std::pair("..", "top/a/up")}) {
      EXPECT_EQ(::symlink(target, (scratch_ / name).c_str()), 0);
    }
  }
  [[nodiscard]] std::string operator/(const std::string& name) const { return scratch_ / name; }

private:
  Scratch scratch_;
};

std::string text_of(const FTSENT& entry, bool with_stat) {
  std::string text = std::to_string(entry.fts_info) + " " + entry.fts_path + " name=" + entry.fts_name +
                     " level=" + std::to_string(entry.fts_level) + " access=" + entry.fts_accpath +
                     " lengths=" + std::to_string(entry.fts_pathlen) + "," + std::to_string(entry.fts_namelen) +
                     " number=" + std::to_string(entry.fts_number);
  if (entry.fts_info == FTS_D) {
    text += " inode=" + std::to_string(entry.fts_ino) + " links=" + std::to_string(entry.fts_nlink);
  }
  if (entry.fts_info == FTS_DC) {
    text += " cycle=" + std::string(entry.fts_cycle->fts_name);
  }
  if (entry.fts_info == FTS_DNR || entry.fts_info == FTS_ERR || entry.fts_info == FTS_NS) {
    text += " errno=" + std::to_string(entry.fts_errno);
  }
  if (with_stat && entry.fts_info != FTS_NSOK) {
    text += " mode=" + std::to_string(entry.fts_statp->st_mode) + " size=" + std::to_string(entry.fts_statp->st_size);
  }
  return text;
}
std::string here() {
  std::array<char, PATH_MAX> path{};
  return ::getcwd(path.data(), path.size()) != nullptr ? path.data() : "?";
}

// What `meanwhile` does at each entry, and says.
using Meanwhile = std::function<std::string(const Fts&, FTS*, FTSENT*)>;
using Lines = std::vector<std::string>;

Lines walk(const Fts& fts, const std::vector<std::string>& roots, int options, FileTree::Compare compare,
           const Meanwhile& meanwhile) {
  std::vector<char*> arguments;
  arguments.reserve(roots.size() + 1);
  for (const std::string& root : roots) {
    arguments.push_back(const_cast<char*>(root.c_str()));
  }
  arguments.push_back(nullptr);
  errno = 0;
  FTS* const tree = fts.open(arguments.data(), options, compare);
  if (tree == nullptr) {
    return {"open: " + std::to_string(errno)};
  }
  Lines lines;
  const auto list = [&](int how) {
    errno = 0;
    std::string text = "children:";
    for (FTSENT* child = fts.children(tree, how); child != nullptr; child = child->fts_link) {
      text += " " + std::string(child->fts_name) + "=" + (how == 0 ? std::to_string(child->fts_info) : "");
    }
    return text + " errno=" + std::to_string(errno);
  };
  lines.push_back(list(0));
  while (FTSENT* entry = fts.read(tree)) {
    const bool with_stat = (options & FTS_NOSTAT) == 0;
    lines.push_back(text_of(*entry, with_stat) + ((options & FTS_NOCHDIR) != 0 ? "" : " in=" + here()));
    entry->fts_number += 1;
    if (meanwhile) {
      lines.push_back(meanwhile(fts, tree, entry));
    }
    if (lines.size() > 1000) {
      lines.emplace_back("no end");
      break;
    }
  }
  lines.push_back("end: " + std::to_string(errno));
  lines.push_back("close: " + std::to_string(fts.close(tree)) + " in=" + here());
  return lines;
}

void expect_same(const std::vector<std::string>& roots, int options, FileTree::Compare compare = by_name,
                 const Meanwhile& meanwhile = {}) {
  const Lines ours = walk(kOurs, roots, options, compare, meanwhile);
  EXPECT_EQ(ours, walk(kLibcs, roots, options, compare, meanwhile)) << "options " << std::hex << options;
  EXPECT_GT(ours.size(), 3U);
}

constexpr int kWays[] = {FTS_PHYSICAL, FTS_LOGICAL, FTS_PHYSICAL | FTS_COMFOLLOW};
constexpr int kMore[] = {
    0, FTS_NOCHDIR, FTS_NOSTAT, FTS_SEEDOT, FTS_XDEV, FTS_NOSTAT | FTS_NOCHDIR, FTS_NOSTAT | FTS_SEEDOT};

TEST(FileTree, WalksAsTheCLibraryDoes) {
  const Tree tree;
  for (const int way : kWays) {
    for (const int more : kMore) {
      for (const char* root : {"top", "top/", "top/to-directory", "top/to-nothing", "top/file", "missing", "beside"}) {
        expect_same({tree / root}, way | more);
      }
      expect_same({tree / "top"}, way | more, nullptr);
      expect_same({tree / "top/z", tree / "missing", tree / "beside", tree / "top/a"}, way | more);
      expect_same({tree / "top/z", tree / "missing", tree / "beside", tree / "top/a"}, way | more, nullptr);
    }
  }
}

TEST(FileTree, BeginsWhereTheProgramIs) {
  const Tree tree;
  const std::string before = here();
  ASSERT_EQ(::chdir((tree / "top").c_str()), 0);
  const auto list = [](const Fts& fts, FTS* walk, FTSENT*) {
    std::string text = "children:";
    for (FTSENT* child = fts.children(walk, 0); child != nullptr; child = child->fts_link) {
      text += " " + std::string(child->fts_name);
    }
    return text + " in=" + here();
  };
  for (const int way : kWays) {
    for (const int more : kMore) {
      for (const char* root : {".", "a", "a/../z", "./empty", ".."}) {
        expect_same({root}, way | more);
        expect_same({root, "a"}, way | more, by_name, list);
      }
    }
  }
  ASSERT_EQ(::chdir(before.c_str()), 0);
}

TEST(FileTree, DoesWhatItIsTold) {
  const Tree tree;
  const auto telling = [](int instruction, std::string_view at) {
    return [=](const Fts&, FTS* walk, FTSENT* entry) {
      const bool now = at == entry->fts_name && entry->fts_number == 1 && entry->fts_info != FTS_DP;
      return now ? "told " + std::to_string(::fts_set(walk, entry, instruction)) : std::string("-");
    };
  };
  const auto telling_children = [](int instruction, int how) {
    return [=](const Fts& fts, FTS* walk, FTSENT* entry) {
      std::string text = "children:";
      for (FTSENT* child = fts.children(walk, how); child != nullptr; child = child->fts_link) {
        text += " " + std::string(child->fts_name);
        (void)::fts_set(walk, child, instruction);
      }
      return text + (entry->fts_info == FTS_D ? " of a directory" : "");
    };
  };
  for (const int way : kWays) {
    for (const int more : kMore) {
      for (const int instruction : {FTS_AGAIN, FTS_FOLLOW, FTS_SKIP, FTS_NOINSTR, 99}) {
        for (const char* at : {"a", "file", "to-directory", "to-nothing", "deep", "empty"}) {
          expect_same({tree / "top"}, way | more, by_name, telling(instruction, at));
        }
        if (instruction != FTS_AGAIN) { // for ever
          expect_same({tree / "top"}, way | more, by_name, telling_children(instruction, 0));
        }
      }
      expect_same({tree / "top"}, way | more, by_name, telling_children(FTS_NOINSTR, FTS_NAMEONLY));
      expect_same({tree / "top"}, way | more, nullptr, telling_children(FTS_NOINSTR, 77));
    }
  }
}

TEST(FileTree, SeesWhatChangesUnderIt) {
  for (const char* what : {"a", "deep"}) {
    std::vector<Lines> answers;
    for (const Fts& fts : {kOurs, kLibcs}) {
      const Tree tree;
      const auto removing = [&](const Fts&, FTS*, FTSENT* entry) {
        if (entry->fts_info == FTS_D && std::string_view(what) == entry->fts_name) {
          EXPECT_EQ(std::system(("rm -rf " + (tree / "top/a")).c_str()), 0);
          return "removed";
        }
        return "-";
      };
      Lines lines = walk(fts, {tree / "top"}, FTS_PHYSICAL | FTS_NOSTAT, by_name, removing);
      const std::string place = tree / "";
      for (std::string& line : lines) {
        for (std::size_t at = 0; (at = line.find(place)) != std::string::npos;) {
          line.erase(at, place.size());
        }
        line = line.substr(0, line.find(" inode="));
      }
      answers.push_back(lines);
    }
    EXPECT_EQ(answers[0], answers[1]) << what;
  }
}

TEST(FileTree, RefusesAsTheCLibraryDoes) {
  const Tree tree;
  const auto ours = [&](const std::vector<std::string>& roots, int options) {
    const Lines lines = walk(kOurs, roots, options, nullptr, {});
    EXPECT_EQ(lines, walk(kLibcs, roots, options, nullptr, {}));
    return lines.front();
  };
  EXPECT_EQ(ours({tree / "top"}, FTS_PHYSICAL | 0x1000), "open: " + std::to_string(EINVAL));
  EXPECT_EQ(ours({tree / "top", ""}, FTS_PHYSICAL), "open: " + std::to_string(ENOENT));
  // Of no root at all the C library reads what it has not written.
  EXPECT_EQ(walk(kOurs, {}, FTS_PHYSICAL, nullptr, {}),
            (Lines{"children: errno=0", "end: 0", "close: 0 in=" + here()}));
  FTS nobodys{};
  EXPECT_EQ(FileTree::find(&nobodys), nullptr);
}

TEST(FileTree, IsForWalksThatMeetNodes) {
  const Tree tree;
  (void)context();
  const std::string top = tree / "top";
  const auto concerns = [](const char* root, int options) {
    char* roots[] = {const_cast<char*>(root), nullptr};
    return FileTree::concerns(roots, options);
  };
  EXPECT_FALSE(concerns(top.c_str(), FTS_PHYSICAL));
  EXPECT_TRUE(concerns(top.c_str(), FTS_LOGICAL));
  for (const char* root : {"/", "/dev", "/dev/", "/sys", "/sys/bus/dax", "/dev/dax0.0", "//dev/.", "/sys/.."}) {
    EXPECT_TRUE(concerns(root, FTS_PHYSICAL)) << root;
    EXPECT_TRUE(holds_nodes(root)) << root;
  }
  ASSERT_EQ(::symlink("/dev", (tree / "beside/dev").c_str()), 0);
  EXPECT_TRUE(concerns((tree / "beside/dev").c_str(), FTS_PHYSICAL | FTS_COMFOLLOW));
  EXPECT_FALSE(holds_nodes(top.c_str()));
  EXPECT_FALSE(holds_nodes(""));
  EXPECT_FALSE(holds_nodes(nullptr));
}

TEST(HiddenPatterns, AreThoseThatAreNotQuoted) {
  const auto left = [](const char* text) {
    const HiddenPatterns patterns(text);
    EXPECT_EQ(patterns.shown(patterns.text()), text);
    std::string shape = patterns.text();
    std::replace_if(
        shape.begin(), shape.end(), [](char one) { return one > 0 && one < ' '; }, '.');
    return shape;
  };
  EXPECT_EQ(left("a*b?[c]"), "a.b..c]");
  EXPECT_EQ(left("'*'* \"?\"? \\[["), "'*'. \"?\". \\[.");
  EXPECT_EQ(left("$(ls *)* `ls ?`? ${x#*}[ $((2*3))* $[2*3]?"), "$(ls *). `ls ?`. ${x#*}. $((2*3)). $[2*3].");
  EXPECT_EQ(left("\"$(echo \"*\" ')' )*\"* x"), "\"$(echo \"*\" ')' )*\". x");
  EXPECT_EQ(left("it\"'\"*'\"'?"), "it\"'\".'\"'.");
  EXPECT_EQ(left("'never * closed"), "'never * closed");
  EXPECT_EQ(left("$(never * closed"), "$(never * closed");
  EXPECT_EQ(left("ends\\"), "ends\\");
  const HiddenPatterns patterns("a*?");
  EXPECT_EQ(patterns.pattern(patterns.text() + "[\\*"), "a*?\\[\\\\\\*");
  EXPECT_FALSE(patterns.are_in("a*?"));
  EXPECT_TRUE(patterns.are_in(patterns.text()));
}

Lines words_of(int status, const wordexp_t& words) {
  Lines lines = {"status " + std::to_string(status) + " offset " + std::to_string(words.we_offs)};
  for (std::size_t at = 0; words.we_wordv != nullptr && at < words.we_offs + words.we_wordc; ++at) {
    lines.emplace_back(words.we_wordv[at] == nullptr ? "(none)" : words.we_wordv[at]);
  }
  if (words.we_wordv != nullptr) {
    EXPECT_EQ(words.we_wordv[words.we_offs + words.we_wordc], nullptr);
  }
  return lines;
}

int expand(bool ours, const char* text, wordexp_t& into, int flags) {
  const auto real = [&](const char* words) { return ::wordexp(words, &into, flags); };
  return ours ? expand_words(text, &into, flags, real) : real(text);
}

TEST(Words, AreWhatTheCLibraryMakesOfThem) {
  const Tree tree;
  (void)context();
  const std::string before = here();
  ASSERT_EQ(::chdir((tree / "top").c_str()), 0);
  ::setenv("TOP", (tree / "top").c_str(), 1);
  ::setenv("STAR", "*", 1);
  const char* const texts[] = {"$TOP/*",
                               "./*",
                               "'./'*",
                               "\"$TOP\"/[a-f]*",
                               "$TOP/no*such ./f* plain",
                               "./\\*",
                               "./'*'",
                               "$(echo ./a ./b)*",
                               "$(echo '*')",
                               "./$STAR",
                               "./*e \"./*e\"",
                               "./to-?irector[y]",
                               "./${UNSET_VARIABLE}f*",
                               "~/no-such-file-*",
                               "./*/one",
                               "./f* | x",
                               "./f* $(",
                               "./f*\n",
                               "./f* 'x",
                               "./a/../f*",
                               "$((2*3))./*",
                               "",
                               "./[",
                               "./[f",
                               "a*"};
  for (const char* text : texts) {
    for (const int flags :
         {0, static_cast<int>(WRDE_NOCMD), static_cast<int>(WRDE_UNDEF), static_cast<int>(WRDE_DOOFFS)}) {
      std::vector<Lines> answers;
      for (const bool ours : {true, false}) {
        wordexp_t words{};
        words.we_offs = 3;
        const int status = expand(ours, text, words, flags);
        answers.push_back(status == 0 ? words_of(status, words) : Lines{std::to_string(status)});
        if (status == 0) {
          const int more = expand(ours, "./f* again", words, flags | WRDE_APPEND);
          answers.back().push_back("appended");
          for (const std::string& line : words_of(more, words)) {
            answers.back().push_back(line);
          }
          const int reused = expand(ours, "./a/t*", words, flags | WRDE_REUSE);
          answers.back().push_back("reused");
          for (const std::string& line : words_of(reused, words)) {
            answers.back().push_back(line);
          }
          ::wordfree(&words);
        }
      }
      EXPECT_EQ(answers[0], answers[1]) << text << " flags " << flags;
    }
  }
  // Without a blank in IFS the C library takes all words behind a pattern for one: not asked here.
  for (const auto& [separators, text] : {std::pair("", "./f*"), std::pair("", "$TOP/z*"), std::pair(":", "$TOP/z*")}) {
    ::setenv("IFS", separators, 1);
    std::vector<Lines> answers;
    for (const bool ours : {true, false}) {
      wordexp_t words{};
      answers.push_back(words_of(expand(ours, text, words, 0), words));
      ::wordfree(&words);
    }
    EXPECT_EQ(answers[0], answers[1]) << "IFS=" << separators << " " << text;
  }
  ::unsetenv("IFS");
  ASSERT_EQ(::chdir(before.c_str()), 0);
}

} // namespace
} // namespace daxemu::preload
