#include "runtime/cli/platforms/share_files.hpp"

#include <chrono>
#include <cstring>
#include <filesystem>
#include <new>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/base/kernel/mapping.hpp"
#include "emu/base/text/size_text.hpp"
#include "emu/cxl/objects.hpp"
#include "emu/nd/share/share_file.hpp"
#include "runtime/cli/platforms/find_platform.hpp"
#include "runtime/cli/platforms/small_file.hpp"
#include "runtime/cli/text/because.hpp"
#include "runtime/cli/text/joined.hpp"

namespace daxemu::cli {
namespace {

using namespace std::chrono_literals;

std::string location_of(const store::Store& store, std::uint32_t slot) {
  return slot == 0 || slot > store.backing_slots().size()
             ? std::string()
             : std::string(store.backing_slots()[slot - 1].backing.location.view());
}

SharePeer peer_of(const store::Store& store) {
  SharePeer peer;
  peer.platform = store.platform().name.view();
  peer.state = store.platform().share_file.view();
  for (const store::CxlMemdevRecord& memdev : cxl::memdevs(store)) {
    if (memdev.share_number == 0) {
      continue;
    }
    SharedMemdev& found = peer.memdevs.emplace_back();
    found.serial = memdev.serial;
    found.number = memdev.share_number;
    found.ram = memdev.ram_size;
    found.pmem = memdev.pmem_size;
    found.label_size = memdev.label_size;
    found.media = location_of(store, memdev.bytes_slot);
    found.labels = location_of(store, memdev.labels_slot);
    found.is_image = memdev.bytes_slot != 0 && memdev.bytes_slot <= store.backing_slots().size() &&
                     store.backing_slots()[memdev.bytes_slot - 1].backing.kind == store::BackingKind::file;
  }
  for (std::size_t at = 0; at < nd::kMaxStretches; ++at) {
    const store::BackingSlot* slot = nd::slot_of_stretch(store, at);
    peer.stretches.push_back(slot == nullptr ? std::string() : std::string(slot->backing.location.view()));
  }
  return peer;
}

// The file that members tell each other by: new, or the peer's.
Outcome<backing::SourcedFile> state_file(backing::FileSource& source, const SharePeer* peer) {
  if (peer != nullptr) {
    return adopt_file(source, *peer, "share", peer->state);
  }
  auto file = small_file(source, "share", sizeof(nd::ShareState));
  if (!file) {
    return file;
  }
  // It has all its pages from the beginning: a full tmpfs is told of here.
  if (::fallocate(file->fd.get(), 0, 0, sizeof(nd::ShareState)) != 0) {
    return because("the platform's file share", errno, "free some memory");
  }
  const auto mapping = Mapping::of(file->fd.get(), sizeof(nd::ShareState), PROT_READ | PROT_WRITE, MAP_SHARED);
  if (!mapping) {
    return because("the platform's file share", mapping.error().value, "free some memory");
  }
  new (mapping->data()) nd::ShareState{.magic = nd::kShareMagic};
  return file;
}

// The member that the platform is from now on.
Outcome<void> become_member(store::Store& store, int file, const std::string& location, std::vector<UniqueFd>& held) {
  auto share = nd::Share::enter(file);
  if (!share) {
    return because(fmt::format("share {}", store.platform().share.view()), share.error().value,
                   "end all its platforms, and begin again");
  }
  nd::ShareState& state = share->state();
  for (std::uint32_t at = 0; at < nd::kMaxShareMembers; ++at) {
    nd::ShareMember& member = state.members[at];
    std::error_code ignored;
    if (member.used != 0 && member.is_kept != 0 &&
        !std::filesystem::exists(std::string(member.location.view()), ignored)) { // removed by hand
      nd::forget_member(state, at);
    }
    if (member.used != 0) {
      continue;
    }
    const bool is_kept = !location.starts_with("/proc/");
    if (!is_kept) {
      auto mark = FileLock::mark(file, nd::share_mark(at));
      if (!mark) {
        return because(fmt::format("share {}", store.platform().share.view()), mark.error().value, "try again");
      }
      held.push_back(std::move(*mark));
    }
    member.is_kept = is_kept ? 1 : 0;
    member.name.assign(store.platform().name.view());
    member.location.assign(is_kept ? std::filesystem::path(location).replace_filename("store").string() : location);
    member.used = 1;
    store.cxl().share_member = at;
    return {};
  }
  return refuse(ENOSPC,
                fmt::format("share {} has {} platforms already", store.platform().share.view(), nd::kMaxShareMembers),
                "end one of them first");
}

} // namespace

Outcome<ShareGate> ShareGate::enter() {
  // Whoever finds others by /proc waits here for who is about to be found: a lock that needs no file of ours.
  UniqueFd root(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (root && ::flock(root.get(), LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() > until) {
      return refuse(EBUSY, "another platform that shares memdevs has been about to begin for 20 s",
                    "see whether a daxemu hangs, and try again");
    }
    std::this_thread::sleep_for(2ms);
  }
  if (!root) {
    return because("/proc", errno, "mount it");
  }
  return ShareGate(std::move(root));
}

Outcome<std::unique_ptr<SharePeer>> find_share(const ShareWish& wish) {
  std::unique_ptr<SharePeer> found;
  std::vector<std::string> others;
  each_store([&](const store::Store& store) {
    const std::string_view share = store.platform().share.view();
    if (store.platform().uid != ::geteuid()) {
      return true; // root sees those of others
    }
    if (share == wish.name) {
      found = std::make_unique<SharePeer>(peer_of(store));
    } else if (!share.empty()) {
      others.emplace_back(share);
    }
    return found == nullptr;
  });
  if (!found && wish.must_exist) {
    return refuse(ENOENT, fmt::format("--share {},join: no platform shares by that name", wish.name),
                  others.empty()
                      ? fmt::format("begin one with --share {}", wish.name)
                      : fmt::format("begin one with --share {}, or join one of: {}", wish.name, joined(others, ", ")));
  }
  return found;
}

Outcome<const SharedMemdev*> match_memdev(const SharePeer& peer, const store::CxlMemdevRecord& memdev,
                                          const std::string& images) {
  std::vector<std::string> serials;
  for (const SharedMemdev& there : peer.memdevs) {
    serials.push_back(fmt::format("{}", there.serial));
    if (there.serial != memdev.serial) {
      continue;
    }
    if (there.ram != memdev.ram_size || there.pmem != memdev.pmem_size || there.label_size != memdev.label_size) {
      const auto text = [](std::uint64_t ram, std::uint64_t pmem, std::uint64_t labels) {
        return fmt::format("{} of ram, {} of pmem, {} of labels", size_text(ram), size_text(pmem), size_text(labels));
      };
      return refuse(EINVAL,
                    fmt::format("mem{} has {}; with platform {}, which shares it, the memdev of serial {} has {}",
                                memdev.id, text(memdev.ram_size, memdev.pmem_size, memdev.label_size), peer.platform,
                                there.serial, text(there.ram, there.pmem, there.label_size)),
                    "give it the same sizes, or share by another name");
    }
    const std::string folder = there.is_image ? std::filesystem::path(there.media).parent_path().string() : "";
    std::error_code ignored;
    const bool is_same = !folder.empty() && std::filesystem::equivalent(images, folder, ignored);
    if (!images.empty() && memdev.pmem_size != 0 && !is_same) {
      return refuse(
          EBUSY,
          folder.empty()
              ? fmt::format("platform {}, which shares mem{}, keeps it in no folder", peer.platform, memdev.id)
              : fmt::format("platform {}, which shares mem{}, keeps it in {}", peer.platform, memdev.id, folder),
          "leave out --image: it is kept where the first platform has said");
    }
    return &there;
  }
  return refuse(ENODEV,
                fmt::format("platform {} shares no memdev of serial {}, which mem{} has", peer.platform, memdev.serial,
                            memdev.id),
                "give it one of the serials: " + joined(serials, ", "));
}

Outcome<backing::SourcedFile> adopt_file(backing::FileSource& source, const SharePeer& peer, const std::string& name,
                                         const std::string& location) {
  auto file = source.adopt(name, location);
  if (!file && file.error() == Errno{EXDEV}) {
    return refuse(EXDEV, fmt::format("what platform {} shares ends with it, and this one is to be kept", peer.platform),
                  "make the first one with daxemu create too, or use daxemu run for this one");
  }
  if (!file) {
    return because(fmt::format("{} of platform {}", name, peer.platform), file.error().value,
                   "it may have ended just now: try again");
  }
  return std::move(*file);
}

Outcome<void> join_share(store::Store& store, const ShareWish& wish, const SharePeer* peer, const std::string& location,
                         backing::FileSource& source, std::vector<UniqueFd>& held) {
  store::Platform& platform = store.platform();
  auto state = state_file(source, peer);
  if (!state) {
    return tl::unexpected(state.error());
  }
  platform.share.assign(wish.name);
  platform.share_file.assign(state->location);
  for (std::uint32_t at = 0; at < nd::kMaxStretches; ++at) {
    const std::uint32_t number = platform.backing_slots_used.load();
    const std::string name = fmt::format("stretch-{}", at);
    auto bytes =
        peer == nullptr ? small_file(source, name, 0) : adopt_file(source, *peer, name, peer->stretches.at(at));
    auto folios = small_file(source, name + ".folios", 0);
    const auto st = bytes ? sys::fstat(bytes->fd.get()) : Result<struct stat>(fail(EBADF));
    if (!bytes || !folios) {
      return tl::unexpected(bytes ? folios.error() : bytes.error());
    }
    if (!st || number >= platform.backing_slot_capacity) {
      return refuse(ENOSPC, "the platform has no room for the files of what it shares", "use fewer memdevs");
    }
    store::BackingSlot& slot = store.backing_slot_table()[number];
    slot.backing.kind = store::BackingKind::shmem;
    slot.backing.st_dev = st->st_dev;
    slot.backing.st_ino = st->st_ino;
    slot.backing.page_size = kPageSize;
    slot.backing.location.assign(bytes->location);
    slot.backing.reason.assign("shared memdevs are of small pages");
    slot.folios_location.assign(folios->location);
    slot.stretch = at + 1;
    platform.backing_slots_used.store(number + 1, std::memory_order_release);
    held.push_back(std::move(bytes->fd));
    held.push_back(std::move(folios->fd));
  }
  auto member = become_member(store, state->fd.get(), location, held);
  held.push_back(std::move(state->fd));
  return member;
}

} // namespace daxemu::cli
