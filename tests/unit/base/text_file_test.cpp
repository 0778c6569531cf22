// Texts and folders, read without the C library's streams.
#include "emu/base/text/text_file.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace daxemu {
namespace {

TEST(TextFile, IsReadWholeHoweverLongItIs) {
  const std::string path = testing::TempDir() + "text_file." + std::to_string(::getpid());
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{16} << 10, std::size_t{100'001}}) {
    const std::string text(size, 'x');
    std::ofstream(path) << text;
    EXPECT_EQ(read_text(path.c_str()), text) << size;
  }
  ::unlink(path.c_str());
  EXPECT_EQ(read_text(path.c_str()), "") << "is not there";
  EXPECT_TRUE(read_text("/proc/self/maps").find("unit_base") != std::string::npos) << "says no size";
}

TEST(TextFile, NamesOfAFolderComeAllOfThem) {
  const std::string folder = testing::TempDir() + "names." + std::to_string(::getpid());
  std::filesystem::create_directory(folder);
  std::vector<std::string> wanted{".", ".."};
  for (int number = 0; number < 300; ++number) { // more than one getdents64(2) gives
    wanted.push_back("a_name_of_some_length_" + std::to_string(number));
    std::ofstream(folder + "/" + wanted.back());
  }
  std::vector<std::string> found;
  each_name(folder.c_str(), [&](std::string_view name) { found.emplace_back(name); });
  std::sort(wanted.begin(), wanted.end());
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, wanted);
  std::filesystem::remove_all(folder);
  each_name(folder.c_str(), [](std::string_view name) { FAIL() << name; });
}

} // namespace
} // namespace daxemu
