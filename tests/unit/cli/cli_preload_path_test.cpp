// Where the preload library is looked for, and what LD_PRELOAD becomes.
#include "runtime/cli/stage/preload_path.hpp"

#include <cstdlib>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daxemu_build.hpp"

namespace daxemu::cli {
namespace {

using ::testing::HasSubstr;

// `library` as it stands behind a sanitizer's runtime, where this build has one.
std::string first(const std::string& library) {
  const std::string runtime = kSanitizerRuntime;
  return runtime.empty() ? library : runtime + ":" + library;
}

TEST(PreloadValue, OursComesFirstAndTheOthersStay) {
  EXPECT_EQ(preload_value("/x/ours.so", nullptr), first("/x/ours.so"));
  EXPECT_EQ(preload_value("/x/ours.so", ""), first("/x/ours.so"));
  EXPECT_EQ(preload_value("/x/ours.so", "/y/a.so:/y/b.so"), first("/x/ours.so:/y/a.so:/y/b.so"));
}

TEST(PreloadValue, ANestedRunPreloadsOnce) {
  const std::string once = preload_value("/x/ours.so", "/y/a.so");
  EXPECT_EQ(preload_value("/x/ours.so", once.c_str()), once);
}

class PreloadVariable : public ::testing::Test {
protected:
  void SetUp() override {
    if (const char* value = std::getenv("DAXEMU_PRELOAD"); value != nullptr) {
      former_ = value;
    }
  }
  void TearDown() override {
    if (former_) {
      ::setenv("DAXEMU_PRELOAD", former_->c_str(), 1);
    } else {
      ::unsetenv("DAXEMU_PRELOAD");
    }
  }
  std::optional<std::string> former_;
};

TEST_F(PreloadVariable, AGivenFileIsTakenAndMadeAbsolute) {
  ::setenv("DAXEMU_PRELOAD", "/proc/self/../self/exe", 1);
  const auto found = find_preload_library();
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(found->front(), '/');
}

TEST_F(PreloadVariable, AGivenFileThatIsNotThereIsNamed) {
  ::setenv("DAXEMU_PRELOAD", "/no/such/library.so", 1);
  const auto found = find_preload_library();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ENOENT);
  EXPECT_THAT(found.error().what, HasSubstr("/no/such/library.so"));
}

} // namespace
} // namespace daxemu::cli
