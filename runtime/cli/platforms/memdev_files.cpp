#include "runtime/cli/platforms/memdev_files.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/falloc.h>
#include <unistd.h>

#include "emu/base/text/size_text.hpp"
#include "emu/cxl/change.hpp"
#include "emu/cxl/objects.hpp"
#include "emu/nd/media/media.hpp"
#include "emu/nd/share/stretches.hpp"
#include "runtime/cli/images/memdev_images.hpp"
#include "runtime/cli/platforms/find_platform.hpp"
#include "runtime/cli/platforms/share_files.hpp"
#include "runtime/cli/platforms/small_file.hpp"
#include "runtime/cli/text/because.hpp"

namespace daxemu::cli {
namespace {

// A platform of this user that has the file of a memdev.
std::string platform_with(const std::string& path) {
  std::string found;
  each_store([&](const store::Store& store) {
    const bool has_it = std::ranges::any_of(store.backing_slots(), [&](const store::BackingSlot& slot) {
      return is_memdev_image(slot) && slot.backing.location.view() == path;
    });
    if (has_it) {
      found = store.platform().name.view();
    }
    return !has_it;
  });
  return found;
}

// A file of the user's: `size` bytes, of which the first `lost` do not survive.
Outcome<backing::SourcedFile> image_file(const std::string& path, std::uint64_t size, std::uint64_t lost) {
  std::error_code error;
  const std::string folder = std::filesystem::path(path).parent_path().string();
  std::filesystem::create_directories(folder, error);
  if (error) {
    return because(fmt::format("the folder {}", folder), error.value(), "name one that you can write to");
  }
  if (path.size() >= decltype(store::BackingRecord::location)::kCapacity) {
    return refuse(ENAMETOOLONG, fmt::format("{} is too long a path for an image", path),
                  "put it in a directory nearer the root");
  }
  if (const std::string platform = platform_with(path); !platform.empty()) {
    return refuse(EBUSY, fmt::format("the image {} is in use by platform {}", path, platform),
                  "use that platform, wait for its end, or use a copy");
  }
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  struct stat st {};
  if (!fd || ::fstat(fd.get(), &st) != 0) {
    return because(fmt::format("the image {}", path), errno, "name a folder that you can write to");
  }
  if (st.st_size != 0 && static_cast<std::uint64_t>(st.st_size) != size) {
    return refuse(EINVAL,
                  fmt::format("{} is of {}, its memdev has {}", path, size_text(static_cast<std::uint64_t>(st.st_size)),
                              size_text(size)),
                  "describe the topology that it is of, or name another folder");
  }
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
    return because(fmt::format("the image {}", path), errno, "make room on the disk");
  }
  if (lost != 0 &&
      ::fallocate(fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(lost)) != 0) {
    return because(fmt::format("the image {}", path), errno, "put it on a file system that can punch holes");
  }
  return backing::SourcedFile{std::move(fd), path};
}

// One that a platform of the same share has.
Outcome<backing::SourcedFile> image_of_other(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) {
    return because(fmt::format("the image {}", path), errno, "see what has become of it");
  }
  return backing::SourcedFile{std::move(fd), path};
}

// `owner`: kCxlOwner and more, so that no device gets it.
Outcome<std::uint32_t> register_file(store::Store& store, backing::SourcedFile file, store::BackingKind kind,
                                     std::uint32_t owner, const char* reason, std::vector<UniqueFd>& held) {
  store::Platform& platform = store.platform();
  const std::uint32_t number = platform.backing_slots_used.load();
  const auto st = sys::fstat(file.fd.get());
  if (number >= platform.backing_slot_capacity || !st) {
    return refuse(ENOSPC, "the platform has no room for the files of its memdevs and DIMMs", "use fewer of them");
  }
  store::BackingSlot& slot = store.backing_slot_table()[number];
  slot.backing.kind = kind;
  slot.backing.st_dev = st->st_dev;
  slot.backing.st_ino = st->st_ino;
  slot.backing.page_size = kPageSize;
  slot.backing.location.assign(file.location);
  slot.backing.reason.assign(reason);
  slot.owner = owner;
  platform.backing_slots_used.store(number + 1, std::memory_order_release);
  held.push_back(std::move(file.fd));
  return number + 1;
}

} // namespace

Outcome<std::uint32_t> register_kept_file(store::Store& store, backing::SourcedFile file, const char* reason,
                                          std::vector<UniqueFd>& held) {
  return register_file(store, std::move(file), store::BackingKind::shmem, store::kCxlOwner | store::kMaxCxlMemdevs,
                       reason, held);
}

Outcome<void> add_memdev_files(store::Store& store, const std::string& images, const SharePeer* peer,
                               backing::FileSource& source, std::vector<UniqueFd>& held) {
  const std::span<store::CxlMemdevRecord> memdevs = cxl::memdevs(store);
  for (std::uint32_t at = 0; at < memdevs.size(); ++at) {
    store::CxlMemdevRecord& memdev = memdevs[at];
    const SharedMemdev* shared = nullptr;
    if (memdev.share_number != 0) {
      const auto match = peer == nullptr ? Outcome<const SharedMemdev*>(nullptr) : match_memdev(*peer, memdev, images);
      if (!match) {
        return tl::unexpected(match.error());
      }
      shared = *match;
      memdev.share_number = shared == nullptr ? at + 1 : shared->number;
    }
    const bool kept = shared == nullptr ? !images.empty() && memdev.pmem_size != 0 : shared->is_image;
    const struct {
      const char* suffix;
      std::uint64_t size;
      std::uint64_t lost;
      std::uint32_t* slot;
      const std::string* location; // of what another platform has of it
    } files[] = {{".media", memdev.ram_size + memdev.pmem_size, memdev.ram_size, &memdev.bytes_slot,
                  shared == nullptr ? nullptr : &shared->media},
                 {".labels", memdev.label_size, 0, &memdev.labels_slot, shared == nullptr ? nullptr : &shared->labels}};
    for (const auto& wanted : files) {
      if (wanted.size == 0) {
        continue;
      }
      const std::string name = fmt::format("mem{}{}", memdev.id, wanted.suffix);
      const std::string theirs = shared == nullptr ? "" : *wanted.location;
      auto file = shared != nullptr && kept ? image_of_other(theirs)
                  : shared != nullptr       ? adopt_file(source, *peer, name, theirs)
                  : kept                    ? image_file(fmt::format("{}/{}", images, name), wanted.size, wanted.lost)
                                            : small_file(source, name, wanted.size);
      if (!file) {
        return tl::unexpected(file.error());
      }
      const auto number =
          register_file(store, std::move(*file), kept ? store::BackingKind::file : store::BackingKind::shmem,
                        store::kCxlOwner | at, "what a memdev keeps", held);
      if (!number) {
        return tl::unexpected(number.error());
      }
      *wanted.slot = *number;
    }
  }
  return {};
}

Outcome<void> settle_memdevs(const store::Store& store) {
  if (!has_memdev_images(store) && !nd::is_shared(store)) {
    return {};
  }
  auto change = cxl::Change::begin(store);
  if (!change) {
    return because("the platform", change.error().value, "check that its store is still there");
  }
  for (store::DeviceRecord& device : store.devices()) {
    if (device.has_media != 0) {
      if (auto returned = nd::return_media(store, device); !returned) {
        return because(fmt::format("the bytes of {} to its memdevs", store.name_of(device).view()),
                       returned.error().value, "make room on the disk, or free some memory");
      }
    }
  }
  if (nd::is_shared(store)) {
    if (auto left = nd::leave_share(store); !left) {
      return because(fmt::format("what share {} has to its memdevs", store.platform().share.view()), left.error().value,
                     "make room on the disk, or free some memory");
    }
  }
  return flush_memdev_images(store);
}

} // namespace daxemu::cli
