// daxemu enable, disable, reconfigure: daxctl's verbs on a platform's devices, without daxctl and from outside.
#include <algorithm>
#include <cstring>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "emu/base/text/size_text.hpp"
#include "emu/dax/bind.hpp"
#include "emu/dax/builder.hpp"
#include "emu/dax/device/device_name.hpp"
#include "emu/dax/device/references.hpp"
#include "emu/dax/memory/memory_blocks.hpp"
#include "emu/dax/ranges.hpp"
#include "emu/nd/media/media.hpp"
#include "emu/sysfs/uevents/announced_change.hpp"
#include "runtime/cli/command_line/commands.hpp"
#include "runtime/cli/plan/flag_values.hpp"
#include "runtime/cli/plan/words.hpp"
#include "runtime/cli/platforms/find_platform.hpp"
#include "runtime/cli/platforms/named_platform.hpp"
#include "runtime/cli/state/device_json.hpp"
#include "runtime/cli/state/device_mode.hpp"
#include "runtime/cli/text/terminal.hpp"

namespace daxemu::cli {
namespace {

using store::DeviceRecord;
using store::DeviceState;
using store::Store;

using dax::kDeviceDax;
using dax::kKmem;

std::string name_of(const Store& store, const DeviceRecord& device) {
  return std::string(store.name_of(device).view());
}

// What one device refuses, with what to do about it.
Outcome<void> refused(const Store& store, const DeviceRecord& device, const char* what, Errno code,
                      std::string remedy) {
  return refuse(code.value, fmt::format("{}: {}: {}", name_of(store, device), what, std::strerror(code.value)),
                std::move(remedy));
}

// Runs `change` under the configuration lock.
template <class Action>
Result<void> changing(const Store& store, Action&& change) {
  auto held = sysfs::AnnouncedChange::begin(store);
  return held ? change() : tl::unexpected(held.error());
}

// Offline blocks are no error, as for daxctl.
Result<void> set_blocks(const Store& store, DeviceRecord& device, store::OnlinePolicy policy) {
  Result<void> result;
  dax::each_block(store, device, [&](std::uint64_t block) {
    const auto set = dax::set_block(store, block, policy);
    if (!set && set.error() != Errno{EINVAL}) {
      result = set;
    }
    return result.has_value();
  });
  return result;
}

Outcome<void> disable(const Store& store, DeviceRecord& device) {
  if (device.state.load() == DeviceState::system_ram) {
    return refuse(ENXIO, fmt::format("{} is in system-ram mode", name_of(store, device)),
                  "reconfigure it first: daxemu reconfigure --mode devdax --force");
  }
  const auto done = changing(store, [&]() -> Result<void> {
    const dax::Driver* driver = dax::driver_of(device);
    return driver != nullptr ? dax::unbind(store, device, *driver) : Result<void>{};
  });
  const auto idle = done ? dax::await_references(store, device) : done;
  return idle ? Outcome<void>{} : refused(store, device, "disable", idle.error(), "try again");
}

Outcome<void> enable(const Store& store, DeviceRecord& device, const dax::Driver& driver = kDeviceDax) {
  const auto done = changing(store, [&]() -> Result<void> {
    return dax::is_bound(device) ? Result<void>{} : dax::give(store, device, driver);
  });
  return done ? Outcome<void>{}
              : refused(store, device, "enable", done.error(), "give it a size: daxemu reconfigure --size 1G");
}

struct Wanted {
  const dax::Driver* driver = &kDeviceDax;
  std::optional<std::uint64_t> size;
  std::optional<std::uint64_t> align;
  bool online = true;
  bool movable = true;
  bool force = false;
};

// Takes the device from whatever driver has it.
Outcome<void> release(const Store& store, DeviceRecord& device, const Wanted& wanted) {
  const auto state = device.state.load();
  if (state == DeviceState::system_ram) {
    bool online = false;
    dax::each_block(store, device, [&](std::uint64_t block) {
      const auto* record = dax::block_record(store, block);
      online = record != nullptr && record->state.load() != store::BlockState::offline;
      return !online;
    });
    if (online && !wanted.force) {
      return refused(store, device, "its memory is online", Errno{EBUSY}, "use --force to take it offline");
    }
  }
  Result<void> offline;
  const auto done = changing(store, [&]() -> Result<void> {
    if (state == DeviceState::system_ram) {
      offline = set_blocks(store, device, store::OnlinePolicy::offline);
      if (!offline) {
        return offline;
      }
      dax::remove_driver_id(store, kKmem, dax::id_of(store, device));
      return dax::unbind(store, device, kKmem);
    }
    const dax::Driver* driver = dax::driver_of(device);
    return driver != nullptr ? dax::unbind(store, device, *driver) : Result<void>{};
  });
  if (!offline) {
    // Profile::first_kernel_block_stays
    return refused(store, device, "offline", offline.error(),
                   "the kernel has things of its own there, for good; write online_movable to "
                   "/sys/devices/system/memory/auto_online_blocks before kmem takes memory");
  }
  const auto idle = done ? dax::await_references(store, device) : done;
  return idle ? Outcome<void>{} : refused(store, device, "unbind", idle.error(), "try again");
}

// Tells of memory that is not as it was asked for: the kernel was quicker.
void tell_auto_online(const Store& store, const DeviceRecord& device, const Wanted& wanted) {
  bool other = false;
  dax::each_block(store, device, [&](std::uint64_t block) {
    const auto state = dax::block_record(store, block)->state.load();
    other = wanted.online ? wanted.movable && state == store::BlockState::online_kernel
                          : state != store::BlockState::offline;
    return !other;
  });
  if (other) {
    note(fmt::format("{}: its memory went online by itself, {}; for another choice write offline to "
                     "/sys/devices/system/memory/auto_online_blocks before",
                     name_of(store, device),
                     wanted.online ? "for the kernel's own use too" : "as the kernel's policy is"));
  }
}

Outcome<void> to_system_ram(const Store& store, DeviceRecord& device, const Wanted& wanted) {
  const auto done = changing(store, [&]() -> Result<void> {
    if (auto given = dax::give(store, device, kKmem); !given) {
      dax::remove_driver_id(store, kKmem, dax::id_of(store, device));
      return given;
    }
    if (!wanted.online) {
      return {};
    }
    return set_blocks(store, device,
                      wanted.movable ? store::OnlinePolicy::online_movable : store::OnlinePolicy::online_kernel);
  });
  if (!done && done.error() == Errno{ENOMEM}) {
    return refused(store, device, "system-ram", done.error(),
                   "choose a smaller --size: a platform has no room for its blocks");
  }
  return done ? Outcome<void>{}
              : refused(store, device, "system-ram", done.error(),
                        "it needs a node (not --numa-node none) and whole memory blocks of 128M");
}

// What no device can be, before anything is done to this one.
Outcome<void> check_shape(const Store& store, const DeviceRecord& device, const Wanted& wanted) {
  if (!wanted.size && !wanted.align) {
    return {};
  }
  const std::uint64_t align = wanted.align.value_or(device.align);
  const std::uint64_t size = wanted.size.value_or(device.size.load());
  const bool is_empty = !wanted.size && size == 0; // its alignment can be changed
  const bool is_extent = align == kPageSize || align == kPmdSize || align == kPudSize;
  if (!wanted.size && is_extent && !is_aligned(size, align)) {
    return refuse(EINVAL,
                  fmt::format("--align {} does not fit {}, which has {}", size_text(align), name_of(store, device),
                              size_text(size)),
                  fmt::format("use a smaller --align, or give --size {} too", size_text(align_up(size, align))));
  }
  return dax::check_geometry(is_empty ? std::max(align, kPmdSize) : size, align);
}

Outcome<void> reconfigure(const Store& store, DeviceRecord& device, const Wanted& wanted) {
  if (auto fine = check_shape(store, device, wanted); !fine) {
    return fine;
  }
  const bool to_ram = wanted.driver == &kKmem;
  if (!dax::has_driver(store.profile(), *wanted.driver)) {
    return refuse(ENODEV, fmt::format("Linux {} has no driver {}", store.profile().version, wanted.driver->name),
                  "choose another mode, or a platform of a newer kernel");
  }
  const bool reshaped =
      (wanted.size && *wanted.size != device.size.load()) || (wanted.align && *wanted.align != device.align);
  if (to_ram && !reshaped && device.state.load() == DeviceState::system_ram) { // as it is; daxctl then brings it online
    const auto done = changing(store, [&]() {
      return wanted.online
                 ? set_blocks(store, device,
                              wanted.movable ? store::OnlinePolicy::online_movable : store::OnlinePolicy::online_kernel)
                 : Result<void>{};
    });
    return done ? Outcome<void>{} : refused(store, device, "online", done.error(), "try again");
  }
  const dax::Driver* before = dax::driver_of(device);
  const std::uint64_t align_before = device.align;
  const std::uint64_t size_before = device.size.load();
  const auto as_it_was = [&] {
    (void)changing(store, [&]() -> Result<void> {
      if (device.size.load() != size_before || device.align != align_before) { // each is a multiple of the smaller one
        (void)dax::set_align(store, device, std::min(align_before, device.align));
        (void)dax::resize(store, device, size_before);
        (void)dax::set_align(store, device, align_before);
      }
      return before != nullptr ? dax::give(store, device, *before) : Result<void>{};
    });
  };
  if (auto free = release(store, device, wanted); !free) {
    return free;
  }
  const auto shaped = changing(store, [&]() -> Result<void> {
    return nd::with_media_returned(store, device, [&]() -> Result<void> {
      if (wanted.align && *wanted.align != device.align) {
        if (auto aligned = dax::set_align(store, device, *wanted.align); !aligned) {
          return aligned;
        }
      }
      const auto sized = wanted.size ? dax::resize(store, device, *wanted.size) : Result<void>{};
      if (!sized && device.align != align_before) {
        (void)dax::set_align(store, device, align_before);
      }
      return sized;
    });
  });
  if (!shaped) {
    as_it_was();
    return refused(store, device, "its size and alignment stay as they are", shaped.error(),
                   "use multiples of 2M and of the alignment, and no more than the region has free");
  }
  auto given = to_ram ? to_system_ram(store, device, wanted) : enable(store, device, *wanted.driver);
  if (!given) {
    as_it_was();
  } else if (to_ram) {
    tell_auto_online(store, device, wanted);
  }
  return given;
}

// A verb over some devices of a platform.
class DeviceVerb : public Verb {
public:
  DeviceVerb(CLI::App& app, const char* name, const char* description) {
    verb_ = app.add_subcommand(name, description);
    verb_->add_option("devices", devices_, "Their names, such as dax0.1, or all")->required()->type_name("DEVICE");
    verb_->add_option("--platform", platform_, "Name of the platform (default: the only one there is)")
        ->type_name("PLATFORM");
  }

  int run(const std::vector<std::string>& /*command*/) override {
    if (auto fine = prepare(); !fine) {
      return refuse_with(fine.error());
    }
    const auto found = find_platform(platform_);
    if (!found) {
      return refuse_with(found.error());
    }
    auto store = open_platform(*found);
    if (!store) {
      return refuse_with(store.error());
    }
    std::vector<DeviceRecord*> chosen;
    for (const std::string& name : devices_) {
      if (auto added = choose(*store, name, chosen); !added) {
        return refuse_with(added.error());
      }
    }
    std::size_t done = 0;
    int status = 0;
    for (DeviceRecord* device : chosen) {
      if (auto result = act(*store, *device); !result) {
        status = refuse_with(result.error());
        continue;
      }
      ++done;
    }
    after(*store, chosen);
    say(fmt::format("{} {} device{}\n", past_, done, done == 1 ? "" : "s")); // daxctl's words
    return status;
  }

protected:
  virtual Outcome<void> prepare() { return {}; }
  virtual Outcome<void> act(const Store& store, DeviceRecord& device) = 0;
  virtual void after(const Store&, const std::vector<DeviceRecord*>&) {}

  CLI::App* verb_ = nullptr;
  const char* past_ = "";

private:
  static int refuse_with(const Problem& problem) {
    complain(problem);
    return kExitRefused;
  }
  static Outcome<void> choose(const Store& store, const std::string& name, std::vector<DeviceRecord*>& chosen) {
    for (DeviceRecord& device : store.devices()) {
      if (device.state.load() != DeviceState::absent && (name == "all" || name_of(store, device) == name)) {
        chosen.push_back(&device);
      }
    }
    if (chosen.empty() || (name != "all" && name_of(store, *chosen.back()) != name)) {
      return refuse(ENXIO, fmt::format("the platform has no device {}", name), "daxemu list shows those there are");
    }
    return {};
  }

  std::vector<std::string> devices_;
  std::string platform_;
};

class EnableVerb final : public DeviceVerb {
public:
  explicit EnableVerb(CLI::App& app) : DeviceVerb(app, "enable", "Bind devices of a platform to device_dax") {
    past_ = "enabled";
  }

protected:
  Outcome<void> act(const Store& store, DeviceRecord& device) override { return enable(store, device); }
};

class DisableVerb final : public DeviceVerb {
public:
  explicit DisableVerb(CLI::App& app)
      : DeviceVerb(app, "disable", "Take devices of a platform from their driver, under whoever has them mapped") {
    past_ = "disabled";
  }

protected:
  Outcome<void> act(const Store& store, DeviceRecord& device) override { return disable(store, device); }
};

class ReconfigureVerb final : public DeviceVerb {
public:
  explicit ReconfigureVerb(CLI::App& app)
      : DeviceVerb(app, "reconfigure", "Change mode, size or alignment of a platform's devices") {
    past_ = "reconfigured";
    verb_->add_option("--mode,-m", mode_, "devdax, system-ram or, with kernel 7.3, famfs (default: devdax)")
        ->type_name("devdax|system-ram|famfs");
    verb_->add_option("--size,-s", size_, "Their new size")->type_name("SIZE");
    verb_->add_option("--align,-a", align_, "Their new alignment: 4K, 2M or 1G")->type_name("4K|2M|1G");
    verb_->add_flag("--no-online,-N", no_online_, "Leave memory offline in system-ram mode");
    verb_->add_flag("--no-movable", no_movable_, "Bring memory online for the kernel's own use too");
    verb_->add_flag("--force,-f", wanted_.force, "Take memory offline first");
  }

protected:
  Outcome<void> prepare() override {
    constexpr Word<const dax::Driver*> kWords[] = {
        {kModes[0].text, kModes[0].driver}, {kModes[1].text, kModes[1].driver}, {kModes[2].text, kModes[2].driver}};
    if (auto read = read_word("--mode", mode_, kWords, wanted_.driver); !read) {
      return read;
    }
    const auto size = size_of_flag("--size", size_);
    const auto align = size_of_flag("--align", align_);
    if (!size || !align) {
      return tl::unexpected(size ? align.error() : size.error());
    }
    wanted_.size = *size;
    wanted_.align = *align;
    wanted_.online = !no_online_;
    wanted_.movable = !no_movable_;
    return {};
  }
  Outcome<void> act(const Store& store, DeviceRecord& device) override { return reconfigure(store, device, wanted_); }
  void after(const Store& store, const std::vector<DeviceRecord*>& devices) override {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const DeviceRecord* device : devices) {
      list.push_back(daxctl_json(store, *device));
    }
    fmt::print("{}\n", list.dump(2));
  }

private:
  Wanted wanted_;
  std::string mode_ = kModes.front().text;
  std::string size_;
  std::string align_;
  bool no_online_ = false;
  bool no_movable_ = false;
};

} // namespace

std::unique_ptr<Verb> add_enable_verb(CLI::App& app) {
  return std::make_unique<EnableVerb>(app);
}
std::unique_ptr<Verb> add_disable_verb(CLI::App& app) {
  return std::make_unique<DisableVerb>(app);
}
std::unique_ptr<Verb> add_reconfigure_verb(CLI::App& app) {
  return std::make_unique<ReconfigureVerb>(app);
}

} // namespace daxemu::cli
