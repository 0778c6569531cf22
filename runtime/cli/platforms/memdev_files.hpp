// The files that CXL memdevs have: their media, by device address, and their label areas. In the platform's source, or,
// those of persistent memdevs, in a folder of the user's, where they outlive the platform.
#pragma once

#include <string>
#include <vector>

#include "emu/backing/file_source.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/store/store.hpp"
#include "runtime/cli/platforms/share_files.hpp"

namespace daxemu::cli {

// Gives each memdev of a topology just enumerated its files. `images`: an absolute path of a folder, made if it is not
// there; empty: none. `peer`: a platform whose files shared ones have (their share_number is given here); nullptr: this
// is the first. Volatile parts of memory are empty, whatever a file has there. Files that must stay open are added to
// `held`. Errors (Problem): EINVAL (a file there is of another size), EBUSY (another platform has it), ENOSPC, those of
// making files.
[[nodiscard]] Outcome<void> add_memdev_files(store::Store& store, const std::string& images, const SharePeer* peer,
                                             backing::FileSource& source, std::vector<UniqueFd>& held);

// The platform ends: what its devices have of memdevs goes back to these, and files of a user's to the disk. Errors
// (Problem): ENOMEM, the disk's own.
[[nodiscard]] Outcome<void> settle_memdevs(const store::Store& store);

// A file that something of the platform keeps its bytes in, whatever happens to devices: the number + 1 of its slot.
// Errors (Problem): ENOSPC.
[[nodiscard]] Outcome<std::uint32_t> register_kept_file(store::Store& store, backing::SourcedFile file,
                                                        const char* reason, std::vector<UniqueFd>& held);

} // namespace daxemu::cli
