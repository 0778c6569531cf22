// Tests of named platforms have a home of their own, which the environment names for as long as one runs.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include <unistd.h>

#include <gtest/gtest.h>

namespace daxemu {

class OwnHome : public ::testing::Test {
protected:
  void SetUp() override {
    std::filesystem::remove_all(home_);
    ::setenv("DAXEMU_HOME", home_.c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("DAXEMU_HOME");
    std::filesystem::remove_all(home_);
  }
  const std::filesystem::path home_ = std::filesystem::path("/dev/shm") / ("daxemu-home-" + std::to_string(::getpid()));
};

} // namespace daxemu
