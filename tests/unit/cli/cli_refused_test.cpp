// What --explain says of an event, and that every reason can be said.
#include "runtime/cli/explain/refused.hpp"

#include <cerrno>
#include <set>

#include <gtest/gtest.h>

#include "runtime/cli/explain/reasons.hpp"

namespace daxemu::cli {
namespace {

trace::Event refusal(trace::Reason reason, int error) {
  return {.offset = 0x1fffff,
          .length = 0x7f0000300000,
          .address = 0x7f0000200000,
          .value = error,
          .kind = trace::Kind::refusal,
          .reason = static_cast<std::uint16_t>(reason),
          .text = FixedString<48>("mmap64")};
}

TEST(Refused, SaysItInTheKernelsWordsWithARemedyAndTheRow) {
  const Refused refused = refused_of(refusal(trace::Reason::unaligned_vma, EINVAL), "dax0.0", "app");
  EXPECT_EQ(refused.why, "dax0.0: app: dax_mmap: fail, unaligned vma (0x7f0000200000 - 0x7f0000300000, 0x1fffff)");
  EXPECT_EQ(line_of(refused, "app", 7, "main (app.c:3)"), "mmap by app[7] at main (app.c:3): EINVAL: " + refused.why +
                                                              "; " + refused.remedy + " [mmap.len=half.off=0]");
  EXPECT_NE(refused.remedy.find("2M"), std::string::npos);
}

TEST(Refused, SaysItInItsOwnWordsWhereTheKernelHasNone) {
  trace::Event event = refusal(trace::Reason::open_no_driver, ENXIO);
  event.text = {};
  const Refused refused = refused_of(event, "", "app");
  EXPECT_EQ(refused.call, "open");
  EXPECT_EQ(refused.error, "ENXIO");
  EXPECT_EQ(refused.why, "no driver that has a character device has the device");
}

TEST(Refused, KnowsWhatIsNone) {
  trace::Event event{.value = 0, .kind = trace::Kind::sysfs_write};
  EXPECT_FALSE(is_refused(event));
  event.value = EINVAL; // of an attribute that has noted no reason
  EXPECT_TRUE(is_refused(event));
  event.text = FixedString<48>("dax0.0/size=\x1b[2Jx");
  const std::string line = line_of(refused_of(event, "", "sh"), "sh", 7, "");
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_NE(line.find("EINVAL"), std::string::npos);
}

TEST(Refused, SaysEveryReason) {
  std::set<std::string_view> names;
  for (std::uint16_t reason = 1; reason <= reason_texts().size(); ++reason) {
    const ReasonText* text = text_of(reason);
    ASSERT_NE(text, nullptr);
    EXPECT_TRUE(names.insert(text->name).second) << text->name;
    EXPECT_TRUE(text->words.empty() != text->what.empty()) << text->name << ": one of the two texts";
    EXPECT_FALSE(text->remedy.empty()) << text->name;
    const Refused refused = // throws where a text names a number that there is not
        refused_of(refusal(static_cast<trace::Reason>(reason), EINVAL), "dax0.0", "app");
    EXPECT_EQ((refused.why + refused.remedy).find_first_of("{}"), std::string::npos) << refused.why;
  }
  EXPECT_EQ(text_of(0), nullptr);
  EXPECT_EQ(text_of(60000), nullptr);
}

} // namespace
} // namespace daxemu::cli
