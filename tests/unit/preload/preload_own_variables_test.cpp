// The variables that are ours, which a start looks for once.
#include "runtime/preload/names/own_variables.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace daxemu::preload {
namespace {

class Environment {
public:
  explicit Environment(std::vector<std::string> texts) : texts_(std::move(texts)) {
    for (std::string& text : texts_) {
      pointers_.push_back(text.data());
    }
    pointers_.push_back(nullptr);
  }
  [[nodiscard]] char* const* get() const { return pointers_.data(); }

private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

TEST(OwnVariables, AreFoundByTheirWholeName) {
  const Environment environment({"D", "", "DAXEMU_TRACE_SITES=1", "XDAXEMU_TRACE=no", "DAXEM=no", "DAXEMU=emulate",
                                 "DAXEMU_TRACE=/a=b", "DAXEMU_EXPLAIN="});
  const OwnVariables variables(environment.get());
  EXPECT_STREQ(variables.find("DAXEMU"), "emulate");
  EXPECT_STREQ(variables.find("DAXEMU_TRACE"), "/a=b");
  EXPECT_STREQ(variables.find("DAXEMU_TRACE_SITES"), "1");
  EXPECT_STREQ(variables.find("DAXEMU_EXPLAIN"), "");
  EXPECT_EQ(variables.find("DAXEMU_TRACE_SITE"), nullptr);
  EXPECT_EQ(variables.find("DAXEM"), nullptr);
  EXPECT_EQ(OwnVariables(nullptr).find("DAXEMU"), nullptr);
}

TEST(OwnVariables, OfWhichThereMayBeMany) {
  std::vector<std::string> texts(100, "DAXEMU_X=1");
  texts.insert(texts.begin(), "DAXEMU_Y=2");
  const Environment environment(std::move(texts));
  EXPECT_STREQ(OwnVariables(environment.get()).find("DAXEMU_Y"), "2");
}

} // namespace
} // namespace daxemu::preload
