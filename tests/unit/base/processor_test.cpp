// What the processor can: the kernel says the same.
#include "emu/base/processor.hpp"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace daxemu {
namespace {

TEST(Processor, HasWhatTheKernelSays) {
  std::ifstream about("/proc/cpuinfo");
  std::string line;
  while (std::getline(about, line) && !line.starts_with("flags")) {
  }
  if (line.empty()) {
    GTEST_SKIP() << "this kernel tells no flags of processors";
  }
  EXPECT_EQ(has_avx2(), (line + ' ').find(" avx2 ") != std::string::npos);
  EXPECT_EQ(has_avx2(), has_avx2());
}

} // namespace
} // namespace daxemu
