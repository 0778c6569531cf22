// Builds a platform: its store, its devices' bytes and their folio records, in files of whatever source. From memory
// files it is ephemeral: others open them through /proc/PID/fd, and when their holder ends, however it ends, nothing
// is left behind.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emu/backing/file_source.hpp"
#include "emu/base/result.hpp"
#include "emu/base/unique_fd.hpp"
#include "emu/dax/device_name.hpp"
#include "emu/store/store.hpp"

namespace daxemu::cli {

// A machine that does not say where its memory is: devices without target_node, which kmem refuses.
inline constexpr int kNoNode = -1;

struct PlatformOptions {
  dax::DeviceName device;
  std::uint64_t size = 4ULL << 30; // bytes
  std::uint64_t align = 2ULL << 20;
  store::RegionKind region = store::RegionKind::hmem;
  std::optional<store::BackingKind> backing;
  std::optional<int> numa_node; // one of this machine's, or kNoNode; nothing: its first, and memory from anywhere
  std::string image; // absolute path of the file the contents come from and go to; empty: none
  store::EngineKind engine = store::EngineKind::automatic;
};

struct BuiltPlatform {
  store::Store store;
  std::string location;       // what DAXEMU_PLATFORM must say
  std::vector<UniqueFd> held; // the files, for as long as they are to live by this process
};

// Errors (Problem): those of check_geometry, backing::create, the store and the NUMA topology. Files already made are
// left to the source's owner to remove.
[[nodiscard]] Outcome<BuiltPlatform> build_platform(const PlatformOptions& options, const std::string& platform_name,
                                                    backing::FileSource& source);

} // namespace daxemu::cli
