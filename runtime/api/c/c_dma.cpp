#include <daxemu/dma.h>

#include "emu/gup/dma.hpp"
#include "runtime/api/c/last_error.hpp"
#include "runtime/api/file_dma.hpp"
#include "runtime/api/platform.hpp"

using namespace daxemu;

struct daxemu_bus_master {
  gup::Iommu iommu;
  gup::BusMaster master;
  daxemu_bus_master(const mm::MemMap& map, gup::Iommu::Mode mode) : iommu(mode), master(map, iommu) {}
};

namespace {

int report_fault(const gup::DmaFault& fault) {
  return api::report({fault.code, "bus address " + std::to_string(fault.bus_address) + ": " + fault.what,
                      "map it for this direction and keep it pinned while the device works"});
}

std::int64_t move(daxemu_bus_master* master, std::uint64_t bus_address, int fd, std::uint64_t offset,
                  std::uint64_t size, api::Transfer direction) {
  return api::guarded([&]() -> std::int64_t {
    const auto used =
        direction == api::Transfer::from_file ? gup::DmaDirection::from_device : gup::DmaDirection::to_device;
    const auto pieces = master->master.pieces(bus_address, size, used);
    if (!pieces) {
      return report_fault(pieces.error());
    }
    const auto moved = api::transfer(fd, offset, *pieces, direction);
    return moved ? static_cast<std::int64_t>(*moved) : api::report(moved.error(), "io_uring");
  });
}

} // namespace

extern "C" {

int daxemu_bus_master_create(bool translating, daxemu_bus_master** master) {
  return api::guarded([&] {
    api::Platform* platform = api::current_platform();
    if (platform == nullptr) {
      return api::report({ENODEV, "there is no platform", "make one with daxemu_platform_create()"});
    }
    *master = new daxemu_bus_master(platform->mem_map(),
                                    translating ? gup::Iommu::Mode::translating : gup::Iommu::Mode::identity);
    return 0;
  });
}
void daxemu_bus_master_destroy(daxemu_bus_master* master) {
  delete master;
}

int daxemu_dma_map(daxemu_bus_master* master, daxemu_page* page, unsigned long nr_pages, daxemu_dma_direction direction,
                   uint64_t* bus_address) {
  return api::guarded([&] {
    const auto mapped = master->iommu.map(page, nr_pages, static_cast<gup::DmaDirection>(direction));
    if (!mapped) {
      return api::report(mapped.error(), "daxemu_dma_map");
    }
    *bus_address = *mapped;
    return 0;
  });
}
int daxemu_dma_unmap(daxemu_bus_master* master, uint64_t bus_address) {
  return api::guarded([&] {
    const auto done = master->iommu.unmap(bus_address);
    return done ? 0 : api::report(done.error(), "daxemu_dma_unmap");
  });
}

int daxemu_dma_read(daxemu_bus_master* master, uint64_t bus_address, void* into, size_t size) {
  return api::guarded([&] {
    const auto done = master->master.read(bus_address, {static_cast<std::byte*>(into), size});
    return done ? 0 : report_fault(done.error());
  });
}
int daxemu_dma_write(daxemu_bus_master* master, uint64_t bus_address, const void* from, size_t size) {
  return api::guarded([&] {
    const auto done = master->master.write(bus_address, {static_cast<const std::byte*>(from), size});
    return done ? 0 : report_fault(done.error());
  });
}

int64_t daxemu_dma_from_file(daxemu_bus_master* master, uint64_t bus_address, int fd, uint64_t offset, uint64_t size) {
  return move(master, bus_address, fd, offset, size, api::Transfer::from_file);
}
int64_t daxemu_dma_to_file(daxemu_bus_master* master, uint64_t bus_address, int fd, uint64_t offset, uint64_t size) {
  return move(master, bus_address, fd, offset, size, api::Transfer::to_file);
}

} // extern "C"
