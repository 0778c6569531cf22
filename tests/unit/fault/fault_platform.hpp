// A platform with one device for tests of runtime/fault: store, backing and folio records in memory files of this
// process, as daxemu run makes them.
#pragma once

#include <optional>
#include <string>

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "emu/backing/backing.hpp"
#include "emu/backing/node_file.hpp"
#include "emu/dax/builder.hpp"
#include "emu/mm/folio_table.hpp"
#include "runtime/fault/space/address_space.hpp"
#include "tests/unit/printed_kinds.hpp"

namespace daxemu::fault {

struct TestPlatform {
  std::optional<store::Store> store;
  UniqueFd bytes;
  UniqueFd node;
  UniqueFd folios;
  store::DeviceRecord* device = nullptr;

  TestPlatform(std::uint64_t size, std::uint64_t align, store::BackingKind kind, store::EngineKind engine,
               bool has_image = false) {
    backing::MemfdSource source;
    auto made = backing::create(
        {.name = "dax0.0", .size = size, .align = align, .kind = kind, .numa_node = {}, .has_image = has_image}, source,
        nullptr);
    if (!made) {
      ADD_FAILURE() << made.error().what << "; " << made.error().remedy;
      return;
    }
    bytes = std::move(made->fd);
    auto made_node = backing::make_node(source, "dax0.0");
    if (!made_node) {
      ADD_FAILURE() << made_node.error().what;
      return;
    }
    node = std::move(made_node->fd);
    folios = memory_file(mm::FolioTable::file_size(size / align));
    auto created = store::Store::create(memory_file(0), "test");
    if (!created) {
      ADD_FAILURE() << "no store: " << created.error().what;
      return;
    }
    store.emplace(std::move(*created));
    store->platform().engine = engine;
    struct stat st {};
    ::fstat(bytes.get(), &st);
    dax::DeviceSpec spec;
    spec.name = {0, 0};
    spec.size = size;
    spec.align = align;
    spec.node = made_node->record;
    spec.backing.kind = made->kind;
    spec.backing.st_dev = st.st_dev;
    spec.backing.st_ino = st.st_ino;
    spec.backing.page_size = made->page_size;
    spec.backing.location.assign(path_of(bytes.get()));
    spec.folios_location.assign(path_of(folios.get()));
    auto region = dax::add_region(
        *store, {.kind = store::RegionKind::hmem, .id = 0, .data_size = size, .align = align, .numa_node = 0});
    auto added = dax::add_device(*store, spec);
    if (!region || !added) {
      ADD_FAILURE() << "no device";
      return;
    }
    device = *added;
  }

  static std::string path_of(int fd) { return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd); }
  static UniqueFd memory_file(std::uint64_t size) {
    UniqueFd fd(::memfd_create("test", MFD_CLOEXEC));
    EXPECT_EQ(::ftruncate(fd.get(), static_cast<off_t>(size)), 0);
    return fd;
  }
  // Another descriptor of the device, as open("/dev/dax0.0", flags) gives it.
  [[nodiscard]] UniqueFd open(int flags) const { return UniqueFd(::open(path_of(node.get()).c_str(), flags)); }

  [[nodiscard]] std::uint64_t sum(std::atomic<std::uint64_t> store::CounterStripe::*counter) const {
    std::uint64_t total = 0;
    for (const auto& stripe : device->counters) {
      total += (stripe.*counter).load();
    }
    return total;
  }
  [[nodiscard]] std::uint64_t faults() const { return sum(&store::CounterStripe::faults); }
  [[nodiscard]] std::uint64_t extents() const { return sum(&store::CounterStripe::extents); }
  [[nodiscard]] std::uint64_t sigbus() const { return sum(&store::CounterStripe::sigbus); }
};

// A device of so many extents, mapped as a whole. Both live as long as the threads that look at them.
struct MappedWhole {
  TestPlatform& platform;
  AddressSpace& space;
  UniqueFd fd;
  char* bytes = nullptr;

  MappedWhole(std::uint64_t extents, std::uint64_t align, store::BackingKind kind)
      : platform(*new TestPlatform(extents * align, align, kind, store::EngineKind::handler)),
        space(*new AddressSpace(*platform.store)), fd(platform.open(O_RDWR)) {
    auto mapped =
        space.map(*platform.device, fd.get(), nullptr, extents * align, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    bytes = mapped ? static_cast<char*>(*mapped) : nullptr;
  }
};

} // namespace daxemu::fault
