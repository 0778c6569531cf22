// Nothing is missing from the table of calls: what this machine's C library exports, its kernel headers number and
// io_uring can be asked for. DAXEMU_LIBC, DAXEMU_UNISTD and DAXEMU_URING_HEADER name other files, of newer machines.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <span>

#include <gtest/gtest.h>

#include "runtime/calls/tables.hpp"
#include "tests/unit/calls/calls_facts.hpp"

namespace daxemu::calls {
namespace {

using Names = std::vector<std::string>;

std::string file_of(const char* variable, std::initializer_list<const char*> usual) {
  if (const char* named = std::getenv(variable); named != nullptr) {
    return named;
  }
  const auto* const there =
      std::find_if(usual.begin(), usual.end(), [](const char* file) { return std::filesystem::exists(file); });
  return there == usual.end() ? std::string() : *there;
}

bool is_in(std::span<const Family> families, std::string_view name) {
  return std::any_of(families.begin(), families.end(), [name](const Family& family) {
    const auto patterns = words(family.patterns);
    return std::any_of(patterns.begin(), patterns.end(), [name](std::string_view pattern) {
      return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern;
    });
  });
}

// The functions that no row and no family has. Those of GLIBC_PRIVATE are for the C library's own parts.
Names unknown_functions(std::span<const Symbol> exported, std::span<const Call> calls,
                        std::span<const Family> families) {
  std::set<std::string_view> known;
  for (const Call& call : calls) {
    const auto entries = words(call.entries);
    known.insert(entries.begin(), entries.end());
  }
  std::set<std::string> unknown;
  for (const Symbol& symbol : exported) {
    if (symbol.version != "GLIBC_PRIVATE" && !known.contains(symbol.name) && !is_in(families, symbol.name)) {
      unknown.insert(symbol.name);
    }
  }
  return {unknown.begin(), unknown.end()};
}

// The calls of a header that no row has by this name and number.
Names unknown_numbers(const std::map<std::string, int>& numbers, std::span<const Call> calls) {
  Names unknown;
  for (const auto& [name, number] : numbers) {
    const bool known =
        std::any_of(calls.begin(), calls.end(), [wanted = std::string_view(name), its = number](const Call& c) {
          return c.number == its && c.name == wanted;
        });
    if (!known) {
      unknown.push_back(name + " " + std::to_string(number));
    }
  }
  return unknown;
}

Names unknown_operations(std::span<const std::string> listed, std::span<const Operation> operations) {
  Names unknown;
  for (std::size_t opcode = 0; opcode < listed.size(); ++opcode) {
    const bool known = std::any_of(operations.begin(), operations.end(), [&](const Operation& one) {
      return one.opcode == static_cast<int>(opcode) && one.name == listed[opcode];
    });
    if (!known) {
      unknown.push_back(listed[opcode] + " " + std::to_string(opcode));
    }
  }
  return unknown;
}

std::vector<Symbol> libc_functions() {
  const char* named = std::getenv("DAXEMU_LIBC");
  return exported_functions(named != nullptr ? named : loaded_file("libc.so.6"));
}
std::map<std::string, int> header_numbers() {
  return system_calls(
      file_of("DAXEMU_UNISTD", {"/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"}));
}

// The table without its row of that name.
std::vector<Call> calls_without(std::string_view name) {
  std::vector<Call> rest;
  std::copy_if(std::begin(kCalls), std::end(kCalls), std::back_inserter(rest),
               [name](const Call& call) { return call.name != name; });
  return rest;
}

TEST(CallsComplete, EveryFunctionOfTheCLibrary) {
  const auto exported = libc_functions();
  ASSERT_GT(exported.size(), 2000U) << "is this the C library?";
  EXPECT_EQ(unknown_functions(exported, kCalls, kFamilies), Names()) << "each needs a row in runtime/calls/*.def";
}

TEST(CallsComplete, EveryNumberOfTheHeader) {
  const auto numbers = header_numbers();
  if (numbers.empty()) {
    GTEST_SKIP() << "no asm/unistd_64.h here";
  }
  ASSERT_GT(numbers.size(), 350U);
  EXPECT_EQ(unknown_numbers(numbers, kCalls), Names()) << "each needs a row in runtime/calls/*.def";
}

TEST(CallsComplete, EveryOperationOfTheRing) {
  std::size_t looked_at = 0;
  for (const std::string& header : {file_of("DAXEMU_URING_HEADER", {"/usr/include/linux/io_uring.h"}),
                                    std::string("/usr/include/liburing/io_uring.h")}) {
    const auto listed = ring_operations(header);
    looked_at += listed.size();
    EXPECT_EQ(unknown_operations(listed, kOperations), Names()) << "of " << header << ", for runtime/calls/rings.def";
  }
  EXPECT_GT(looked_at, 40U);
}

// The checks themselves: what is taken out is what they name.
TEST(CallsComplete, AFunctionWithoutRowIsNamed) {
  const auto exported = libc_functions();
  EXPECT_EQ(unknown_functions(exported, calls_without("swapon"), kFamilies), Names{"swapon"});
  const auto without_open = unknown_functions(exported, calls_without("open"), kFamilies);
  EXPECT_EQ(without_open, (Names{"__open", "__open64", "__open64_2", "__open_2", "open", "open64"}));
  EXPECT_GT(unknown_functions(exported, kCalls, {}).size(), 500U);
}
TEST(CallsComplete, ANewFunctionIsNamed) {
  const Symbol fresh[] = {{"openat3", "GLIBC_2.99"}, {"strfresh", "GLIBC_2.99"}, {"__openat3", "GLIBC_PRIVATE"}};
  EXPECT_EQ(unknown_functions(fresh, kCalls, kFamilies), Names{"openat3"});
}
TEST(CallsComplete, ANumberWithoutRowIsNamed) {
  EXPECT_EQ(unknown_numbers({{"openat", 257}, {"read", 0}}, calls_without("openat")), Names{"openat 257"});
  EXPECT_EQ(unknown_numbers({{"openat", 258}}, kCalls), Names{"openat 258"});
}
TEST(CallsComplete, AnOperationWithoutRowIsNamed) {
  const std::string listed[] = {"NOP", "READV", "WRITEV"};
  EXPECT_EQ(unknown_operations(listed, std::span(kOperations).first(2)), Names{"WRITEV 2"});
}

} // namespace
} // namespace daxemu::calls
