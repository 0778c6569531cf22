// daxemu poison DEVICE --offset N: memory of a device goes bad under the programs that use it; --clear heals it.
#include <cstring>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include "emu/base/kernel/mapping.hpp"
#include "emu/base/text/size_text.hpp"
#include "emu/cxl/change.hpp"
#include "emu/cxl/poison.hpp"
#include "emu/dax/change.hpp"
#include "emu/dax/device/device_name.hpp"
#include "emu/dax/device/extents.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/mm/folio_table.hpp"
#include "emu/nd/nfit/nfit_errors.hpp"
#include "emu/store/generation.hpp"
#include "runtime/cli/command_line/commands.hpp"
#include "runtime/cli/plan/flag_values.hpp"
#include "runtime/cli/platforms/find_platform.hpp"
#include "runtime/cli/platforms/named_platform.hpp"
#include "runtime/cli/text/terminal.hpp"

namespace daxemu::cli {
namespace {

// The extents that [offset, offset + length) touches: memory fails by folio, whatever part of it was hit
// (memory_failure_dev_pagemap).
struct Hit {
  std::uint64_t first = 0;
  std::uint64_t end = 0;
};

constexpr std::uint64_t kCxlLine = 64; // bytes that a memdev can say of that they are bad

class PoisonVerb final : public Verb {
public:
  explicit PoisonVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("poison", "Let memory of a device fail, or heal it");
    verb.add_option("device", device_, "Its name, such as dax0.0, or a CXL memdev such as mem0")
        ->required()
        ->type_name("DEVICE");
    verb.add_option("--offset", offset_,
                    "Where, bytes from the device's start (of a memdev: device address): the extent there fails")
        ->required()
        ->type_name("SIZE");
    verb.add_option("--length", length_, "How far (default: one page, of a memdev 64 bytes)")->type_name("SIZE");
    verb.add_option("--platform", platform_, "Platform's name, or pid of a process in it (default: the only one)")
        ->type_name("PLATFORM");
    verb.add_flag("--clear", clear_, "Heal what failed: usable again, its data lost (zeros)");
  }

  int run(const std::vector<std::string>& /*command*/) override {
    const auto done = poison();
    return done ? 0 : refuse_with({done.error(), kExitRefused});
  }

private:
  Outcome<void> poison() {
    const auto offset = size_of_flag("--offset", offset_);
    const auto length = size_of_flag("--length", length_);
    if (!offset || !length) {
      return tl::unexpected(offset ? length.error() : offset.error());
    }
    auto wish = find_platform(platform_);
    if (!wish) {
      return tl::unexpected(wish.error());
    }
    auto store = open_platform(*wish);
    if (!store) {
      return tl::unexpected(store.error());
    }
    const std::string_view name = std::string_view(device_).substr(device_.starts_with("/dev/") ? 5 : 0);
    if (store::CxlMemdevRecord* memdev = memdev_named(*store); memdev != nullptr) {
      return poison_memdev(*store, *memdev, offset->value_or(0), length->value_or(kCxlLine));
    }
    store::DeviceRecord* device = store->device_named(name);
    if (device == nullptr || device->size.load() == 0) {
      return refuse(ENODEV,
                    fmt::format("platform {} has no device {} with memory", store->platform().name.view(), device_),
                    "daxemu list shows those there are, daxemu list --cxl the memdevs");
    }
    const std::uint64_t size = device->size.load();
    const std::uint64_t begin = offset->value_or(0);
    const std::uint64_t bytes = length->value_or(kPageSize);
    if (begin >= size || bytes == 0 || bytes > size - begin) {
      return refuse(ENXIO, fmt::format("--offset {} --length {} is not within {}", offset_, size_text(bytes), device_),
                    fmt::format("the device has {}", size_text(size)));
    }
    if (dax::nd::region_of_namespace(*store, store->region_of(*device)).nd.first_dimm != 0) {
      return poison_dimms(*store, *device, begin, bytes);
    }
    return change(*store, *device, {begin / device->align, (begin + bytes - 1) / device->align + 1});
  }

  [[nodiscard]] store::CxlMemdevRecord* memdev_named(const store::Store& store) const {
    return cxl::memdev_named(store, std::string_view(device_).substr(device_.starts_with("/dev/cxl/") ? 9 : 0));
  }

  // What Inject Poison and Clear Poison do, by device address; a region that decodes it has it in its device too.
  Outcome<void> poison_memdev(const store::Store& store, store::CxlMemdevRecord& memdev, std::uint64_t begin,
                              std::uint64_t bytes) const {
    const std::uint64_t size = memdev.ram_size + memdev.pmem_size;
    if (begin >= size || bytes == 0 || bytes > size - begin || begin % kCxlLine != 0 || bytes % kCxlLine != 0) {
      return refuse(ENXIO, fmt::format("--offset {} --length {} is not of {}", offset_, size_text(bytes), device_),
                    fmt::format("its device addresses are those below {}, in steps of 64", size_text(size)));
    }
    auto change = cxl::Change::begin(store);
    if (!change) {
      return refuse(change.error().value, "the platform cannot be locked", "the platform may have ended");
    }
    for (std::uint64_t dpa = begin; dpa < begin + bytes; dpa += kCxlLine) {
      const auto done = clear_ ? cxl::clear_poison(store, memdev, dpa) : cxl::inject_poison(store, memdev, dpa);
      if (!done) {
        return refuse(done.error().value,
                      fmt::format("{} refuses it at {:#x}: {}", device_, dpa, std::strerror(done.error().value)),
                      done.error() == Errno{EBUSY} ? "clear some first: its list of media errors is full"
                                                   : "see cxl list --media-errors");
      }
    }
    return {};
  }

  // Memory of DIMMs whose firmware keeps a list of what is bad: that, badblocks and the memory of programs say the
  // same. What is healed is so in whole extents, as of other devices.
  Outcome<void> poison_dimms(const store::Store& store, store::DeviceRecord& device, std::uint64_t begin,
                             std::uint64_t bytes) const {
    if (clear_) {
      const std::uint64_t end = align_up(begin + bytes, device.align);
      begin = align_down(begin, device.align);
      bytes = end - begin;
    }
    auto change = dax::Change::begin(store);
    if (!change) {
      return refuse(change.error().value, "the platform cannot be locked", "the platform may have ended");
    }
    const std::uint64_t address = device.ranges[0].phys_start + begin; // a namespace is one range
    auto done = clear_ ? nd::clear_error(store, address, bytes) : nd::inject_error(store, address, bytes, false);
    done = done && !clear_ ? nd::meet_error(store, address, bytes) : done;
    return done ? Outcome<void>()
                : refuse(done.error().value,
                         fmt::format("{} refuses it: {}", device_, std::strerror(done.error().value)),
                         "clear some first: its list of media errors is full");
  }

  Outcome<void> change(const store::Store& store, store::DeviceRecord& device, Hit hit) const {
    auto folios = mm::FolioTable::open(device.folios_location.c_str(), dax::extent_count(device));
    const auto file = store.open_file(device.backing.location.c_str(), O_RDWR | O_CLOEXEC);
    if (!folios || !file) {
      return refuse(EIO, fmt::format("the memory of {} cannot be opened", device_), "the platform may have ended");
    }
    const auto progress = progress_line(clear_ ? "healed" : "poisoned");
    for (std::uint64_t extent = hit.first; extent < hit.end; ++extent) {
      auto& flags = (*folios)[ExtentIndex(extent)].flags;
      if (!clear_) {
        flags.fetch_or(mm::kFolioHwpoison);
        folios->control().failures.note(ExtentIndex(extent), 0);
      } else if ((flags.load() & mm::kFolioHwpoison) != 0) {
        if (auto empty = zero(file->get(), device.align, extent); !empty) {
          return refuse(empty.error().value,
                        fmt::format("extent {} cannot be healed: {}", extent, std::strerror(empty.error().value)),
                        "free some memory and try again");
        }
        device.mapping_changes.fetch_add(1);
        flags.fetch_and(~(mm::kFolioHwpoison | mm::kFolioDirty));
      }
      if (progress) {
        progress(extent + 1 - hit.first, hit.end - hit.first);
      }
    }
    // What unmap_mapping_range() does before memory_failure() returns: no process has it mapped any more.
    store::await_followers(store, store::announce(store.platform()));
    return {};
  }

  static Result<void> zero(int bytes, std::uint64_t align, std::uint64_t extent) {
    const auto window = Mapping::of(bytes, align, PROT_READ | PROT_WRITE, MAP_SHARED, extent * align);
    if (!window) {
      return tl::unexpected(window.error());
    }
    std::memset(window->data(), 0, align);
    return {};
  }

  std::string device_;
  std::string offset_;
  std::string length_;
  std::string platform_;
  bool clear_ = false;
};

} // namespace

std::unique_ptr<Verb> add_poison_verb(CLI::App& app) {
  return std::make_unique<PoisonVerb>(app);
}

} // namespace daxemu::cli
