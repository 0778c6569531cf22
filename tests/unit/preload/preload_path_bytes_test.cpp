// What the bytes of a path tell, beside the plainest way to say it: at every place of sixteen bytes, right before
// memory that cannot be read, and with bytes around the text that would tell something else.
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "emu/sysfs/tree/tree.hpp"
#include "runtime/preload/names/path_bytes.hpp"

namespace daxemu::preload {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kPlaces = 34; // two of sixteen bytes, and more

const char* const kParts[] = {"",   "/",      "//",    ".",     "..",   "./",   "../",         "/.",
                              "/a", "/dev",   "/dax0", "/null", "/sys", "/usr", "/a.b",        "/proc",
                              "/d", "/dev/x", "c",     "/...",  "a.",   "/shm", "/eleven.long"};

bool has(const std::string& text, const char* pair) {
  return text.find(pair) != std::string::npos;
}
bool goes_up(const std::string& path) {
  return has(path, "..") || has(path, "./");
}
bool begins(const std::string& path, const char* with) {
  return path.rfind(with, 0) == 0;
}
bool is_elsewhere(const std::string& path) {
  if (has(path, "//") || has(path, "/.") || begins(path, "/s") || begins(path, "/p")) {
    return false;
  }
  return !begins(path, "/d") || (begins(path, "/dev/") && path.size() > 5 && !begins(path, "/dev/fd") &&
                                 !begins(path, "/dev/st") && !begins(path, "/dev/cx") && !begins(path, "/dev/da") &&
                                 !begins(path, "/dev/nd") && !begins(path, "/dev/nm") && !begins(path, "/dev/pm"));
}

// A page that can be written, and none behind it.
class PathBytes : public testing::Test {
protected:
  void SetUp() override {
    void* const made = ::mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(made, MAP_FAILED);
    page_ = static_cast<char*>(made);
    ASSERT_EQ(::mprotect(page_ + kPage, kPage, PROT_NONE), 0);
  }
  void TearDown() override { ::munmap(page_, 2 * kPage); }
  // The text, ended `behind` bytes before the end of the page, among bytes that say "//" and "..".
  const char* put(const std::string& text, std::size_t behind) {
    for (std::size_t at = 0; at < kPage; ++at) {
      page_[at] = at % 4 < 2 ? '/' : '.';
    }
    char* const begin = page_ + kPage - behind - text.size() - 1;
    std::memcpy(begin, text.c_str(), text.size() + 1);
    return begin;
  }
  static std::vector<std::string> texts() {
    std::vector<std::string> all;
    for (const char* first : kParts) {
      for (const char* second : kParts) {
        for (const char* third : kParts) {
          all.push_back(std::string(first) + second + third);
        }
      }
    }
    return all;
  }

private:
  char* page_ = nullptr;
};

TEST_F(PathBytes, SayWhetherAPathMayGoUp) {
  for (const std::string& text : texts()) {
    for (const std::size_t behind : {0U, 1U, 5U, 15U, 16U}) {
      ASSERT_EQ(may_go_up(put(text, behind)), goes_up(text))
          << "'" << text << "', " << behind << " bytes before the end";
    }
  }
}

TEST_F(PathBytes, SayWhetherAnAbsolutePathLeadsElsewhere) {
  for (const std::string& text : texts()) {
    if (!begins(text, "/")) {
      continue;
    }
    for (const std::size_t behind : {0U, 1U, 5U, 15U, 16U}) {
      ASSERT_EQ(leads_elsewhere(put(text, behind)), is_elsewhere(text))
          << "'" << text << "', " << behind << " bytes before the end";
    }
  }
}

TEST_F(PathBytes, SeeAPairWhereverItStands) {
  for (std::size_t length = 1; length < 3 * kPlaces; ++length) {
    for (std::size_t at = 1; at + 1 < length; ++at) {
      std::string text(length, 'u');
      text[0] = '/';
      ASSERT_TRUE(leads_elsewhere(put(text, at % kPlaces))) << text;
      text[at] = '/';
      text[at + 1] = '.';
      ASSERT_FALSE(leads_elsewhere(put(text, at % kPlaces))) << text;
      text[at] = '.';
      text[at + 1] = '/';
      ASSERT_TRUE(may_go_up(put(text, at % kPlaces))) << text;
    }
  }
}

TEST_F(PathBytes, NeverDenyWhatTheTreeMayClaim) {
  for (const char* path : {"/dev/cxl/mem0", "/dev/dax0.0", "/dev/ndctl0", "/dev/nmem0", "/dev/pmem0", "/sys/bus/dax",
                           "/sys/devices/platform/hmem.0", "/sys/module/kmem"}) {
    ASSERT_TRUE(sysfs::Tree::may_claim(path)) << path;
    EXPECT_FALSE(leads_elsewhere(put(path, 0))) << path;
  }
}

} // namespace
} // namespace daxemu::preload
