// runtime/docs/memory-types.md has the table of behaviours as the code has it.
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "emu/pgmap/memory_types.hpp"

namespace daxemu::pgmap {
namespace {

// "GENERIC, FS_DAX 6.1 6.12": of these types in all kernels, or in those named.
std::string types_with(Behaviour flag) {
  std::string text;
  std::set<std::string_view> seen;
  for (const MemoryType& type : memory_types()) {
    if (!seen.insert(type.base).second) {
      continue;
    }
    std::string kernels;
    std::size_t count = 0;
    for (const Profile& profile : kProfiles) {
      if (preset(type.base, profile)->has(flag)) {
        kernels += " " + std::string(profile.version);
        ++count;
      }
    }
    if (count > 0) {
      text += (text.empty() ? "" : ", ") + std::string(type.base) + (count == kProfiles.size() ? "" : kernels);
    }
  }
  return text.empty() ? "none" : text;
}

TEST(MemoryTypesPage, IsCurrent) {
  std::ifstream file(DAXEMU_SOURCE_DIR "/runtime/docs/memory-types.md");
  std::stringstream page;
  page << file.rdbuf();
  std::string missing;
  for (const BehaviourInfo& info : behaviour_table()) {
    const std::string row = "| `" + std::string(info.name) + "` | " + info.effect + " | " + types_with(info.behaviour) +
                            " | " + info.kernel + " |\n";
    if (page.str().find(row) == std::string::npos) {
      missing += row;
    }
  }
  EXPECT_EQ(missing, "") << "put these rows into runtime/docs/memory-types.md";
}

} // namespace
} // namespace daxemu::pgmap
