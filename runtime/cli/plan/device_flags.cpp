#include "runtime/cli/plan/device_flags.hpp"

#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "emu/base/profile.hpp"
#include "emu/base/text/size_text.hpp"
#include "emu/dax/builder.hpp"
#include "runtime/cli/images/image_platform.hpp"
#include "runtime/cli/plan/flag_values.hpp"
#include "runtime/cli/plan/memory_type.hpp"
#include "runtime/cli/plan/nd/region_flag.hpp"
#include "runtime/cli/plan/platform_file.hpp"
#include "runtime/cli/plan/words.hpp"

namespace daxemu::cli {
namespace {

// An image that is there already says what its device is; flags may only agree.
Outcome<void> read_image(const DeviceFlags& flags, std::optional<std::uint64_t> size,
                         std::optional<std::uint64_t> align, PlatformOptions& options) {
  options.snapshot = !flags.snapshot.empty();
  if (options.snapshot && !flags.image.empty()) {
    return refuse(EINVAL, "--image and --snapshot exclude each other", "use --snapshot to leave the image as it is");
  }
  const std::string& text = options.snapshot ? flags.snapshot : flags.image;
  if (text.empty()) {
    return {};
  }
  options.image = std::filesystem::absolute(text).string();
  if (options.image.size() >= decltype(store::DeviceRecord::image)::kCapacity) {
    return refuse(ENAMETOOLONG, fmt::format("{} is too long a path for an image", text),
                  "put it in a directory nearer the root");
  }
  const auto there = geometry_of_image(options.image);
  if (!there) {
    return tl::unexpected(there.error());
  }
  if (!*there && options.snapshot) {
    return refuse(ENOENT, fmt::format("there is no image {}", text), "make one: daxemu run --image FILE");
  }
  if (*there) {
    options.size = (*there)->size;
    options.align = (*there)->extent_size;
  }
  if (size.value_or(options.size) != options.size || align.value_or(options.align) != options.align) {
    return refuse(
        EINVAL,
        fmt::format("the image {} is of {} in extents of {}", text, size_text(options.size), size_text(options.align)),
        "leave out --size and --align, or name another image");
  }
  return {};
}

Outcome<void> checked_type(const std::string& name, std::uint64_t align, KernelId kernel) {
  const auto type = memory_type(name, align, profile_of(kernel));
  return type ? Outcome<void>() : refuse(EINVAL, "--type " + name + ": " + type.error().what, type.error().remedy);
}

} // namespace

std::vector<CLI::Option*> add_device_flags(CLI::App& verb, DeviceFlags& flags) {
  std::vector<CLI::Option*> options = {
      verb.add_option("--size", flags.size, "Size of the device (default 4G)")->type_name("SIZE"),
      verb.add_option("--align", flags.align, "Size of its extents: 4K, 2M or 1G (default 2M)")->type_name("4K|2M|1G"),
      verb.add_option("--device", flags.device, "Its name (default dax0.0)")->type_name("NAME"),
      verb.add_option("--region", flags.region,
                      "Kind of region: hmem, pmem, pmem,dimms=N,labels (interleaved over N DIMMs, with labels) or cxl: "
                      "a CXL bus "
                      "that it is made of (default hmem)")
          ->type_name("hmem|pmem|cxl"),
      verb.add_option("--backing", flags.backing, "Where its bytes live: auto, hugetlb or shmem (default auto)")
          ->type_name("auto|hugetlb|shmem"),
      verb.add_option("--engine", flags.engine,
                      "How first touches are served: auto, handler, inline or populate (default auto)")
          ->type_name("auto|handler|inline|populate"),
      verb.add_flag("--exact", flags.exact, "Count each first touch of an extent: none is mapped ahead of its touch"),
      verb.add_option("--numa-node", flags.numa_node,
                      "NUMA node of this machine its memory and handlers belong to, or none")
          ->type_name("NODE"),
      verb.add_option(
              "--image", flags.image,
              "File that keeps its contents over restarts, made if it is not there; of a CXL bus a folder for its "
              "persistent memdevs")
          ->type_name("FILE"),
      verb.add_option("--type", flags.type,
                      "Its memory type: GENERIC (device-dax of the kernel), GENERIC_6_1 (of that one) ... or FS_DAX "
                      "(default GENERIC)")
          ->type_name("TYPE"),
      verb.add_option("--kernel", flags.kernel,
                      fmt::format("Kernel it is to behave as: {} (default: the variable {}, else {})", known_kernels(),
                                  kKernelVariable, kDefaultProfile.version))
          ->type_name("VERSION"),
      verb.add_option(
              "--driver", flags.driver,
              "Driver it begins with: device_dax, kmem, fsdev_dax, none, or default: the kernel's (default device_dax)")
          ->type_name("DRIVER"),
      verb.add_option("--with", flags.more, "Another device: NAME=SIZE[,ALIGN], such as dax0.1=2G or dax1.0=4G,1G")
          ->expected(1)
          ->take_all()
          ->type_name("NAME=SIZE"),
      verb.add_option("--free", flags.free, "Bytes of each hmem region left free, for daxctl create-device (default 0)")
          ->type_name("SIZE"),
  };
  add_cxl_flags(verb, flags.cxl, options);
  auto* config = verb.add_option("--config", flags.config, "A JSON file that describes all regions and devices")
                     ->type_name("FILE");
  for (CLI::Option* other : options) {
    if (other->get_name() != "--kernel") { // one platform, asked for on another kernel
      config->excludes(other);
    }
  }
  options.push_back(config);
  return options;
}

namespace {

// `run` has looked for its word for every kernel before.
Outcome<ChosenProfile> kernel_of_flag(const std::string& text) {
  if (text == kEveryKernel) {
    return refuse(
        EINVAL,
        fmt::format("--kernel {} is for `run` only, which plays a command on one kernel after the other", kEveryKernel),
        fmt::format("daxemu run --kernel {}, or use one of: {}", kEveryKernel, known_kernels()));
  }
  return chosen_profile("--kernel", text);
}

// The device that the flags describe by themselves; its sizes, as far as they are given, are read already.
Outcome<PlatformOptions> device_options(const DeviceFlags& flags, const DeviceWish& wish) {
  PlatformOptions options;
  options.device = wish.name;
  options.exact = flags.exact;
  options.size = wish.size.value_or(options.size);
  options.align = wish.align.value_or(options.align);
  options.type = flags.type;
  if (flags.region == "cxl") { // a folder of the memdevs, not an image of the device
    options.snapshot = !flags.snapshot.empty();
  } else if (auto image = read_image(flags, wish.size, wish.align, options); !image) {
    return tl::unexpected(image.error());
  }
  const auto kernel = kernel_of_flag(flags.kernel);
  if (!kernel) {
    return tl::unexpected(kernel.error());
  }
  options.kernel = kernel->profile->id;
  options.kernel_note = kernel->note;
  const auto node = node_of_flag(flags.numa_node);
  for (const Outcome<void>& read :
       {dax::check_geometry(options.size, options.align), checked_type(options.type, options.align, options.kernel),
        read_word("--backing", flags.backing, kBackings, options.backing),
        read_word("--engine", flags.engine, kEngines, options.engine),
        read_region_flag(flags.region, options.region, options.dimms),
        flags.driver.empty() ? Outcome<void>() : read_word("--driver", flags.driver, kDriverWords, options.driver),
        node ? Outcome<void>() : tl::unexpected(node.error())}) {
    if (!read) {
      return tl::unexpected(read.error());
    }
  }
  options.numa_node = *node;
  return options;
}

// "dax1.0=4G,1G": the device and, where it is new, its region.
Outcome<void> add_more(const std::string& text, const PlatformOptions& base, PlatformPlan& plan) {
  const std::size_t equals = text.find('=');
  const std::size_t comma = text.find(',', equals == std::string::npos ? 0 : equals);
  const auto name = dax::parse_device_name(text.substr(0, equals));
  if (!name || equals == std::string::npos) {
    return refuse(EINVAL, fmt::format("--with {} is no device", text), "use NAME=SIZE[,ALIGN], such as dax0.1=2G");
  }
  DevicePlan device;
  device.id = name->id;
  device.align = base.align;
  const auto size = size_of_flag("--with", text.substr(equals + 1, comma - equals - 1));
  const auto align = size_of_flag("--with", comma == std::string::npos ? "" : text.substr(comma + 1));
  if (!size || !align) {
    return tl::unexpected(size ? align.error() : size.error());
  }
  device.size = size->value_or(0);
  device.align = align->value_or(base.align);
  device.type = base.type;
  device.driver = base.driver;
  if (auto fine = dax::check_geometry(device.size, device.align); !fine) {
    return refuse(EINVAL, fmt::format("--with {}: {}", text, fine.error().what), fine.error().remedy);
  }
  for (RegionPlan& region : plan.regions) {
    if (region.id != name->region) {
      continue;
    }
    for (const DevicePlan& other : region.devices) {
      if (other.id == device.id) {
        return refuse(EINVAL, fmt::format("--with {}: dax{}.{} is there already", text, region.id, other.id),
                      "give each device its own name");
      }
    }
    region.devices.push_back(device);
    return {};
  }
  plan.regions.push_back({name->region, base.region, 0, base.numa_node, {device}, 0, base.dimms});
  return {};
}

// The whole platform: the device of `options`, those of --with, and room for more.
Outcome<PlatformPlan> whole_platform(const DeviceFlags& flags, const DeviceWish& wish, const PlatformOptions& options) {
  if (options.region == store::RegionKind::cxl) {
    return cxl_platform(flags, wish, options);
  }
  if (auto fine = check_without_cxl(flags.cxl); !fine) {
    return tl::unexpected(fine.error());
  }
  PlatformPlan plan(options);
  for (const std::string& text : flags.more) {
    if (auto added = add_more(text, options, plan); !added) {
      return tl::unexpected(added.error());
    }
  }
  const auto free = size_of_flag("--free", flags.free);
  if (!free) {
    return tl::unexpected(free.error());
  }
  if (free->value_or(0) % kPmdSize != 0) {
    return refuse(EINVAL, fmt::format("--free {} is not a multiple of 2M", flags.free), "use steps of 2M");
  }
  for (RegionPlan& region : plan.regions) {
    region.free = free->value_or(0);
  }
  plan.kernel_note = options.kernel_note;
  return plan;
}

} // namespace

Outcome<DeviceWish> read_device_flags(const DeviceFlags& flags) {
  DeviceWish wish;
  const auto name = dax::parse_device_name(flags.device);
  if (!name) {
    return refuse(EINVAL, fmt::format("--device {} is no device name", flags.device), "use daxX.Y, such as dax0.0");
  }
  const auto size = size_of_flag("--size", flags.size);
  const auto align = size_of_flag("--align", flags.align);
  if (!size || !align) {
    return tl::unexpected(size ? align.error() : size.error());
  }
  wish.name = *name;
  wish.size = *size;
  wish.align = *align;
  wish.more_than_one = (flags.region != "hmem" && flags.region != "pmem") || !flags.config.empty() ||
                       !flags.more.empty() || !flags.free.empty();
  auto platform = flags.config.empty() ? device_options(flags, wish).and_then([&](const PlatformOptions& options) {
    return whole_platform(flags, wish, options);
  })
                                       : read_platform_file(flags.config); // it excludes the others but for --kernel
  if (!platform) {
    return tl::unexpected(platform.error());
  }
  wish.platform = std::move(*platform);
  if (!flags.config.empty() && !flags.kernel.empty()) { // before what the file says
    const auto kernel = kernel_of_flag(flags.kernel);
    if (!kernel) {
      return tl::unexpected(kernel.error());
    }
    wish.platform.kernel = kernel->profile->id;
    wish.platform.kernel_note = kernel->note;
    if (wish.platform.cxl.is_there()) {
      if (const auto wrong = check_cxl(wish.platform.cxl, *kernel->profile)) {
        return tl::unexpected(wrong->problem);
      }
    }
  }
  wish.platform.exact = wish.platform.exact || flags.exact; // `trace` asks for it, whatever the file says
  return wish;
}

} // namespace daxemu::cli
