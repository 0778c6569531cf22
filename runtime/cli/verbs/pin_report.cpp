#include "runtime/cli/verbs/pin_report.hpp"

#include <array>
#include <chrono>
#include <ctime>
#include <map>

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "emu/base/clock.hpp"
#include "emu/base/text/size_text.hpp"
#include "emu/dax/device/extents.hpp"
#include "emu/store/generation.hpp"
#include "runtime/cli/state/call_site.hpp"
#include "runtime/cli/state/comm.hpp"

namespace daxemu::cli {
namespace {

std::string age_text(std::uint64_t since_ns) {
  const std::uint64_t now = clock_ns(CLOCK_REALTIME);
  const std::uint64_t seconds = now > since_ns ? (now - since_ns) / 1'000'000'000U : 0;
  return seconds < 60     ? fmt::format("{} s", seconds)
         : seconds < 3600 ? fmt::format("{} min", seconds / 60)
                          : fmt::format("{} h", seconds / 3600);
}

std::string iso_text(std::uint64_t since_ns) {
  const std::time_t seconds = static_cast<std::time_t>(since_ns / 1'000'000'000U);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
}

// Holds of neighbouring extents are one; only the dead's come one by one.
void join(std::vector<mm::Hold>& holds, const mm::Hold& next) {
  if (!holds.empty()) {
    mm::Hold& last = holds.back();
    if (last.pid == next.pid && last.gets == next.gets && last.pins == next.pins &&
        last.first + last.folios == next.first) {
      last.folios += next.folios;
      return;
    }
  }
  holds.push_back(next);
}

Result<void> read_device(const store::Store& store, const store::DeviceRecord& device,
                         std::vector<DevicePins>& devices) {
  const std::uint64_t extents = dax::extent_count(device);
  auto raw = sys::open_own(device.folios_location.c_str(), O_RDWR | O_CLOEXEC);
  if (!raw) {
    return {}; // its keeper is ending
  }
  UniqueFd fd(*raw);
  const auto folios = mm::FolioTable::map(fd.get(), extents);
  auto holders = mm::HolderTable::open(std::move(fd), extents);
  if (!folios || !holders) {
    return tl::unexpected(folios ? holders.error() : folios.error());
  }
  DevicePins pins{.platform = std::string(store.platform().name.view()),
                  .device = std::string(store.name_of(device).view()),
                  .align = device.align,
                  .first_pfn = device.ranges[0].phys_start >> kPageShift,
                  .bound = device.state.load() == store::DeviceState::enabled,
                  .holds = {},
                  .released = {}};
  const unsigned order = log2_of(device.align) - static_cast<unsigned>(kPageShift);
  if (auto reaped =
          holders->reap(*folios, order, [&](const mm::Hold& hold, bool /*idle*/) { join(pins.released, hold); });
      !reaped) {
    return tl::unexpected(reaped.error());
  }
  auto holds = holders->list(*folios);
  if (!holds) {
    return tl::unexpected(holds.error());
  }
  pins.holds = std::move(*holds);
  devices.push_back(std::move(pins));
  return {};
}

std::string extents_text(const mm::Hold& hold) {
  const std::uint64_t first = hold.first.value();
  return hold.folios == 1 ? std::to_string(first) : fmt::format("{}-{}", first, first + hold.folios - 1);
}

} // namespace

Result<std::vector<DevicePins>> read_pins(const store::Store& store) {
  store::await_followers(store, store::announce(store.platform())); // what left a pipe meanwhile is noticed
  std::vector<DevicePins> devices;
  for (const store::DeviceRecord& device : store.devices()) {
    if (device.state.load() == store::DeviceState::absent || device.size.load() == 0) {
      continue;
    }
    if (auto read = read_device(store, device, devices); !read) {
      return tl::unexpected(read.error());
    }
  }
  return devices;
}

std::string kind_text(const mm::Hold& hold) {
  std::string text;
  const auto add = [&](const std::string& word) { text += (text.empty() ? "" : " + ") + word; };
  const std::string pin = hold.longterm ? "longterm pin" : "pin";
  std::uint32_t gets = hold.gets;
  std::uint32_t pins = hold.pins;
  for (std::size_t kind = 1; kind < mm::kHoldKinds; ++kind) { // registrations pin, transfers take references
    if (const std::uint32_t pages = hold.by.at(kind); pages != 0) {
      const bool pinned =
          kind == static_cast<std::size_t>(mm::HoldBy::io_uring) || kind == static_cast<std::size_t>(mm::HoldBy::rdma);
      (pinned ? pins : gets) -= std::min(pages, pinned ? pins : gets);
      add(fmt::format("{} {}", mm::kHoldNames.at(kind), pinned ? pin : "get"));
    }
  }
  if (pins != 0) {
    add(pin);
  }
  if (gets != 0) {
    add("get");
  }
  return text;
}

std::string pins_table(const std::vector<DevicePins>& devices) {
  std::string text;
  for (const DevicePins& device : devices) {
    for (const mm::Hold& hold : device.holds) {
      const std::string process = fmt::format("{} ({})", hold.pid, comm_of(hold.pid));
      text += fmt::format("{:<12} {:<8} {:<13} {:>6} {:<24} {:<8} {:<28} {:>8} {:>7}  {}\n", device.platform,
                          device.device + (device.bound ? "" : "!"), extents_text(hold),
                          size_text(hold.folios * device.align), process, hold.tid, kind_text(hold),
                          hold.gets + hold.pins, age_text(hold.since_ns), call_site_text(hold.pid, hold.site));
    }
  }
  if (text.empty()) {
    return "nobody holds pages of a device\n";
  }
  return fmt::format("{:<12} {:<8} {:<13} {:>6} {:<24} {:<8} {:<28} {:>8} {:>7}  {}\n", "PLATFORM", "DEVICE", "EXTENTS",
                     "SIZE", "PROCESS", "THREAD", "KIND", "PAGES", "AGE", "SITE") +
         text;
}

std::string pins_json(const std::vector<DevicePins>& devices) {
  const auto hold_json = [](const DevicePins& device, const mm::Hold& hold) {
    nlohmann::ordered_json json = {{"platform", device.platform},
                                   {"chardev", device.device},
                                   {"bound", device.bound},
                                   {"first_extent", hold.first.value()},
                                   {"extents", hold.folios},
                                   {"extent_size", device.align},
                                   {"pid", hold.pid},
                                   {"tid", hold.tid},
                                   {"command", comm_of(hold.pid)},
                                   {"kind", kind_text(hold)},
                                   {"gets", hold.gets},
                                   {"pins", hold.pins},
                                   {"longterm", hold.longterm},
                                   {"since", iso_text(hold.since_ns)},
                                   {"since_ns", hold.since_ns}};
    for (std::size_t kind = 1; kind < mm::kHoldKinds; ++kind) {
      if (hold.by.at(kind) != 0) {
        json["by"][mm::kHoldNames.at(kind)] = hold.by.at(kind);
      }
    }
    if (hold.site != 0) {
      json["site"] = fmt::format("{:#x}", hold.site);
      json["symbol"] = call_site_text(hold.pid, hold.site);
    }
    return json;
  };
  nlohmann::ordered_json json = {{"pins", nlohmann::ordered_json::array()},
                                 {"released", nlohmann::ordered_json::array()}};
  for (const DevicePins& device : devices) {
    for (const mm::Hold& hold : device.holds) {
      json["pins"].push_back(hold_json(device, hold));
    }
    for (const mm::Hold& hold : device.released) {
      json["released"].push_back(hold_json(device, hold));
    }
  }
  return json.dump(2) + "\n";
}

std::string released_text(const std::vector<DevicePins>& devices) {
  std::string text;
  for (const DevicePins& device : devices) {
    std::map<int, std::uint64_t> extents;
    for (const mm::Hold& hold : device.released) {
      extents[hold.pid] += hold.folios;
    }
    for (const auto& [pid, count] : extents) {
      text += fmt::format("{}{}: process {} has ended and held {} extent{}: released", text.empty() ? "" : "\n",
                          device.device, pid, count, count == 1 ? "" : "s");
    }
  }
  return text;
}

} // namespace daxemu::cli
