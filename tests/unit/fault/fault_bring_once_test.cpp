// Extents whose loader is gone while its process lives on, as after exec(2).
#include <thread>

#include <sys/syscall.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "runtime/fault/devices/lazy_image.hpp"

namespace daxemu::fault {
namespace {

TEST(BringOnce, AThreadThatEndedInTheMiddleIsNotWaitedFor) {
  mm::FolioRecord folio;
  std::thread([&] {
    (void)bring_once(folio, []() -> Result<void> {
      syscall(SYS_exit, 0); // what exec(2) does to all threads but one
      return {};
    });
  }).join();
  ASSERT_NE(folio.loader.load(), 0U);
  bool loaded = false;
  EXPECT_TRUE(bring_once(folio, [&]() -> Result<void> {
    loaded = true;
    return {};
  }));
  EXPECT_TRUE(loaded);
  EXPECT_EQ(folio.loader.load(), 0U);
}

} // namespace
} // namespace daxemu::fault
