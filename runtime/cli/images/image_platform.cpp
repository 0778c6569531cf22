#include "runtime/cli/images/image_platform.hpp"

#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <random>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include "emu/backing/image/image.hpp"
#include "emu/base/kernel/mapping.hpp"
#include "emu/base/text/size_text.hpp"
#include "emu/cxl/change.hpp"
#include "emu/cxl/derived/power_loss.hpp"
#include "emu/dax/device/extents.hpp"
#include "emu/mm/folio_table.hpp"
#include "emu/store/processes/process_slots.hpp"
#include "runtime/cli/images/device_files.hpp"
#include "runtime/cli/text/because.hpp"
#include "runtime/fault/devices/lazy_image.hpp"

namespace daxemu::cli {
namespace {

using backing::Image;
using namespace std::chrono_literals;

constexpr auto kWaitForOther = 60s; // another write-back of the same image
constexpr auto kWaitForDeath = 10s; // a killed process's end

Outcome<DeviceFiles> open_device(const store::Store& store, const store::DeviceRecord& device) {
  auto files = open_device_files(store, device);
  if (!files) {
    return because(fmt::format("the memory of {}", store.name_of(device).view()), files.error().value,
                   "the platform may have ended");
  }
  return std::move(*files);
}

// For writing, when whoever else writes to it has finished.
Outcome<Image> open_for_writing(const std::string& path) {
  const auto until = std::chrono::steady_clock::now() + kWaitForOther;
  while (true) {
    auto image = Image::open(path, Image::Access::read_write);
    if (image || image.error().code != EBUSY || std::chrono::steady_clock::now() >= until) {
      return image;
    }
    std::this_thread::sleep_for(50ms);
  }
}

template <class Each> // Outcome<void>(store::DeviceRecord&)
Outcome<void> each_device(const store::Store& store, Each each) {
  for (store::DeviceRecord& device : store.devices()) {
    if (device.state.load() != store::DeviceState::absent && device.size.load() != 0) {
      if (auto done = each(device); !done) {
        return done;
      }
    }
  }
  return {};
}

// One extent of a device, mapped to be changed.
class Window {
public:
  Window(const DeviceFiles& device, std::uint64_t extent_size, ExtentIndex extent)
      : mapping_(Mapping::of(device.bytes.get(), extent_size, PROT_READ | PROT_WRITE, MAP_SHARED,
                             extent.value() * extent_size)) {}
  [[nodiscard]] explicit operator bool() const { return mapping_.has_value(); }
  [[nodiscard]] std::span<std::byte> bytes() const { return mapping_->bytes(); }

private:
  Result<Mapping> mapping_;
};

class PowerFailure {
public:
  PowerFailure(Loss loss, std::uint64_t seed) : loss_(loss), random_(seed) {}

  Outcome<void> strike(const store::Store& store, store::DeviceRecord& device, CrashReport& report,
                       const Progress& progress) {
    auto open = open_device(store, device);
    if (!open) {
      return tl::unexpected(open.error());
    }
    std::optional<Image> image;
    if (!device.image.empty()) {
      auto opened = device.snapshot == 0 ? open_for_writing(std::string(device.image.view()))
                                         : Image::open(std::string(device.image.view()), Image::Access::read_only);
      if (!opened) {
        return tl::unexpected(opened.error());
      }
      image = std::move(*opened);
    }
    std::vector<std::byte> before(device.align);
    std::vector<Image::Written> emptied;
    for (std::uint64_t at = 0; at < open->folios.size(); ++at) {
      const ExtentIndex extent(at);
      if (progress) {
        progress(at + 1, open->folios.size());
      }
      auto& flags = open->folios[extent].flags;
      if (loss_ == Loss::all && image && device.snapshot == 0 && image->has_data(extent)) {
        emptied.push_back({extent, 0, true});
      }
      if ((flags.load() & mm::kFolioTouched) == 0) {
        continue;
      }
      std::fill(before.begin(), before.end(), std::byte{0});
      if (image && loss_ != Loss::all) {
        if (auto read = image->read(extent, before); !read) {
          return because(fmt::format("extent {} of {}", at, device.image.view()), read.error().value,
                         "the image is damaged there: restore it from a copy");
        }
      }
      const Window window(*open, device.align, extent);
      if (!window) {
        return because(fmt::format("extent {} of {}", at, store.name_of(device).view()), ENOMEM, "free some memory");
      }
      if (std::memcmp(window.bytes().data(), before.data(), before.size()) != 0) {
        ++report.changed;
        lose(window.bytes(), before);
      }
      flags.fetch_and(~(mm::kFolioTouched | mm::kFolioDirty));
      flags.fetch_or(mm::kFolioTouched & (loss_ == Loss::torn ? ~0U : 0U)); // still differs from the image
    }
    device.mapping_changes.fetch_add(1);
    if (!emptied.empty()) {
      if (auto done = image->commit(emptied); !done) {
        return because(std::string(device.image.view()), done.error().value, "check the disk");
      }
    }
    return {};
  }

  // Devices of CXL memory, and the memory itself.
  Outcome<void> strike_memdevs(const store::Store& store, CrashReport& report) {
    auto change = cxl::Change::begin(store);
    if (!change) {
      return because("the platform", change.error().value, "check that its store is still there");
    }
    const bool forgets = loss_ == Loss::all;
    const auto stays = [this] { return loss_ == Loss::torn && (random_() & 1U) == 0; };
    auto done = each_device(store, [&](store::DeviceRecord& device) -> Outcome<void> {
      const auto changed = cxl::lose_media(store, device, forgets, stays);
      if (!changed) {
        return because(fmt::format("the bytes of {}", store.name_of(device).view()), changed.error().value,
                       "free some memory");
      }
      report.changed += *changed;
      return {};
    });
    if (done) {
      cxl::lose_memdevs(store, forgets);
    }
    return done;
  }

private:
  void lose(std::span<std::byte> now, std::span<const std::byte> before) {
    for (std::uint64_t at = 0; at < now.size(); at += kPageSize) {
      if (loss_ != Loss::torn || (random_() & 1U) != 0) {
        std::memcpy(now.data() + at, before.data() + at, kPageSize);
      }
    }
  }

  Loss loss_;
  std::mt19937_64 random_;
};

bool is_written_back(const store::DeviceRecord& device) {
  return !device.image.empty() && device.snapshot == 0;
}

// Of a write-back that has failed: where, and what of it counts all the same.
std::string how_far(const fault::WriteBack& work, std::uint64_t extent_size) {
  const std::uint64_t before = work.totals().written;
  const std::string count = before == 0 ? "no" : std::to_string(before);
  const auto at = work.failed_at();
  if (!at) {
    return fmt::format(", {} extent{} written", count, before <= 1 ? " is" : "s are");
  }
  return fmt::format(", extent {} (offset {}), {} other{} written", at->value(), size_text(at->value() * extent_size),
                     count, before <= 1 ? " is" : "s are");
}

Outcome<void> write_device_back(const store::Store& store, const store::DeviceRecord& device, const Progress& progress,
                                fault::DirtyTracker* tracker, fault::WriteBackTotals& sum) {
  if (!is_written_back(device)) {
    return {};
  }
  auto open = open_device(store, device);
  if (!open) {
    return tl::unexpected(open.error());
  }
  const std::string path(device.image.view());
  auto image = open_for_writing(path);
  if (!image) {
    return tl::unexpected(image.error());
  }
  if (tracker != nullptr) {
    tracker->look(open->folios); // before the first byte is read
  }
  fault::WriteBack work(*image, path, open->bytes.get(), open->folios);
  const auto totals = work.run(progress, tracker);
  if (!totals) {
    return because(
        fmt::format("writing {} back to {}", store.name_of(device).view(), path + how_far(work, image->extent_size())),
        totals.error().value,
        fmt::format("make room on the disk and try again: daxemu sync {}", store.platform().name.view()));
  }
  if (tracker != nullptr) {
    tracker->settled();
  }
  sum.examined += totals->examined;
  sum.written += totals->written;
  sum.bytes += totals->bytes;
  return {};
}

// SIGKILL to every process of the platform but this one, and their ends waited for.
std::uint64_t kill_users(const store::Store& store) {
  std::uint64_t killed = 0;
  for (const store::ProcessSlot& slot : store.slots()) {
    if (store::is_alive(slot) && slot.pid != sys::getpid() && ::kill(slot.pid, SIGKILL) == 0) {
      ++killed;
      const auto until = std::chrono::steady_clock::now() + kWaitForDeath;
      while (store::is_alive(slot) && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(1ms);
      }
    }
  }
  return killed;
}

} // namespace

Outcome<std::optional<ImageGeometry>> geometry_of_image(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return std::optional<ImageGeometry>();
  }
  auto image = Image::open(path, Image::Access::beside);
  if (!image) {
    return tl::unexpected(image.error());
  }
  return std::optional<ImageGeometry>({image->size(), image->extent_size()});
}

bool has_image(const store::Store& store) {
  bool found = false;
  (void)each_device(store, [&](const store::DeviceRecord& device) -> Outcome<void> {
    found = found || is_written_back(device);
    return {};
  });
  return found;
}

Outcome<fault::WriteBackTotals> write_back(const store::Store& store, const Progress& progress) {
  fault::WriteBackTotals sum;
  auto done = each_device(store, [&](const store::DeviceRecord& device) {
    return write_device_back(store, device, progress, nullptr, sum);
  });
  return done ? Outcome<fault::WriteBackTotals>(sum) : tl::unexpected(done.error());
}

RepeatedWriteBack::RepeatedWriteBack(const store::Store& store) : store_(store) {
  for (store::DeviceRecord& device : store.devices()) {
    if (device.state.load() == store::DeviceState::absent || !is_written_back(device)) {
      continue;
    }
    if (auto tracker = fault::DirtyTracker::start(store, device)) {
      trackers_.emplace(&device, std::move(*tracker));
    }
  }
}

Outcome<fault::WriteBackTotals> RepeatedWriteBack::again() {
  fault::WriteBackTotals sum;
  auto done = each_device(store_, [&](const store::DeviceRecord& device) {
    const auto tracker = trackers_.find(&device);
    return write_device_back(store_, device, {}, tracker == trackers_.end() ? nullptr : tracker->second.get(), sum);
  });
  return done ? Outcome<fault::WriteBackTotals>(sum) : tl::unexpected(done.error());
}

Outcome<CrashReport> crash(const store::Store& store, Loss loss, std::uint64_t seed, const Progress& progress) {
  CrashReport report;
  report.killed = kill_users(store);
  PowerFailure failure(loss, seed);
  auto done = each_device(store, [&](store::DeviceRecord& device) {
    return device.has_media == 0 ? failure.strike(store, device, report, progress) : Outcome<void>();
  });
  if (auto media = done ? failure.strike_memdevs(store, report) : done; !media) {
    return tl::unexpected(media.error());
  }
  return report;
}

} // namespace daxemu::cli
