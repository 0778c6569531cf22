// The table of calls agrees with itself, and with what the preload library is: what it exports, which rooms it has.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "runtime/calls/tables.hpp"
#include "tests/unit/calls/calls_facts.hpp"

namespace daxemu::calls {
namespace {

using Names = std::vector<std::string>;

template <class Range, class Key>
Names twice(const Range& range, Key key) {
  std::map<std::string, int> seen;
  for (const auto& one : range) {
    for (const std::string& name : key(one)) {
      ++seen[name];
    }
  }
  Names found;
  for (const auto& [name, times] : seen) {
    if (times > 1) {
      found.push_back(name);
    }
  }
  return found;
}

bool is_room_and_file(std::string_view by) {
  const auto file = std::filesystem::path(DAXEMU_SOURCE) / "runtime/preload" / by;
  return std::filesystem::exists(file.string() + ".cpp") || std::filesystem::exists(file.string() + ".hpp");
}

TEST(CallsTable, NamesNothingTwice) {
  EXPECT_EQ(twice(kCalls, [](const Call& c) { return c.number < 0 ? Names() : Names{std::to_string(c.number)}; }),
            Names());
  EXPECT_EQ(twice(kCalls, [](const Call& c) { return c.number < 0 ? Names() : Names{std::string(c.name)}; }), Names());
  EXPECT_EQ(twice(kCalls,
                  [](const Call& c) {
                    const auto entries = words(c.entries);
                    return Names(entries.begin(), entries.end());
                  }),
            Names());
  EXPECT_EQ(twice(kOperations, [](const Operation& o) { return Names{std::to_string(o.opcode)}; }), Names());
  EXPECT_EQ(twice(kOperations, [](const Operation& o) { return Names{std::string(o.name)}; }), Names());
}

TEST(CallsTable, SaysWhoAnswersOrWhyNobodyDoes) {
  for (const Call& call : kCalls) {
    if (call.answer == Answer::handled) {
      EXPECT_TRUE(is_room_and_file(call.by)) << call.name << ": no runtime/preload/" << call.by;
      EXPECT_TRUE(call.number >= 0 || !call.entries.empty()) << call.name << ": handled, and nobody can call it";
    } else {
      EXPECT_FALSE(call.by.empty()) << call.name << ": no reason";
    }
  }
  for (const Operation& operation : kOperations) {
    if (operation.answer == Answer::handled) {
      EXPECT_TRUE(is_room_and_file(operation.by)) << operation.name << ": no runtime/preload/" << operation.by;
    } else {
      EXPECT_FALSE(operation.by.empty()) << operation.name << ": no reason";
    }
    const bool is_a_call = std::any_of(std::begin(kCalls), std::end(kCalls),
                                       [&](const Call& c) { return c.number >= 0 && c.name == operation.call; });
    EXPECT_TRUE(operation.call.empty() || is_a_call) << operation.name << " is like " << operation.call << "?";
  }
}

// What the library exports is what the table says is handled: neither more (a symbol of ours, of Boost or of libstdc++
// would end up in front of the program's own) nor less.
TEST(CallsTable, IsWhatTheLibraryExports) {
  const auto exported = exported_functions(DAXEMU_PRELOAD_FILE);
  std::set<std::string> ours;
  for (const Symbol& symbol : exported) {
    ours.insert(symbol.name);
  }
  ASSERT_GT(ours.size(), 150U) << "is this the library?";
  std::set<std::string> handled;
  for (const Call& call : kCalls) {
    if (call.answer == Answer::handled) {
      const auto entries = words(call.entries);
      handled.insert(entries.begin(), entries.end());
    }
  }
  Names missing;
  std::set_difference(handled.begin(), handled.end(), ours.begin(), ours.end(), std::back_inserter(missing));
  EXPECT_EQ(missing, Names()) << "handled by the table, not exported";
  Names leaked;
  std::set_difference(ours.begin(), ours.end(), handled.begin(), handled.end(), std::back_inserter(leaked));
  EXPECT_EQ(leaked, Names()) << "exported, not in the table";
}

} // namespace
} // namespace daxemu::calls
