#include "runtime/cli/plan/cxl/cxl_flags.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "runtime/cli/plan/cxl/cxl_presets.hpp"
#include "runtime/cli/plan/device_flags.hpp"

namespace daxemu::cli {
namespace {

// The first flag that was given although a CXL bus has no use for it.
Outcome<void> check_with_cxl(const DeviceFlags& flags, const PlatformOptions& options) {
  const struct {
    bool given;
    const char* flag;
    const char* remedy;
  } rows[] = {
      {flags.device != "dax0.0", "--device", "leave it out: region0 becomes dax0.0"},
      {!flags.more.empty(), "--with", "describe more regions in a file: --config FILE"},
      {!flags.free.empty(), "--free", "leave it out: a memdev has room for further regions, see cxl create-region"},
      {!flags.snapshot.empty(), "--snapshot", "leave it out: no device there begins with a file"},
      {options.type != kDefaultType, "--type", "leave it out: it is device-dax as the kernel has it"},
  };
  for (const auto& row : rows) {
    if (row.given) {
      return refuse(EINVAL, fmt::format("{} does not go with --region cxl", row.flag), row.remedy);
    }
  }
  return {};
}

// What is of the device that a region becomes by itself, and there is none.
Outcome<void> check_device_flags(const DeviceFlags& flags, const DeviceWish& wish, const CxlPlan& plan) {
  const bool has_device =
      std::ranges::any_of(plan.regions, [](const CxlRegionPlan& region) { return region.mode == store::CxlMode::ram; });
  const struct {
    bool given;
    std::string flag;
  } rows[] = {
      {!flags.driver.empty(), "--driver " + flags.driver},
      {wish.align.has_value(), "--align " + flags.align},
  };
  for (const auto& row : rows) {
    if (row.given && !has_device) {
      return refuse(EINVAL,
                    flags.cxl.no_device
                        ? fmt::format("{} is of a device, and --no-device begins without one", row.flag)
                        : fmt::format("{} is of a device, and a persistent region is none by itself", row.flag),
                    "leave it out: daxctl and ndctl say what a device that they make is");
    }
  }
  return {};
}

Outcome<std::uint32_t> ways_of(const std::string& text) {
  std::uint32_t ways = 1;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), ways);
  if (!text.empty() && (error != std::errc() || rest != text.data() + text.size())) {
    return refuse(EINVAL, fmt::format("--ways {} is no number", text), "use 1, 2, 4, 8 or 16");
  }
  return ways;
}

} // namespace

void add_cxl_flags(CLI::App& verb, CxlFlags& flags, std::vector<CLI::Option*>& options) {
  options.push_back(verb.add_option("--ways", flags.ways,
                                    "With --region cxl: memdevs that its region is interleaved over (default 1)")
                        ->type_name("1|2|4|8|16"));
  options.push_back(verb.add_option("--preset", flags.preset,
                                    fmt::format("With --region cxl: the topology (default {})", kDefaultPreset))
                        ->type_name(known_presets("|")));
  options.push_back(
      verb.add_option("--share", flags.share,
                      "With --region cxl: its memdevs are those of all platforms that share by this name, "
                      "as hosts share a device; NAME,join: another has begun it")
          ->type_name("NAME"));
  options.push_back(verb.add_flag("--no-device", flags.no_device,
                                  "With --region cxl: begin without a region, for cxl create-region"));
}

Outcome<void> check_without_cxl(const CxlFlags& flags) {
  const char* flag = !flags.ways.empty()     ? "--ways"
                     : !flags.preset.empty() ? "--preset"
                     : !flags.share.empty()  ? "--share"
                     : flags.no_device       ? "--no-device"
                                             : nullptr;
  return flag == nullptr ? Outcome<void>()
                         : refuse(EINVAL, fmt::format("{} is of a CXL bus", flag), "add --region cxl, or leave it out");
}

Outcome<PlatformPlan> cxl_platform(const DeviceFlags& flags, const DeviceWish& wish, const PlatformOptions& options) {
  if (auto fine = check_with_cxl(flags, options); !fine) {
    return tl::unexpected(fine.error());
  }
  const auto ways = ways_of(flags.cxl.ways);
  if (!ways) {
    return tl::unexpected(ways.error());
  }
  PresetWish preset;
  preset.name = flags.cxl.preset.empty() ? kDefaultPreset : flags.cxl.preset;
  preset.size = options.size;
  preset.ways = *ways;
  preset.with_region = !flags.cxl.no_device;
  preset.numa_node = options.numa_node.value_or(kNoNode);
  if ((preset.name == kMockPreset || preset.name == kMockXorPreset) && (wish.size || !flags.cxl.ways.empty())) {
    return refuse(EINVAL, fmt::format("--preset {} has sizes and ways of its own", preset.name),
                  "leave out --size and --ways");
  }
  auto made = cxl_preset(preset);
  if (!made) {
    return tl::unexpected(made.error());
  }
  if (auto fine = check_device_flags(flags, wish, *made); !fine) {
    return tl::unexpected(fine.error());
  }
  PlatformPlan plan;
  plan.kernel = options.kernel;
  plan.kernel_note = options.kernel_note;
  plan.engine = options.engine;
  plan.exact = options.exact;
  plan.backing = options.backing;
  plan.cxl = std::move(*made);
  if (!flags.image.empty()) {
    plan.cxl.images = std::filesystem::absolute(flags.image).string();
    if (!has_pmem(plan.cxl.topology)) {
      return refuse(EINVAL, fmt::format("--image {}: no memdev of --preset {} is persistent", flags.image, preset.name),
                    "add --preset pmem, or leave it out");
    }
  }
  if (!flags.cxl.share.empty()) {
    if (const auto share = parse_share(flags.cxl.share); !share) {
      return tl::unexpected(share.error());
    }
    share_all(plan.cxl.topology, flags.cxl.share);
  }
  for (CxlRegionPlan& region : plan.cxl.regions) {
    region.align = options.align;
    region.driver = options.driver;
  }
  if (const auto wrong = check_cxl(plan.cxl, profile_of(plan.kernel))) {
    return tl::unexpected(wrong->problem);
  }
  return plan;
}

} // namespace daxemu::cli
