#include "runtime/cli/platform_builder.hpp"

#include <cstring>

#include <fmt/format.h>

#include "emu/backing/backing.hpp"
#include "emu/backing/image.hpp"
#include "emu/backing/placement.hpp"
#include "emu/backing/spare_files.hpp"
#include "emu/base/size_text.hpp"
#include "emu/dax/builder.hpp"
#include "emu/dax/machine_memory.hpp"
#include "emu/mm/folio_table.hpp"

namespace daxemu::cli {
namespace {

Outcome<backing::SourcedFile> small_file(backing::FileSource& source, const std::string& name, std::uint64_t size) {
  auto file = source.make(name, kPageSize);
  if (!file) {
    return refuse(file.error().value,
                  fmt::format("the platform's file {} cannot be made: {}", name, std::strerror(file.error().value)),
                  "raise the limit of open files, free some memory, or remove what is in the way");
  }
  if (auto sized = sys::ftruncate(file->fd.get(), size); !sized) {
    source.discard(*file);
    return refuse(sized.error().value,
                  fmt::format("a memory file of {}: {}", size_text(size), std::strerror(sized.error().value)),
                  "choose a smaller --size");
  }
  return std::move(*file);
}

std::int32_t node_number(const PlatformOptions& options) {
  return options.numa_node.value_or(0);
}

// The image, if one is asked for and not there yet.
Outcome<void> make_image(const PlatformOptions& options) {
  if (options.image.empty()) {
    return {};
  }
  auto made = backing::Image::create(options.image, options.size, options.align);
  if (!made && made.error().code != EEXIST) {
    return tl::unexpected(made.error());
  }
  return {};
}

} // namespace

Outcome<BuiltPlatform> build_platform(const PlatformOptions& options, const std::string& platform_name,
                                      backing::FileSource& source) {
  if (auto fine = dax::check_geometry(options.size, options.align); !fine) {
    return tl::unexpected(fine.error());
  }
  const std::string name = fmt::format("dax{}.{}", options.device.region, options.device.id);

  store::CpuMask cpus{};
  std::optional<backing::Topology> topology;
  if (options.numa_node && *options.numa_node != kNoNode) {
    auto loaded = backing::Topology::load();
    if (!loaded) {
      return tl::unexpected(loaded.error());
    }
    topology = std::move(*loaded);
    auto mask = topology->cpus_of(*options.numa_node);
    if (!mask) {
      return tl::unexpected(mask.error());
    }
    cpus = *mask;
  }

  auto bytes = backing::create({.name = name,
                                .size = options.size,
                                .align = options.align,
                                .kind = options.backing,
                                .numa_node = topology ? options.numa_node : std::nullopt},
                               source, topology ? &*topology : nullptr);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  auto folios = small_file(source, name + ".folios", mm::FolioTable::file_size(options.size / options.align));
  if (!folios) {
    return tl::unexpected(folios.error());
  }
  auto store_file = small_file(source, "daxemu-store", 0);
  if (!store_file) {
    return tl::unexpected(store_file.error());
  }
  auto store = store::Store::create(std::move(store_file->fd), platform_name);
  if (!store) {
    return refuse(store.error().value, fmt::format("the platform's store: {}", std::strerror(store.error().value)),
                  "free some memory");
  }
  store->platform().dax_major = dax::free_char_major();
  store->platform().nd_major = dax::free_char_major("/proc/devices", store->platform().dax_major);
  store->platform().engine = options.engine;
  store->platform().backing_wanted = options.backing.value_or(store::BackingKind::none);
  const dax::MachineMemory machine = dax::machine_memory();
  store->platform().memory_block_size = machine.block_size;
  store->platform().first_new_node = machine.first_new_node;

  auto region =
      dax::add_region(*store, {.kind = options.region,
                               .id = options.device.region,
                               .data_size = options.size,
                               .align = options.align,
                               .numa_node = node_number(options),
                               // Of a node of its own, as the firmware describes memory that is not the machine's.
                               .target_node = node_number(options) < 0 ? kNoNode : machine.first_new_node,
                               .phys_start = machine.first_free_address,
                               .cpus = cpus});
  if (!region) {
    return tl::unexpected(region.error());
  }
  if (auto image = make_image(options); !image) {
    return tl::unexpected(image.error());
  }
  const auto st = sys::fstat(bytes->fd.get());
  if (!st) {
    return refuse(st.error().value, "the device's memory cannot be examined", "report this");
  }
  dax::DeviceSpec spec;
  spec.name = options.device;
  spec.size = options.size;
  spec.align = options.align;
  spec.backing.kind = bytes->kind;
  spec.backing.st_dev = st->st_dev;
  spec.backing.st_ino = st->st_ino;
  spec.backing.page_size = bytes->page_size;
  spec.backing.location.assign(bytes->location);
  spec.backing.reason.assign(bytes->reason);
  spec.folios_location.assign(folios->location);
  spec.cpus = cpus;
  spec.image.assign(options.image);
  if (auto device = dax::add_device(*store, spec); !device) {
    return tl::unexpected(device.error());
  }
  std::vector<UniqueFd> held;
  held.push_back(std::move(bytes->fd));
  held.push_back(std::move(folios->fd));
  if (options.region == store::RegionKind::hmem) { // devices of a pmem region are static
    auto spares = backing::add_spare_files(*store, source);
    if (!spares) {
      return tl::unexpected(spares.error());
    }
    std::move(spares->begin(), spares->end(), std::back_inserter(held));
  }
  return BuiltPlatform{std::move(*store), store_file->location, std::move(held)};
}

} // namespace daxemu::cli
