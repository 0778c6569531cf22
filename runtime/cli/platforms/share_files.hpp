// What a platform has together with others by --share: found with one that is there already, or begun.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "emu/backing/file_source.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/store/store.hpp"
#include "runtime/cli/plan/share_wish.hpp"

namespace daxemu::cli {

// What another platform has of a memdev.
struct SharedMemdev {
  std::uint64_t serial = 0;
  std::uint32_t number = 0; // in the share
  std::uint64_t ram = 0;    // bytes, as it is partitioned
  std::uint64_t pmem = 0;
  std::uint64_t label_size = 0; // bytes
  bool is_image = false;
  std::string media; // location
  std::string labels;
};

// Of one platform of the share: all of them have the same files.
struct SharePeer {
  std::string platform; // its name
  std::string state;    // location
  std::vector<SharedMemdev> memdevs;
  std::vector<std::string> stretches; // locations, by number
};

// One platform at a time begins or joins a share: held until it can be found by others.
class ShareGate {
public:
  // Errors (Problem): EBUSY (another is at it, and does not end).
  [[nodiscard]] static Outcome<ShareGate> enter();
  [[nodiscard]] UniqueFd release() { return std::move(lock_); }

private:
  explicit ShareGate(UniqueFd lock) : lock_(std::move(lock)) {}
  UniqueFd lock_;
};

// A platform that shares by that name; nullptr: there is none. Errors (Problem): ENOENT (there has to be one).
[[nodiscard]] Outcome<std::unique_ptr<SharePeer>> find_share(const ShareWish& wish);

// The memdev of the share that one of this serial number is. Errors (Problem): ENODEV (none is), EINVAL (of other
// sizes), EBUSY (`images`, an absolute path or empty, is not where it is kept).
[[nodiscard]] Outcome<const SharedMemdev*> match_memdev(const SharePeer& peer, const store::CxlMemdevRecord& memdev,
                                                        const std::string& images);

// The platform becomes a member: the file that members tell each other by, and those that devices of shared memdevs
// have their bytes in. Its memdevs have their share numbers already. Files that must stay open are added to `held`.
// Errors (Problem): ENOSPC (there are too many members), EXDEV (a kept platform and the memory files of a run), those
// of making files.
[[nodiscard]] Outcome<void> join_share(store::Store& store, const ShareWish& wish, const SharePeer* peer,
                                       const std::string& location, backing::FileSource& source,
                                       std::vector<UniqueFd>& held);

// Of a file of another platform, for people.
[[nodiscard]] Outcome<backing::SourcedFile> adopt_file(backing::FileSource& source, const SharePeer& peer,
                                                       const std::string& name, const std::string& location);

} // namespace daxemu::cli
