// Which profile a text asks for, and what is said where it is another kernel's.
#include <gtest/gtest.h>

#include <cstdlib>

#include "emu/base/profile.hpp"
#include "tests/unit/readable.hpp"

namespace daxemu {
namespace {

struct Asked {
  const char* text;
  const char* profile; // nullptr: refused
  bool noted;
};
void PrintTo(const Asked& row, std::ostream* out) {
  *out << readable(row.text);
}

class FindProfile : public testing::TestWithParam<Asked> {};

TEST_P(FindProfile, IsTheNearestThatIsNotNewer) {
  const auto chosen = find_profile(GetParam().text);
  ASSERT_EQ(chosen.has_value(), GetParam().profile != nullptr);
  if (!chosen) {
    EXPECT_NE(chosen.error().what.find(GetParam().text), std::string::npos) << "names the value";
    EXPECT_NE(chosen.error().remedy.find("6.12"), std::string::npos) << "and the good ones";
    return;
  }
  EXPECT_EQ(chosen->profile->version, GetParam().profile);
  EXPECT_EQ(!chosen->note.empty(), GetParam().noted) << chosen->note;
}

INSTANTIATE_TEST_SUITE_P(
    Texts, FindProfile,
    testing::Values(Asked{"6.1", "6.1", false}, Asked{"linux-6.1", "6.1", false}, Asked{"6.1.192-2", "6.1", false},
                    Asked{"v6.6", "6.1", true}, Asked{"6.2", "6.1", true}, Asked{"6.11.5", "6.1", true},
                    Asked{"6.12.90+deb13.1-amd64", "6.12", false}, Asked{"6.19", "6.12", true},
                    Asked{"7.2", "6.12", true}, Asked{"7.3", "7.3", false}, Asked{"7.10", "7.3", true},
                    Asked{"12.0", "7.3", true}, Asked{"5.15", nullptr, false}, Asked{"6", nullptr, false},
                    Asked{"6.", nullptr, false}, Asked{"6.1x", nullptr, false}, Asked{"six", nullptr, false},
                    Asked{"-6.1", nullptr, false}, Asked{"99999999999.1", nullptr, false}));

TEST(ChosenProfile, IsTheFlagsThenTheVariablesThenTheDefault) {
  ::setenv(kKernelVariable, "7.3", 1);
  EXPECT_EQ(chosen_profile("--kernel", "6.12")->profile->id, KernelId::linux_6_12);
  EXPECT_EQ(chosen_profile("--kernel", "")->profile->id, KernelId::linux_7_3);
  ::setenv(kKernelVariable, "old", 1);
  EXPECT_EQ(chosen_profile("--kernel", "").error().what, "DAXEMU_KERNEL: old is no version of a kernel");
  EXPECT_EQ(chosen_profile("--kernel", "new").error().what, "--kernel: new is no version of a kernel");
  ::setenv(kKernelVariable, "", 1);
  EXPECT_EQ(chosen_profile("--kernel", "")->profile, &kDefaultProfile);
  ::unsetenv(kKernelVariable);
  EXPECT_EQ(chosen_profile("--kernel", "")->profile, &kDefaultProfile);
}

TEST(Profiles, StandAtTheirIdsFromTheOldestToTheNewest) {
  for (const Profile& profile : kProfiles) {
    EXPECT_EQ(&profile_of(profile.id), &profile);
    EXPECT_EQ(find_profile(profile.version)->profile, &profile);
    EXPECT_EQ(find_profile(profile.name)->profile, &profile);
  }
}

} // namespace
} // namespace daxemu
