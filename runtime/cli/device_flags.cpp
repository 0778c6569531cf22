#include "runtime/cli/device_flags.hpp"

#include <filesystem>

#include <charconv>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "emu/base/size_text.hpp"
#include "emu/dax/builder.hpp"
#include "runtime/cli/image_platform.hpp"
#include "runtime/cli/memory_type.hpp"
#include "runtime/cli/platform_file.hpp"
#include "runtime/cli/words.hpp"

namespace daxemu::cli {
namespace {

// Sets `value` if `text` says something. Whether the machine has the node is the topology's to say.
Outcome<void> read_node(const std::string& text, std::optional<int>& value) {
  if (text.empty()) {
    return {};
  }
  if (text == "none") {
    value = kNoNode;
    return {};
  }
  int number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || rest != text.data() + text.size() || number < 0) {
    return refuse(EINVAL, fmt::format("--numa-node {} is no node number", text),
                  "use none, or one of the nodes that daxemu doctor lists");
  }
  value = number;
  return {};
}

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

Outcome<void> checked_type(const std::string& name, std::uint64_t align) {
  const auto type = memory_type(name, align);
  return type ? Outcome<void>() : refuse(EINVAL, "--type " + name + ": " + type.error().what, type.error().remedy);
}

// The size a person may have meant by "1.5G", "4 G" or "1,024M"; empty if none.
std::string nearest_size(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == ',' || c == '_'; });
  if (const auto bytes = parse_size(text)) {
    return size_text(*bytes);
  }
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto unit = parse_size("1" + std::string(rest));
  if (error != std::errc() || !unit || !(number > 0) || number * static_cast<double>(*unit) > 9e18) {
    return "";
  }
  return size_text(static_cast<std::uint64_t>(number * static_cast<double>(*unit)));
}

} // namespace

std::vector<CLI::Option*> add_device_flags(CLI::App& verb, DeviceFlags& flags) {
  std::vector<CLI::Option*> options = {
      verb.add_option("--size", flags.size, "Size of the device (default 4G)")->type_name("SIZE"),
      verb.add_option("--align", flags.align, "Size of its extents: 4K, 2M or 1G (default 2M)")->type_name("4K|2M|1G"),
      verb.add_option("--device", flags.device, "Its name (default dax0.0)")->type_name("NAME"),
      verb.add_option("--region", flags.region, "Kind of region: hmem or pmem (default hmem)")->type_name("hmem|pmem"),
      verb.add_option("--backing", flags.backing, "Where its bytes live: auto, hugetlb or shmem (default auto)")
          ->type_name("auto|hugetlb|shmem"),
      verb.add_option("--engine", flags.engine,
                      "How first touches are served: auto, handler, inline or populate (default auto)")
          ->type_name("auto|handler|inline|populate"),
      verb.add_flag("--exact", flags.exact, "Count each first touch of an extent: none is mapped ahead of its touch"),
      verb.add_option("--numa-node", flags.numa_node,
                      "NUMA node of this machine its memory and handlers belong to, or none")
          ->type_name("NODE"),
      verb.add_option("--image", flags.image, "File that keeps its contents over restarts; made if it is not there")
          ->type_name("FILE"),
      verb.add_option(
              "--type", flags.type,
              "Its memory type: GENERIC_6_1 (device-dax as of 6.1), GENERIC (newer) or FS_DAX (default GENERIC_6_1)")
          ->type_name("GENERIC_6_1|GENERIC|FS_DAX"),
      verb.add_option("--with", flags.more, "Another device: NAME=SIZE[,ALIGN], such as dax0.1=2G or dax1.0=4G,1G")
          ->expected(1)
          ->take_all()
          ->type_name("NAME=SIZE"),
      verb.add_option("--free", flags.free, "Bytes of each hmem region left free, for daxctl create-device (default 0)")
          ->type_name("SIZE"),
  };
  auto* config = verb.add_option("--config", flags.config, "A JSON file that describes all regions and devices")
                     ->type_name("FILE");
  for (CLI::Option* other : options) {
    config->excludes(other);
  }
  options.push_back(config);
  return options;
}

Outcome<std::optional<std::uint64_t>> size_of_flag(const char* flag, const std::string& text) {
  if (text.empty()) {
    return std::optional<std::uint64_t>();
  }
  const auto bytes = parse_size(text);
  if (!bytes) {
    const char* fault = bytes.error() == Errno{ERANGE} ? "more than a file can hold" : "no size";
    const std::string near = nearest_size(text);
    return refuse(EINVAL, fmt::format("{} {} is {}", flag, text, fault),
                  (near.empty() ? "" : fmt::format("did you mean {}? ", near)) +
                      "give a number with K, M, G or T, such as 2M or 4G");
  }
  return std::optional<std::uint64_t>(*bytes);
}

Outcome<PlatformOptions> platform_options(const DeviceFlags& flags) {
  PlatformOptions options;
  const auto name = dax::parse_device_name(flags.device);
  if (!name) {
    return refuse(EINVAL, fmt::format("--device {} is no device name", flags.device), "use daxX.Y, such as dax0.0");
  }
  options.device = *name;
  options.exact = flags.exact;
  const auto size = size_of_flag("--size", flags.size);
  if (!size) {
    return tl::unexpected(size.error());
  }
  const auto align = size_of_flag("--align", flags.align);
  if (!align) {
    return tl::unexpected(align.error());
  }
  options.size = size->value_or(options.size);
  options.align = align->value_or(options.align);
  options.type = flags.type;
  if (auto image = read_image(flags, *size, *align, options); !image) {
    return tl::unexpected(image.error());
  }
  for (const Outcome<void>& read :
       {dax::check_geometry(options.size, options.align), checked_type(options.type, options.align),
        read_word("--backing", flags.backing, kBackings, options.backing),
        read_word("--engine", flags.engine, kEngines, options.engine),
        read_word("--region", flags.region, kRegions, options.region), read_node(flags.numa_node, options.numa_node)}) {
    if (!read) {
      return tl::unexpected(read.error());
    }
  }
  return options;
}

namespace {

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
  plan.regions.push_back({name->region, base.region, 0, base.numa_node, {device}});
  return {};
}

} // namespace

bool describes_platform(const DeviceFlags& flags) {
  return !flags.config.empty() || !flags.more.empty() || !flags.free.empty();
}

Outcome<PlatformPlan> platform_plan(const DeviceFlags& flags) {
  if (!flags.config.empty()) {
    return read_platform_file(flags.config);
  }
  const auto options = platform_options(flags);
  if (!options) {
    return tl::unexpected(options.error());
  }
  PlatformPlan plan(*options);
  for (const std::string& text : flags.more) {
    if (auto added = add_more(text, *options, plan); !added) {
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
  return plan;
}

} // namespace daxemu::cli
