#include "runtime/cli/keeper.hpp"

#include <cstring>

#include <fmt/format.h>
#include <linux/memfd.h>

#include "emu/backing/backing.hpp"
#include "emu/backing/placement.hpp"
#include "emu/base/size_text.hpp"
#include "emu/dax/builder.hpp"
#include "emu/mm/folio_table.hpp"

namespace daxemu::cli {
namespace {

std::string location_of(int fd) {
  return fmt::format("/proc/{}/fd/{}", sys::getpid(), fd);
}

Outcome<UniqueFd> memory_file(const std::string& name, std::uint64_t size) {
  auto raw = sys::memfd_create(name.c_str(), MFD_CLOEXEC);
  if (!raw) {
    return refuse(raw.error().value, fmt::format("memfd_create: {}", std::strerror(raw.error().value)),
                  "raise the limit of open files or free some memory");
  }
  UniqueFd fd(*raw);
  if (auto sized = sys::ftruncate(fd.get(), size); !sized) {
    return refuse(sized.error().value,
                  fmt::format("a memory file of {}: {}", size_text(size), std::strerror(sized.error().value)),
                  "choose a smaller --size");
  }
  return fd;
}

// The machine's node nearest to what was asked; -1 keeps the kernel's "no node".
std::int32_t node_number(const PlatformOptions& options) {
  return options.numa_node.value_or(0);
}

} // namespace

Outcome<Keeper> Keeper::build(const PlatformOptions& options) {
  if (auto fine = dax::check_geometry(options.size, options.align); !fine) {
    return tl::unexpected(fine.error());
  }
  const std::string name = fmt::format("dax{}.{}", options.device.region, options.device.id);

  store::CpuMask cpus{};
  std::optional<backing::Topology> topology;
  if (options.numa_node) {
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
                                .numa_node = options.numa_node},
                               topology ? &*topology : nullptr);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  auto folios = memory_file(name + ".folios", mm::FolioTable::file_size(options.size / options.align));
  if (!folios) {
    return tl::unexpected(folios.error());
  }
  auto store_file = memory_file("daxemu-store", 0);
  if (!store_file) {
    return tl::unexpected(store_file.error());
  }
  auto store = store::Store::create(std::move(*store_file), fmt::format("run-{}", sys::getpid()));
  if (!store) {
    return refuse(store.error().value, fmt::format("the platform's store: {}", std::strerror(store.error().value)),
                  "free some memory");
  }
  store->platform().dax_major = dax::free_char_major();
  store->platform().engine = options.engine;

  auto region = dax::add_region(*store, {.kind = options.region,
                                         .id = options.device.region,
                                         .data_size = options.size,
                                         .align = options.align,
                                         .numa_node = node_number(options)});
  if (!region) {
    return tl::unexpected(region.error());
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
  spec.backing.location.assign(location_of(bytes->fd.get()));
  spec.backing.reason.assign(bytes->reason);
  spec.folios_location.assign(location_of(folios->get()));
  spec.cpus = cpus;
  if (auto device = dax::add_device(*store, spec); !device) {
    return tl::unexpected(device.error());
  }
  std::vector<UniqueFd> held;
  held.push_back(std::move(bytes->fd));
  held.push_back(std::move(*folios));
  return Keeper(std::move(*store), std::move(held));
}

std::string Keeper::location() const {
  return location_of(store_.fd());
}

} // namespace daxemu::cli
