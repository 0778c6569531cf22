// Builds a platform: its store, its devices' bytes and their folio records, in files of whatever source. From memory
// files it is ephemeral: others open them through /proc/PID/fd, and when their holder ends, however it ends, nothing
// is left behind.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emu/backing/file_source.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"
#include "emu/store/store.hpp"
#include "runtime/cli/plan/platform_plan.hpp"

namespace daxemu::cli {

struct BuiltPlatform {
  store::Store store;
  std::string location;       // what DAXEMU_PLATFORM must say
  std::vector<UniqueFd> held; // the files, for as long as they are to live by this process
  UniqueFd gate;              // of a platform that shares memdevs: to be held until others can find it
};

// Errors (Problem): EINVAL (a pmem region of other than one device), those of check_geometry, add_region, add_device,
// backing::create, the store and the NUMA topology. Files already made are left to the source's owner to remove.
[[nodiscard]] Outcome<BuiltPlatform> build_platform(const PlatformPlan& plan, const std::string& platform_name,
                                                    backing::FileSource& source);

} // namespace daxemu::cli
