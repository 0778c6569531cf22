// Why a call is refused: noted where it is refused, told where the program hears of it, and nothing of it while nobody
// wants to know.
#include "emu/trace/why.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/trace/site.hpp"

namespace daxemu::trace {
namespace {

class WhyTest : public ::testing::Test {
protected:
  void TearDown() override {
    forget_why();
    detach();
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }
  UniqueFd fd_{*sys::memfd_create("trace", MFD_CLOEXEC)};
  Ring ring_{*Ring::create(fd_.get(), 64)};
};

Result<void> refuse_odd(std::uint64_t size) {
  return because(EINVAL, {.reason = Reason::size_misaligned, .a = size, .b = 2 << 20, .minor = 3});
}

TEST_F(WhyTest, IsAnErrnoAndNoMoreWhileNobodyReads) {
  EXPECT_FALSE(explains());
  EXPECT_EQ(refuse_odd(3).error(), Errno{EINVAL});
  EXPECT_EQ(take_why(EINVAL).reason, Reason::none);
  tell_refusal(EINVAL);
  EXPECT_EQ(ring_.read().written, 0U);
}

TEST_F(WhyTest, TellsOnceWithItsNumbersAndTheCall) {
  ASSERT_TRUE(attach(path().c_str(), Extent::refusals));
  EXPECT_TRUE(explains());
  EXPECT_FALSE(on()); // all else stays off
  {
    const CallSite here(__builtin_return_address(0), "mmap");
    EXPECT_EQ(refuse_odd(3).error(), Errno{EINVAL});
    tell_refusal(EINVAL);
    tell_refusal(EINVAL); // the kernel's own word, perhaps: nothing was noted for it
  }
  const auto events = ring_.read().events;
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].kind, Kind::process);
  const Event& event = events[1];
  EXPECT_EQ(event.kind, Kind::refusal);
  EXPECT_EQ(event.reason, static_cast<std::uint16_t>(Reason::size_misaligned));
  EXPECT_EQ(event.value, EINVAL);
  EXPECT_EQ(event.address, 3U);
  EXPECT_EQ(event.length, 2U << 20);
  EXPECT_EQ(event.minor, 3U);
  EXPECT_EQ(event.text.view(), "mmap");
  EXPECT_EQ(call_name(), nullptr);
}

TEST_F(WhyTest, IsNotTakenForAnotherError) {
  ASSERT_TRUE(attach(path().c_str(), Extent::refusals));
  EXPECT_FALSE(refuse_odd(3));
  tell_refusal(EBUSY);
  EXPECT_FALSE(refuse_odd(3)); // and what was no error in the end
  forget_why();
  tell_refusal(EINVAL);
  EXPECT_EQ(ring_.read().events.size(), 1U);
}

TEST_F(WhyTest, AFullTraceHasRefusalsToo) {
  ASSERT_TRUE(attach(path().c_str()));
  EXPECT_FALSE(refuse_odd(3));
  tell_refusal(EINVAL, "ioctl");
  tell_sigbus({.reason = Reason::touch_beyond_end, .a = 4}, 0x7f0000001000, 0);
  const auto events = ring_.read().events;
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[1].text.view(), "ioctl");
  EXPECT_EQ(events[2].text.view(), "touch of 0x7f0000001000");
  EXPECT_EQ(events[2].value, 0);
}

TEST_F(WhyTest, IsReadWhileItIsWritten) {
  ASSERT_TRUE(attach(path().c_str(), Extent::refusals));
  std::uint64_t next = 0;
  EXPECT_EQ(ring_.read_on(next, false).events.size(), 1U);
  EXPECT_EQ(ring_.read_on(next, false).events.size(), 0U);
  for (int each = 0; each < 3; ++each) {
    EXPECT_FALSE(refuse_odd(each));
    tell_refusal(EINVAL);
  }
  const auto fresh = ring_.read_on(next, false);
  ASSERT_EQ(fresh.events.size(), 3U);
  EXPECT_EQ(fresh.events[2].address, 2U);
  EXPECT_EQ(fresh.missed, 0U);
  for (int each = 0; each < 100; ++each) { // more than it keeps
    EXPECT_FALSE(refuse_odd(each));
    tell_refusal(EINVAL);
  }
  const auto rest = ring_.read_on(next, true);
  EXPECT_EQ(rest.events.size(), 64U);
  EXPECT_EQ(rest.missed, 36U);
  EXPECT_EQ(rest.events.back().address, 99U);
}

} // namespace
} // namespace daxemu::trace
