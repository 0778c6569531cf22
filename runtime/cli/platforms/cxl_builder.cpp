#include "runtime/cli/platforms/cxl_builder.hpp"

#include <algorithm>
#include <bitset>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <random>

#include <fmt/format.h>

#include "emu/base/text/size_text.hpp"
#include "emu/cxl/change.hpp"
#include "emu/cxl/drivers.hpp"
#include "emu/cxl/objects.hpp"
#include "emu/cxl/region/dpa.hpp"
#include "emu/cxl/region/regions.hpp"
#include "emu/dax/bind.hpp"
#include "emu/dax/ranges.hpp"
#include "emu/nd/media/media.hpp"
#include "emu/nd/share/stretches.hpp"
#include "runtime/cli/platforms/memdev_files.hpp"
#include "runtime/cli/platforms/share_files.hpp"

namespace daxemu::cli {
namespace {

// The buses of segment 0 that this machine has: "0000:3a:00.0" is on 3a.
std::bitset<256> buses_of_machine() {
  std::bitset<256> taken;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/class/pci_bus", ignored)) {
    const std::string name = entry.path().filename().string();
    unsigned bus = 0;
    if (name.starts_with("0000:") &&
        std::from_chars(name.data() + 5, name.data() + name.size(), bus, 16).ec == std::errc() && bus < taken.size()) {
      taken.set(bus);
    }
  }
  return taken;
}

tl::unexpected<Problem> cannot(const std::string& what, const std::string& step, Errno error) {
  return refuse(error.value, fmt::format("{} cannot be made: {}: {}", what, step, std::strerror(error.value)),
                "begin with --no-device, and see what cxl create-region -v says");
}

store::Uuid random_uuid() {
  std::random_device random;
  store::Uuid uuid{};
  for (std::uint8_t& byte : uuid) {
    byte = static_cast<std::uint8_t>(random());
  }
  uuid[6] = static_cast<std::uint8_t>(0x40U | (uuid[6] & 0x0fU)); // version 4
  uuid[8] = static_cast<std::uint8_t>(0x80U | (uuid[8] & 0x3fU));
  return uuid;
}

store::CxlDecoderRecord* root_decoder(const store::Store& store, std::uint32_t window) {
  for (store::CxlDecoderRecord& decoder : cxl::decoders(store)) {
    if (decoder.port != 0 && cxl::is_root_decoder(store, decoder) && decoder.id == window) {
      return &decoder;
    }
  }
  return nullptr;
}

// The decoder of a memdev that comes next: they are taken in order.
store::CxlDecoderRecord* free_decoder(const store::Store& store, std::uint32_t memdev) {
  const store::CxlMemdevRecord* found = cxl::memdev_named(store, fmt::format("mem{}", memdev));
  store::CxlDecoderRecord* best = nullptr;
  for (store::CxlDecoderRecord& decoder : cxl::decoders(store)) {
    if (found != nullptr && decoder.port != 0 && decoder.port == found->endpoint && decoder.dpa_size == 0 &&
        (best == nullptr || decoder.id < best->id)) {
      best = &decoder;
    }
  }
  return best;
}

// What `cxl create-region` writes, in its order.
Outcome<store::CxlRegionRecord*> make_region(const store::Store& store, const CxlRegionPlan& plan,
                                             store::CxlDecoderRecord& root) {
  const std::string name = fmt::format("region{}", root.next_region);
  const auto made = cxl::create_region(store, root, plan.mode, name);
  if (!made) {
    return cannot(name, plan.mode == store::CxlMode::ram ? "create_ram_region" : "create_pmem_region", made.error());
  }
  store::CxlRegionRecord& region = **made;
  if (plan.mode == store::CxlMode::pmem) {
    if (auto done = cxl::set_uuid(store, region, plan.uuid ? *plan.uuid : random_uuid()); !done) {
      return cannot(name, "uuid", done.error());
    }
  }
  const std::uint64_t ways = plan.memdevs.size();
  const std::uint32_t granularity = plan.granularity != 0 ? plan.granularity : root.granularity;
  if (auto done = cxl::set_granularity(store, region, granularity); !done) {
    return cannot(name, fmt::format("interleave_granularity of {}", granularity), done.error());
  }
  if (auto done = cxl::set_ways(store, region, ways); !done) {
    return cannot(name, fmt::format("interleave_ways of {}", ways), done.error());
  }
  if (auto done = cxl::set_size(store, region, plan.size); !done) {
    return cannot(name, fmt::format("size of {}", size_text(plan.size)), done.error());
  }
  for (std::uint32_t at = 0; at < ways; ++at) {
    store::CxlDecoderRecord* decoder = free_decoder(store, plan.memdevs[at]);
    if (decoder == nullptr) {
      return cannot(name, fmt::format("mem{} has no free decoder", plan.memdevs[at]), Errno{EBUSY});
    }
    const auto attached =
        cxl::set_mode(store, *decoder, plan.mode)
            .and_then([&] { return cxl::set_dpa_size(store, *decoder, plan.size / ways); })
            .and_then([&] {
              return cxl::set_target(store, region, at,
                                     fmt::format("decoder{}.{}", cxl::port_of(store, *decoder).id, decoder->id));
            });
    if (!attached) {
      return cannot(name, fmt::format("mem{} as target{}", plan.memdevs[at], at), attached.error());
    }
  }
  const auto bound =
      cxl::set_commit(store, region, true).and_then([&] { return cxl::bind(store, cxl::CxlDriver::region, name); });
  if (!bound) {
    return cannot(name, "commit", bound.error());
  }
  return &region;
}

// The kernel's region would be there without its device (cxl_region_probe() passes on no error of the device's driver);
// whoever asked for it is told.
tl::unexpected<Problem> without_device(const store::Store& store, const store::CxlRegionRecord& region) {
  if (nd::has_shared(store, region)) {
    return refuse(EBUSY,
                  fmt::format("region{} of {} becomes no device: another platform of share {} has device addresses of "
                              "it in a region that interleaves them otherwise, or as a disk",
                              region.id, size_text(region.size), store.platform().share.view()),
                  "describe the region as the other platform does, or begin with --no-device");
  }
  const bool huge = store.platform().backing_wanted == store::BackingKind::hugetlb;
  return refuse(ENOMEM,
                fmt::format("region{} of {} becomes no device: no {} for it", region.id, size_text(region.size),
                            huge ? "huge pages" : "room"),
                huge ? "grow the pool of huge pages (daxemu doctor), choose a smaller --size, or use --backing shmem"
                     : "describe fewer regions, or begin with --no-device");
}

// The device that the region has become, given its extents and its driver.
Outcome<void> settle_device(const store::Store& store, const store::CxlRegionRecord& region,
                            const CxlRegionPlan& plan) {
  for (store::DeviceRecord& device : store.devices()) {
    if (device.state.load() != store::DeviceState::disabled || device.region + 1 != region.region) {
      continue;
    }
    const std::string name(store.name_of(device).view());
    if (device.align != plan.align) {
      const auto done =
          nd::with_media_returned(store, device, [&] { return dax::set_align(store, device, plan.align); });
      if (!done) {
        return cannot(name, fmt::format("extents of {}", size_text(plan.align)), done.error());
      }
    }
    if (auto done = dax::give_first(store, device, plan.driver); !done) {
      return tl::unexpected(done.error());
    }
  }
  return {};
}

// A tmpfs that is full later has no page for a table that was never written to (SIGBUS): those of a kept platform have
// all of theirs from the beginning. Memory files are of no such size.
Outcome<void> fill_store(const store::Store& store, const std::string& location) {
  const auto about = sys::fstat(store.fd());
  if (location.starts_with("/proc/") || !about) {
    return {};
  }
  if (auto filled = sys::fallocate(store.fd(), 0, 0, static_cast<std::uint64_t>(about->st_size)); !filled) {
    return refuse(filled.error().value,
                  fmt::format("the platform's tables have no room: {}", std::strerror(filled.error().value)),
                  "free some memory, or set DAXEMU_HOME to a larger tmpfs");
  }
  return {};
}

} // namespace

Outcome<void> add_cxl_bus(store::Store& store, const CxlPlan& plan, std::uint64_t phys_start, std::int32_t first_node,
                          const std::string& location, backing::FileSource& source, std::vector<UniqueFd>& held) {
  if (auto filled = fill_store(store, location); !filled) {
    return filled;
  }
  store::Platform& platform = store.platform();
  platform.dimm_major = dax::free_char_major("/proc/devices", platform.nd_major);
  store.cxl().major = dax::free_char_major("/proc/devices", platform.dimm_major);
  cxl::TopologySpec topology = plan.topology;
  topology.buses_taken = buses_of_machine();
  topology.phys_start = std::max(phys_start, topology.phys_start);
  for (cxl::WindowSpec& window : topology.windows) {
    const std::int32_t node = first_node++;
    window.target_node = window.target_node < 0 ? node : window.target_node;
  }
  if (auto there = cxl::enumerate(store, topology); !there) {
    return there;
  }
  if (plan.share.name.empty()) {
    return add_memdev_files(store, plan.images, nullptr, source, held);
  }
  const auto peer = find_share(plan.share);
  if (!peer) {
    return tl::unexpected(peer.error());
  }
  if (auto added = add_memdev_files(store, plan.images, peer->get(), source, held); !added) {
    return added;
  }
  return join_share(store, plan.share, peer->get(), location, source, held);
}

Outcome<void> add_cxl_regions(store::Store& store, const CxlPlan& plan) {
  for (const CxlRegionPlan& wanted : plan.regions) {
    auto change = cxl::Change::begin(store);
    if (!change) {
      return refuse(change.error().value, "the platform cannot be locked", "check that its store is still there");
    }
    store::CxlDecoderRecord* root = root_decoder(store, wanted.window);
    if (root == nullptr) {
      return refuse(EINVAL, fmt::format("there is no window {}", wanted.window), "name one that is there");
    }
    // No driver takes what it becomes by itself, unless that is asked for.
    const bool is_given = wanted.driver != dax::FirstDriver::kernels;
    store.platform().autoprobe_off = is_given ? 1 : 0;
    auto region = make_region(store, wanted, *root);
    store.platform().autoprobe_off = 0;
    if (!region) {
      return tl::unexpected(region.error());
    }
    if (wanted.mode == store::CxlMode::ram && (*region)->derived_bound == 0) {
      return without_device(store, **region);
    }
    if (is_given && wanted.mode == store::CxlMode::ram) {
      if (auto done = settle_device(store, **region, wanted); !done) {
        return done;
      }
    }
  }
  return {};
}

} // namespace daxemu::cli
