// A device emulated in this process: backing, folio records and pgmap, entered in the platform's store.
#include <linux/memfd.h>
#include <sys/mman.h>

#include "emu/backing/backing.hpp"
#include "emu/backing/file_source.hpp"
#include "emu/dax/builder.hpp"
#include "emu/dax/device/extents.hpp"
#include "emu/pgmap/file_layout.hpp"
#include "emu/trace/trace.hpp"
#include "runtime/api/device/device.hpp"

namespace daxemu::api {
namespace {

constexpr std::uint64_t kRegionSize = 4ULL << 40; // of addresses; devices bring their own memory

Outcome<std::optional<store::BackingKind>> backing_kind(const std::string& word) {
  if (word == "auto") {
    return std::nullopt;
  }
  for (const auto kind : {store::BackingKind::hugetlb, store::BackingKind::shmem}) {
    if (word == backing::to_string(kind)) {
      return kind;
    }
  }
  return refuse(EINVAL, "backing '" + word + "' is not known", "use auto, hugetlb or shmem");
}

struct Files {
  backing::Backing bytes;
  UniqueFd folios;
};

Outcome<Files> make_files(const DeviceSpec& spec) {
  auto kind = backing_kind(spec.backing);
  if (!kind) {
    return tl::unexpected(kind.error());
  }
  backing::Request request;
  request.name = spec.name;
  request.size = spec.size;
  request.align = spec.align;
  request.kind = *kind;
  backing::MemfdSource memory;
  auto bytes = backing::create(request, memory, nullptr);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  auto raw = sys::memfd_create((spec.name + ".folios").c_str(), MFD_CLOEXEC);
  if (!raw) {
    return refuse(raw.error().value, "no memory file for the folios", "raise the limit of open files");
  }
  UniqueFd folios(*raw);
  if (auto sized = sys::ftruncate(folios.get(), mm::FolioTable::file_size(spec.size / spec.align)); !sized) {
    return refuse(sized.error().value, "the file of folios cannot have its size", "choose a smaller device");
  }
  return Files{std::move(*bytes), std::move(folios)};
}

Outcome<store::DeviceRecord*> enter(Platform& platform, const DeviceSpec& spec, const Files& files) {
  const dax::DeviceName name = *dax::parse_device_name(spec.name);
  dax::RegionSpec region;
  region.id = name.region;
  region.data_size = kRegionSize;
  region.align = kPmdSize;
  if (auto added = dax::add_region(platform.store(), region); !added && added.error().code != EEXIST) {
    return tl::unexpected(added.error());
  }
  const auto st = sys::fstat(files.bytes.fd.get());
  dax::DeviceSpec device;
  device.name = name;
  device.size = spec.size;
  device.align = spec.align;
  device.backing.kind = files.bytes.kind;
  device.backing.st_dev = st ? st->st_dev : 0;
  device.backing.st_ino = st ? st->st_ino : 0;
  device.backing.page_size = files.bytes.page_size;
  device.backing.reason.assign(files.bytes.reason);
  device.behaviours = spec.behaviours.bits();
  return dax::add_device(platform.store(), device);
}

// Tells a trace of the device, which is no other process's business and in no platform that its keeper knows. Returns
// what its events are to call it by: no minor of /dev, and another one in each process.
std::uint32_t announce_to_trace(const store::DeviceRecord& record, const DeviceSpec& spec) {
  const std::uint32_t minor =
      0x80000000U | (static_cast<std::uint32_t>(sys::getpid()) << 8U & 0x7fffff00U) | (record.minor & 0xffU);
  trace::note([&] {
    return trace::Event{.length = spec.size,
                        .value = static_cast<std::int64_t>(spec.align),
                        .minor = minor,
                        .kind = trace::Kind::device,
                        .text = std::string_view(spec.name)};
  });
  return minor;
}

class EmulatedDevice final : public Device {
public:
  EmulatedDevice(Platform& platform, DeviceFacts facts, store::DeviceRecord& record, Files files, Mapping direct_map,
                 std::shared_ptr<mm::DevicePages> pages, std::unique_ptr<pgmap::DevPagemap> pgmap)
      : Device(std::move(facts)), platform_(platform), record_(record), files_(std::move(files)),
        direct_map_(std::move(direct_map)), pages_(std::move(pages)), pgmap_(std::move(pgmap)) {
    if (pgmap_->has(pgmap::Behaviour::wake_on_idle)) {
      layout_ = std::make_unique<pgmap::FileLayout>(*pgmap_, platform_.mm());
    }
    platform_.devices.fetch_add(1);
  }
  ~EmulatedDevice() override {
    layout_.reset();
    pgmap_.reset(); // takes its pages out of the map
    record_.state.store(store::DeviceState::absent);
    platform_.devices.fetch_sub(1);
  }

  Result<void*> map(std::uint64_t length, int prot, std::uint64_t offset) override {
    if (!pgmap_->is_live()) {
      return fail(ENODEV);
    }
    return platform_.mm().map(memory(), length, prot, offset);
  }

  Outcome<void> poison(std::uint64_t offset) override {
    const auto run = pages_->run_at(offset >> kPageShift);
    const auto failed =
        run ? pgmap::memory_failure(*pgmap_, run->first, platform_.mm()) : Result<void>(tl::unexpected(run.error()));
    if (!failed) {
      return refuse(failed.error().value, facts().name + " cannot be poisoned at offset " + std::to_string(offset),
                    "give an offset within the device, of a memory type whose failures the kernel handles");
    }
    return {};
  }

  Outcome<void> heal(std::uint64_t offset) override {
    const auto folio = mm::folio_of(*pages_, pages_->folio_at(offset >> kPageShift));
    const auto healed = folio ? pgmap::clear_poison(*folio) : Result<void>(tl::unexpected(folio.error()));
    if (!healed) {
      return refuse(healed.error().value, "the extent at offset " + std::to_string(offset) + " cannot be healed",
                    "release what refers to it; only poisoned extents can be healed");
    }
    platform_.mm().restore(*folio);
    return {};
  }

  Outcome<void> unbind(std::chrono::milliseconds most) override {
    pgmap_->kill_dax();
    pgmap_->kill();
    platform_.mm().bury(*pages_); // kill_dev_dax(): unmap_mapping_range()
    auto dead = pgmap_->wait_dead(most);
    if (dead) {
      record_.state.store(store::DeviceState::disabled);
    }
    return dead;
  }

  Outcome<pgmap::FileLayout*> files() override {
    if (!pgmap_->has(pgmap::Behaviour::wake_on_idle)) {
      return refuse(EINVAL, facts().name + " is no memory of a DAX file system", "open it with type FS_DAX");
    }
    return layout_.get();
  }

  Outcome<pgmap::DaxHolder*> holder() override {
    if (!pgmap_->has(pgmap::Behaviour::holder)) {
      return refuse(EOPNOTSUPP, facts().name + " is no memory that somebody can hold",
                    "open it with type FS_DAX, or a set with DAXEMU_PGMAP_HOLDER");
    }
    if (!pgmap_->is_live()) {
      return refuse(ENODEV, facts().name + " has been unbound", "open another device");
    }
    return &pgmap_->holder();
  }

  DeviceMemory memory() const override {
    const bool one_page = files_.bytes.page_size == facts().align;
    return {pages_, files_.bytes.fd.get(), one_page && files_.bytes.kind == store::BackingKind::hugetlb};
  }

  Outcome<void> close() override {
    if (pgmap_->holder().who() != nullptr) {
      return refuse(EBUSY, facts().name + " is held", "let its holder put it first (daxemu_fs_put_dax)");
    }
    return check_unused(platform_, *pages_, *pgmap_);
  }

private:
  Platform& platform_;
  store::DeviceRecord& record_;
  Files files_;
  Mapping direct_map_;
  std::shared_ptr<mm::DevicePages> pages_;
  std::unique_ptr<pgmap::DevPagemap> pgmap_;
  std::unique_ptr<pgmap::FileLayout> layout_; // of memory that a DAX file system would be on
};

} // namespace

Outcome<std::unique_ptr<Device>> open_emulated(Platform& platform, DeviceSpec spec, const std::string& why) {
  if (auto fine = dax::check_geometry(spec.size, spec.align); !fine) {
    return tl::unexpected(fine.error());
  }
  if (platform.store().device_named(spec.name) != nullptr) {
    return refuse(EEXIST, spec.name + " exists already", "choose another name, or none");
  }
  const unsigned order = log2_of(spec.align) - static_cast<unsigned>(kPageShift);
  const pgmap::SetContext context{.order = order,
                                  .has_folio_free = spec.ops.folio_free || spec.ops.page_free,
                                  .has_migrate_to_ram = static_cast<bool>(spec.ops.migrate_to_ram),
                                  .has_owner = true};
  if (auto fine = pgmap::check_set(spec.behaviours, context); !fine) { // before anything is made
    return tl::unexpected(fine.error());
  }
  auto files = make_files(spec);
  if (!files) {
    return tl::unexpected(files.error());
  }
  auto direct_map = Mapping::of(files->bytes.fd.get(), spec.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE);
  auto table = mm::FolioTable::map(files->folios.get(), spec.size / spec.align);
  auto holder_fd = sys::dup_above(files->folios.get(), 0);
  if (!direct_map || !table || !holder_fd) {
    return refuse(ENOMEM, "the device's memory cannot be mapped", "choose a smaller device");
  }
  auto record = enter(platform, spec, *files);
  if (!record) {
    return tl::unexpected(record.error());
  }
  const std::uint64_t first_pfn = (*record)->ranges[0].phys_start >> kPageShift;
  mm::DevicePages::Spec pages;
  pages.order = order;
  pages.ranges = {{Pfn(first_pfn), spec.size >> kPageShift, 0}};
  pages.folios = std::move(*table);
  pages.holders = mm::HolderTable::open(UniqueFd(*holder_fd), spec.size / spec.align).value();
  pages.starts_at_one = spec.behaviours.has(pgmap::Behaviour::count_from_one);
  pages.direct_map = direct_map->bytes().data();
  auto made = mm::DevicePages::make(std::move(pages));
  if (made) {
    (*made)->minor = announce_to_trace(**record, spec);
  }
  auto pgmap = made ? pgmap::DevPagemap::memremap_pages(
                          platform.mem_map(),
                          {*made, spec.behaviours, spec.owner == nullptr ? &platform : spec.owner, std::move(spec.ops)})
                    : tl::unexpected(made.error());
  if (!pgmap) {
    (*record)->state.store(store::DeviceState::absent);
    return tl::unexpected(pgmap.error());
  }
  DeviceFacts facts{.name = spec.name,
                    .size = spec.size,
                    .align = spec.align,
                    .node = (*record)->numa_node,
                    .emulated = true,
                    .why = why + "; " + std::string(backing::to_string(files->bytes.kind)) + ": " + files->bytes.reason,
                    .first_pfn = first_pfn};
  return std::make_unique<EmulatedDevice>(platform, std::move(facts), **record, std::move(*files),
                                          std::move(*direct_map), std::move(*made), std::move(*pgmap));
}

} // namespace daxemu::api
