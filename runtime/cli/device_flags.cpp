#include "runtime/cli/device_flags.hpp"

#include <filesystem>

#include <charconv>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "emu/base/size_text.hpp"
#include "emu/dax/builder.hpp"
#include "runtime/cli/image_platform.hpp"

namespace daxemu::cli {
namespace {

template <class Value>
struct Word {
  const char* text;
  Value value;
};

constexpr Word<std::optional<store::BackingKind>> kBackings[] = {
    {"auto", std::nullopt}, {"hugetlb", store::BackingKind::hugetlb}, {"shmem", store::BackingKind::shmem}};
constexpr Word<store::EngineKind> kEngines[] = {{"auto", store::EngineKind::automatic},
                                                {"handler", store::EngineKind::handler},
                                                {"inline", store::EngineKind::inline_},
                                                {"populate", store::EngineKind::populate}};
constexpr Word<store::RegionKind> kRegions[] = {{"hmem", store::RegionKind::hmem}, {"pmem", store::RegionKind::pmem}};

// Sets `value` to that of `text` in a table of words, or refuses and lists them.
template <class Value, std::size_t Count>
Outcome<void> read_word(const char* flag, const std::string& text, const Word<Value> (&words)[Count], Value& value) {
  std::string known;
  for (const Word<Value>& word : words) {
    if (text == word.text) {
      value = word.value;
      return {};
    }
    known += (known.empty() ? "" : ", ") + std::string(word.text);
  }
  return refuse(EINVAL, fmt::format("{} {} is not known", flag, text), "use one of: " + known);
}

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
Outcome<void> read_image(const std::string& text, std::optional<std::uint64_t> size, std::optional<std::uint64_t> align,
                         PlatformOptions& options) {
  if (text.empty()) {
    return {};
  }
  options.image = std::filesystem::absolute(text).string();
  if (options.image.size() >= decltype(store::DeviceRecord::image)::kCapacity) {
    return refuse(ENAMETOOLONG, fmt::format("--image {} is too long a path", text),
                  "put it in a directory nearer the root");
  }
  const auto there = geometry_of_image(options.image);
  if (!there) {
    return tl::unexpected(there.error());
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

} // namespace

std::vector<CLI::Option*> add_device_flags(CLI::App& verb, DeviceFlags& flags) {
  return {
      verb.add_option("--size", flags.size, "Size of the device (default 4G)"),
      verb.add_option("--align", flags.align, "Size of its extents: 4K, 2M or 1G (default 2M)"),
      verb.add_option("--device", flags.device, "Its name (default dax0.0)"),
      verb.add_option("--region", flags.region, "Kind of region: hmem or pmem (default hmem)"),
      verb.add_option("--backing", flags.backing, "Where its bytes live: auto, hugetlb or shmem (default auto)"),
      verb.add_option("--engine", flags.engine,
                      "How first touches are served: auto, handler, inline or populate (default auto)"),
      verb.add_option("--numa-node", flags.numa_node,
                      "NUMA node of this machine its memory and handlers belong to, or none"),
      verb.add_option("--image", flags.image, "File that keeps its contents over restarts; made if it is not there"),
  };
}

Outcome<std::optional<std::uint64_t>> size_of_flag(const char* flag, const std::string& text) {
  if (text.empty()) {
    return std::optional<std::uint64_t>();
  }
  const auto bytes = parse_size(text);
  if (!bytes) {
    const char* fault = bytes.error() == Errno{ERANGE} ? "more than a file can hold" : "no size";
    return refuse(EINVAL, fmt::format("{} {} is {}", flag, text, fault),
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
  if (auto image = read_image(flags.image, *size, *align, options); !image) {
    return tl::unexpected(image.error());
  }
  for (const Outcome<void>& read :
       {dax::check_geometry(options.size, options.align),
        read_word("--backing", flags.backing, kBackings, options.backing),
        read_word("--engine", flags.engine, kEngines, options.engine),
        read_word("--region", flags.region, kRegions, options.region), read_node(flags.numa_node, options.numa_node)}) {
    if (!read) {
      return tl::unexpected(read.error());
    }
  }
  return options;
}

} // namespace daxemu::cli
