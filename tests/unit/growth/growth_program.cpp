// One thing done among N others, for growth_test.sh to count the instructions of: what is counted is measured().
//   growth_program SHAPE N
#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "emu/backing/spare_files.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/builder.hpp"
#include "emu/dax/bus.hpp"
#include "emu/dax/change.hpp"
#include "emu/dax/ranges.hpp"
#include "emu/store/node_table.hpp"
#include "emu/sysfs/inodes/identity.hpp"
#include "runtime/fault/devices/views.hpp"
#include "runtime/fault/mappings/open_files.hpp"
#include "runtime/fault/mappings/vma_table.hpp"
#include "runtime/supervise/spaces/process_maps.hpp"

namespace daxemu {
namespace {

template <class Action>
__attribute__((noinline)) void measured(Action&& action) {
  action();
  asm volatile("" ::: "memory");
}
void must(bool fine, const char* what) {
  if (!fine) {
    std::fprintf(stderr, "growth_program: %s\n", what);
    std::exit(1);
  }
}

// --- devices ---

struct Lab {
  explicit Lab(std::uint32_t regions) {
    auto made = store::Store::create(UniqueFd(*sys::memfd_create("growth", MFD_CLOEXEC)), "lab");
    must(made.has_value(), "no store");
    store.emplace(std::move(*made));
    store->platform().backing_wanted = store::BackingKind::shmem;
    for (std::uint32_t id = 0; id < regions; ++id) {
      must(dax::add_region(*store, {.id = id, .data_size = 1ULL << 34, .align = kPageSize}).has_value(), "no region");
    }
  }
  store::DeviceRecord& create(std::uint32_t number) const {
    const auto device = dax::create_device(*store, store->regions()[number % store->regions().size()]);
    must(device.has_value(), "no device");
    return **device;
  }
  [[nodiscard]] std::string name_of(std::uint32_t number) const {
    const auto regions = static_cast<std::uint32_t>(store->regions().size());
    return "dax" + std::to_string(number % regions) + "." + std::to_string(number / regions);
  }
  std::optional<store::Store> store;
};

void find_names(std::uint32_t devices, std::uint32_t regions, bool there) {
  const Lab lab(regions);
  const auto change = dax::Change::begin(*lab.store);
  for (std::uint32_t at = 0; at < devices; ++at) {
    (void)lab.create(at);
  }
  const std::string name = lab.name_of(there ? devices - 1 : 3000);
  measured([&] { must((lab.store->device_named(name) != nullptr) == there, "not the one"); });
}
void name(std::uint32_t devices) {
  find_names(devices, 1, true);
}
void name_in_50_regions(std::uint32_t devices) {
  find_names(devices, 50, true);
}
void no_name(std::uint32_t devices) {
  find_names(devices, 1, false);
}
void create(std::uint32_t devices) {
  const Lab lab(1);
  const auto change = dax::Change::begin(*lab.store);
  for (std::uint32_t at = 0; at + 1 < devices; ++at) {
    (void)lab.create(at);
  }
  measured([&] { (void)lab.create(devices - 1); });
}

// --- inodes that somebody has changed ---

store::InodeKey inode(std::uint32_t number) {
  return {.number = sysfs::inode_of("/dev", "dax0." + std::to_string(number)), .device = nullptr};
}
void inode_as_it_was(std::uint32_t changed) {
  constexpr std::uint32_t kAsked = 1000;
  const Lab lab(1);
  for (std::uint32_t at = 0; at < changed; ++at) {
    const auto done = store::change_inode(*lab.store, inode(at), [](store::InodeValues& values) -> Result<void> {
      values.changed = store::kInodeMode;
      return {};
    });
    must(done.has_value(), "no room for an inode");
  }
  std::vector<store::InodeKey> others;
  for (std::uint32_t at = 0; at < kAsked; ++at) {
    others.push_back(inode(5000 + at));
  }
  store::InodeValues values;
  measured([&] {
    for (const store::InodeKey& key : others) {
      must(!store::read_inode(*lab.store, key, values), "it was changed");
    }
  });
}

// --- mappings ---

constexpr std::uint64_t kFirst = 0x100000;
constexpr std::uint64_t kEach = 0x2000; // of addresses, and of bytes of the device: every second page is mapped

struct Mappings {
  Mappings() { must(table.reserve().has_value(), "no table"); }
  void add(std::uint64_t start, std::uint64_t length, std::uint64_t offset, std::size_t view, std::uint32_t file) {
    must(table
             .insert({.start = start,
                      .end = start + length,
                      .offset = offset,
                      .view = reinterpret_cast<fault::DeviceView*>(&places[view]), // views are never looked into here
                      .prot = 3,
                      .file = file})
             .has_value(),
         "no mapping");
  }
  void add_short(std::uint32_t count, std::uint64_t offset, std::uint32_t file) {
    for (std::uint32_t at = 0; at < count; ++at) {
      add(kFirst + at * kEach, kPageSize, offset + at * kEach, 0, file);
    }
  }
  alignas(16) std::array<std::array<char, 16>, 2> places{};
  fault::VmaTable table;
};

// Of many mappings some go and come back, anywhere.
void anywhere(std::uint32_t mappings) {
  constexpr std::uint32_t kPlaces = 16;
  Mappings all;
  all.add_short(mappings, 0, 1);
  measured([&] {
    for (std::uint32_t at = 0; at < kPlaces; ++at) {
      const std::uint64_t place = static_cast<std::uint64_t>(mappings / kPlaces * at + mappings / kPlaces / 2) * kEach;
      must(all.table.erase(kFirst + place, kFirst + place + kPageSize).has_value(), "it stays");
      all.add(kFirst + place, kPageSize, place, 0, 1);
    }
  });
}

// A mapping of another open file comes and goes.
void file_goes(std::uint32_t mappings) {
  const UniqueFd one(*sys::memfd_create("one", MFD_CLOEXEC));
  const UniqueFd other(*sys::memfd_create("other", MFD_CLOEXEC));
  must(sys::ftruncate(one.get(), kPmdSize) && sys::ftruncate(other.get(), kPmdSize), "no file");
  constexpr std::uint64_t kOther = 1ULL << 40;
  Mappings all;
  fault::OpenFiles files;
  all.add_short(mappings, 0, files.hold(one.get()));
  files.release(all.table);
  measured([&] {
    const std::uint32_t file = files.hold(other.get());
    all.add(kOther, kPageSize, 0, 1, file);
    files.release(all.table);
    must(all.table.erase(kOther, kOther + kPageSize).has_value(), "it stays");
    files.settle(file, all.table);
  });
}

// Of the last of many short mappings: do others show its bytes? Beside one long mapping, of the same view or another.
void ask_beside_a_long_one(std::uint32_t mappings, std::size_t view_of_long) {
  constexpr std::uint64_t kLong = 1ULL << 36;
  Mappings all;
  all.add(1ULL << 40, kLong, 0, view_of_long, 1);
  all.add_short(mappings, kLong, 1);
  const std::uint64_t start = kFirst + (mappings - 1) * kEach;
  const std::uint64_t offset = kLong + (mappings - 1) * kEach;
  const auto& view = *reinterpret_cast<const fault::DeviceView*>(&all.places[0]);
  measured([&] {
    const auto shown = all.table.first_shown(view, offset, offset + kPageSize, start);
    must(shown.begin == shown.end, "somebody shows them");
  });
}
void shown_beside_a_long_one(std::uint32_t mappings) {
  ask_beside_a_long_one(mappings, 0);
}
void shown_beside_another_views(std::uint32_t mappings) {
  ask_beside_a_long_one(mappings, 1);
}

// Devices that can be mapped.
struct LabOfBytes : Lab {
  LabOfBytes() : Lab(1), held(backing::add_spare_files(*store, source)), change(dax::Change::begin(*store)) {
    must(held.has_value() && change.has_value(), "no files");
  }
  [[nodiscard]] store::DeviceRecord& create_enabled(std::uint32_t number) const {
    store::DeviceRecord& device = create(number);
    must(dax::resize(*store, device, kPmdSize).has_value(), "no bytes");
    device.state = store::DeviceState::enabled;
    return device;
  }
  backing::MemfdSource source;
  Outcome<std::vector<UniqueFd>> held;
  Result<dax::Change> change;
};

// The device that was mapped last is mapped again.
void view(std::uint32_t devices) {
  const LabOfBytes lab;
  fault::Views views;
  store::DeviceRecord* last = nullptr;
  for (std::uint32_t at = 0; at < devices; ++at) {
    last = &lab.create_enabled(at);
    must(views.get(*lab.store, *last, nullptr).has_value(), "no view");
  }
  measured([&] { must(views.get(*lab.store, *last, nullptr).has_value(), "no view"); });
}

// --- what a supervisor asks of a program ---

// One mapping of a program that has many.
void outside_piece(std::uint32_t mappings) {
  const Lab lab(1);
  const supervise::Devices devices(*lab.store);
  void* const all = ::mmap(nullptr, mappings * kPageSize, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  must(all != MAP_FAILED, "no memory");
  for (std::uint32_t at = 0; at < mappings; at += 2) {
    must(::mprotect(static_cast<char*>(all) + at * kPageSize, kPageSize, PROT_READ | PROT_WRITE) == 0, "no mapping");
  }
  const auto maps = supervise::ProcessMaps::of(::getpid());
  must(maps.has_value(), "no maps");
  const std::uint64_t middle = reinterpret_cast<std::uint64_t>(all) + mappings / 2 * kPageSize;
  measured([&] { must(maps->pieces(devices, middle, middle + kPageSize).size() == 1, "not one"); });
}

// Whose bytes a program has mapped, of many devices.
void outside_file(std::uint32_t mapped) {
  const LabOfBytes lab;
  supervise::Devices devices(*lab.store);
  const fault::DeviceView* last = nullptr;
  for (std::uint32_t at = 0; at < mapped; ++at) {
    last = *devices.get(lab.create_enabled(at));
  }
  const auto file = sys::fstat(last->fd());
  must(file && devices.of(file->st_dev, file->st_ino) == last, "not that one");
  measured([&] { must(devices.of(file->st_dev, file->st_ino) == last, "not that one"); });
}

struct Shape {
  std::string_view name;
  void (*run)(std::uint32_t);
};
constexpr Shape kShapes[] = {
    {"name", name},
    {"name_in_50_regions", name_in_50_regions},
    {"no_name", no_name},
    {"create", create},
    {"inode_as_it_was", inode_as_it_was},
    {"anywhere", anywhere},
    {"file_goes", file_goes},
    {"shown_beside_a_long_one", shown_beside_a_long_one},
    {"shown_beside_another_views", shown_beside_another_views},
    {"view", view},
    {"outside_piece", outside_piece},
    {"outside_file", outside_file},
};

} // namespace
} // namespace daxemu

int main(int argc, char** argv) {
  for (const daxemu::Shape& shape : daxemu::kShapes) {
    if (argc == 3 && shape.name == argv[1]) {
      shape.run(static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10)));
      return 0;
    }
  }
  std::fprintf(stderr, "growth_program: SHAPE N\n");
  return 2;
}
