#include "emu/sysfs/uevents/cxl_change.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <utility>

#include "emu/sysfs/families/cxl_paths.hpp"
#include "emu/sysfs/families/cxl_things.hpp"
#include "emu/sysfs/schema/text.hpp"
#include "emu/sysfs/uevents/uevent.hpp"

namespace daxemu::sysfs {
namespace {

using store::CxlState;

// The number that it is called by.
std::uint32_t number_of(const CxlState& state, CxlKind kind, std::uint32_t reference) {
  const std::uint32_t at = reference - 1;
  switch (kind) {
  case CxlKind::memdev:
  case CxlKind::nvdimm:
    return state.memdevs[at].id;
  case CxlKind::port:
    return state.ports[at].id;
  case CxlKind::region:
  case CxlKind::derived:
    return state.regions[at].id;
  case CxlKind::decoder:
    return (state.decoders[at].port << 8U) | state.decoders[at].id;
  case CxlKind::function:
  case CxlKind::bridge:
    break;
  }
  return 0;
}

// What became of a topology, told in the order in which drivers/cxl does it: things go from the leaves, the last first,
// and come from the root.
class Announcer {
public:
  Announcer(const store::Store& store, const Presence& devices)
      : store_(store), before_(store.cxl().before), now_(store.cxl().state), devices_(devices) {}

  void announce() {
    announce_gone();
    announce_come();
    say_devices();
  }

private:
  // What became of one record: it may have been that of another thing before.
  struct Step {
    bool gone = false;
    bool come = false;
    bool let_go = false;
    bool bound = false;
  };
  [[nodiscard]] Step step_of(CxlKind kind, std::uint32_t reference) const {
    const bool was = is_cxl_there(before_, kind, reference);
    const bool is = is_cxl_there(now_, kind, reference);
    const bool other = was && is && number_of(before_, kind, reference) != number_of(now_, kind, reference);
    const bool was_bound = is_cxl_bound(before_, kind, reference);
    const bool is_bound = is_cxl_bound(now_, kind, reference);
    return {.gone = was && (!is || other),
            .come = is && (!was || other),
            .let_go = was_bound && (!is_bound || other),
            .bound = is_bound && (!was_bound || other)};
  }

  void say(const CxlState& state, CxlKind kind, std::uint32_t reference, std::string_view action) const {
    PathText path;
    cxl_thing_path(state, kind, reference, path);
    TextBuffer<512> lines;
    cxl_variables(state, store_.cxl().major, kind, reference, lines);
    sysfs::announce(store_, {.action = action,
                             .path = path.view(),
                             .subsystem = kind != CxlKind::function ? "cxl"
                                          : state.mock != 0         ? "platform"
                                                                    : "pci",
                             .variables = lines.view()});
  }
  void say_platform(std::string_view action) const {
    PathText path;
    CxlPaths(now_).acpi_path(path);
    sysfs::announce(store_, {.action = action,
                             .path = path.view(),
                             .subsystem = "platform",
                             .variables = now_.mock != 0 ? "DRIVER=cxl_acpi\nMODALIAS=platform:cxl_acpi\n"
                                                         : "DRIVER=cxl_acpi\nMODALIAS=acpi:ACPI0017:\n"});
  }
  void say_let_go(CxlKind kind, std::uint32_t reference) const {
    if (step_of(kind, reference).let_go) {
      say(before_, kind, reference, "unbind");
    }
  }
  void say_gone(CxlKind kind, std::uint32_t reference) const {
    say_let_go(kind, reference);
    if (step_of(kind, reference).gone) {
      say(before_, kind, reference, "remove");
    }
  }
  void say_come(CxlKind kind, std::uint32_t reference) const {
    if (step_of(kind, reference).come) {
      say(now_, kind, reference, "add");
    }
  }
  void say_bound(CxlKind kind, std::uint32_t reference) const {
    if (step_of(kind, reference).bound) {
      say(now_, kind, reference, "bind");
    }
  }
  // Devices of the dax and nd buses, once.
  void say_devices() {
    if (!std::exchange(devices_said_, true)) {
      Presence(store_).announce_since(devices_, store_);
    }
  }

  [[nodiscard]] std::uint32_t most(CxlKind kind) const {
    return std::max(cxl_count(before_, kind), cxl_count(now_, kind));
  }
  template <class Each>
  void forwards(CxlKind kind, Each&& each) const {
    for (std::uint32_t reference = 1; reference <= most(kind); ++reference) {
      each(reference);
    }
  }
  template <class Each>
  void backwards(CxlKind kind, Each&& each) const {
    for (std::uint32_t reference = most(kind); reference > 0; --reference) {
      each(reference);
    }
  }

  // Ports that were: what is added to a port last is taken from it first (devres).
  template <class Each>
  void youngest_first(Each&& each) const {
    std::array<std::uint32_t, store::kMaxCxlPorts> order{};
    const std::uint32_t count = std::min<std::uint32_t>(before_.ports_used, order.size());
    for (std::uint32_t at = 0; at < count; ++at) {
      order[at] = at + 1;
    }
    std::sort(order.begin(), order.begin() + count, [&](std::uint32_t one, std::uint32_t other) {
      return before_.ports[one - 1].added > before_.ports[other - 1].added;
    });
    std::for_each(order.begin(), order.begin() + count, each);
  }

  // A region loses its devices before its driver.
  void say_region_gone(std::uint32_t region) {
    if (region == 0 || told_.test(region - 1)) {
      return;
    }
    told_.set(region - 1);
    if (step_of(CxlKind::derived, region).let_go) {
      say_devices();
    }
    say_gone(CxlKind::derived, region);
    say_gone(CxlKind::region, region);
  }
  // Those that a decoder decodes for; of a window those that lie in it.
  void say_regions_gone(std::uint32_t decoder) {
    say_region_gone(before_.decoders[decoder - 1].region);
    backwards(CxlKind::region, [&](std::uint32_t region) {
      if (before_.regions[region - 1].used != 0 && before_.regions[region - 1].root_decoder == decoder) {
        say_region_gone(region);
      }
    });
  }
  // The decoders of a port go before it, each after the region that it decodes for.
  void say_port_gone(std::uint32_t port) {
    if (step_of(CxlKind::port, port).let_go || step_of(CxlKind::port, port).gone) {
      backwards(CxlKind::decoder, [&](std::uint32_t decoder) {
        if (before_.decoders[decoder - 1].port == port && step_of(CxlKind::decoder, decoder).gone) {
          say_regions_gone(decoder);
          say_gone(CxlKind::decoder, decoder);
        }
      });
    }
    say_gone(CxlKind::port, port);
  }
  void say_memdev_gone(std::uint32_t memdev) {
    if (memdevs_told_.test(memdev - 1)) {
      return;
    }
    memdevs_told_.set(memdev - 1);
    if (step_of(CxlKind::nvdimm, memdev).let_go) {
      say_devices();
    }
    say_gone(CxlKind::nvdimm, memdev);
    say_gone(CxlKind::memdev, memdev);
  }
  void announce_gone() {
    if (step_of(CxlKind::bridge, 1).let_go) {
      say_devices();
    }
    say_gone(CxlKind::bridge, 1);
    youngest_first([&](std::uint32_t port) { say_port_gone(port); });
    backwards(CxlKind::region, [&](std::uint32_t region) { say_region_gone(region); });
    youngest_first([&](std::uint32_t port) { // detach_memdev(), queued as endpoints go
      const store::CxlPortRecord& gone = before_.ports[port - 1];
      if (gone.kind == store::CxlPortKind::endpoint) {
        say_memdev_gone(gone.uport);
      }
    });
    backwards(CxlKind::memdev, [&](std::uint32_t memdev) { say_memdev_gone(memdev); });
    backwards(CxlKind::function, [&](std::uint32_t function) { say_gone(CxlKind::function, function); });
    if (before_.acpi_unbound == 0 && now_.acpi_unbound != 0) {
      say_platform("unbind");
    }
  }

  void say_port_come(std::uint32_t port) const {
    say_come(CxlKind::port, port);
    forwards(CxlKind::decoder, [&](std::uint32_t decoder) { // in 7.3 with its first dport, maybe long after it
      if (now_.decoders[decoder - 1].port == port) {
        say_come(CxlKind::decoder, decoder);
      }
    });
    say_bound(CxlKind::port, port);
  }
  void say_region_come(std::uint32_t region) {
    const bool later = store_.profile().dax_regions_probe_later;
    say_come(CxlKind::region, region);
    say_come(CxlKind::derived, region);
    if (is_cxl_there(now_, CxlKind::derived, region) && now_.regions[region - 1].mode == store::CxlMode::pmem) {
      say_bound(CxlKind::derived, region);
      say_bound(CxlKind::region, region);
      if (step_of(CxlKind::derived, region).bound) {
        say_devices(); // nd_async_device_register()
      }
      return;
    }
    if (later) {
      say_bound(CxlKind::region, region);
    }
    if (step_of(CxlKind::derived, region).bound) {
      say_devices();
    }
    say_bound(CxlKind::derived, region);
    if (!later) {
      say_bound(CxlKind::region, region);
    }
  }
  void announce_come() {
    forwards(CxlKind::function, [&](std::uint32_t function) { say_come(CxlKind::function, function); });
    say_come(CxlKind::bridge, 1);
    if (step_of(CxlKind::bridge, 1).bound) {
      say_devices();
    }
    say_bound(CxlKind::bridge, 1);
    forwards(CxlKind::memdev, [&](std::uint32_t memdev) {
      say_come(CxlKind::memdev, memdev);
      say_come(CxlKind::nvdimm, memdev);
      if (step_of(CxlKind::nvdimm, memdev).bound) {
        say_devices();
      }
      say_bound(CxlKind::nvdimm, memdev);
    });
    forwards(CxlKind::port, [&](std::uint32_t port) { say_port_come(port); });
    forwards(CxlKind::memdev, [&](std::uint32_t memdev) { say_bound(CxlKind::memdev, memdev); });
    forwards(CxlKind::function, [&](std::uint32_t function) { say_bound(CxlKind::function, function); });
    forwards(CxlKind::region, [&](std::uint32_t region) { say_region_come(region); });
    if (before_.acpi_unbound != 0 && now_.acpi_unbound == 0) {
      say_platform("bind");
    }
  }

  const store::Store& store_;
  const CxlState& before_;
  const CxlState& now_;
  const Presence& devices_;
  bool devices_said_ = false;
  std::bitset<store::kMaxCxlRegions> told_;
  std::bitset<store::kMaxCxlMemdevs> memdevs_told_;
};

} // namespace

AnnouncedCxlChange::AnnouncedCxlChange(const store::Store& store, cxl::Change change)
    : store_(&store), change_(std::move(change)), devices_before_(store) {}

AnnouncedCxlChange::AnnouncedCxlChange(AnnouncedCxlChange&& other) noexcept
    : store_(std::exchange(other.store_, nullptr)), change_(std::move(other.change_)),
      devices_before_(other.devices_before_) {}

Result<AnnouncedCxlChange> AnnouncedCxlChange::begin(const store::Store& store) {
  auto change = cxl::Change::begin(store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  return AnnouncedCxlChange(store, std::move(*change));
}

AnnouncedCxlChange::~AnnouncedCxlChange() {
  if (store_ != nullptr) {
    Announcer(*store_, devices_before_).announce();
  }
}

} // namespace daxemu::sysfs
