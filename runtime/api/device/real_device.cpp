// The kernel's own device-dax behind the API's interface. The model counts its pages as it does emulated ones; the
// kernel holds each extent for as long as somebody here does.
#include <cstdlib>
#include <mutex>

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>

#include "runtime/api/device/device.hpp"
#include "runtime/kernel/kernel_holds.hpp"

namespace daxemu::api {
namespace {

using kernel::KernelHolds;

// What a pin may do the kernel says itself; the model only counts, and has to hear when a folio is idle again.
constexpr pgmap::Behaviours kCounted = {pgmap::Behaviour::file_mapping,     pgmap::Behaviour::compound,
                                        pgmap::Behaviour::count_from_one,   pgmap::Behaviour::direct_map,
                                        pgmap::Behaviour::wait_for_folios,  pgmap::Behaviour::generic_failure,
                                        pgmap::Behaviour::free_hook_on_idle};

// Frames for a device whose addresses this user may not read: nobody else has them.
constexpr std::uint64_t kUnknownPfn = 1ULL << 35;

class RealDevice final : public Device {
public:
  RealDevice(Platform& platform, DeviceFacts facts, UniqueFd fd, UniqueFd folios, Mapping direct_map)
      : Device(std::move(facts)), platform_(platform), fd_(std::move(fd)), folios_(std::move(folios)),
        direct_map_(std::move(direct_map)) {
    platform_.devices.fetch_add(1);
  }
  ~RealDevice() override {
    if (pages_) {
      platform_.consent().remove(*pages_);
    }
    pgmap_.reset(); // takes its pages out of the map
    platform_.devices.fetch_sub(1);
  }

  Outcome<void> have_pages(const kernel::RealDevice& real) {
    const std::uint64_t extents = real.size / real.align;
    auto table = mm::FolioTable::map(folios_.get(), extents);
    auto copy = sys::dup_above(folios_.get(), 0);
    if (!table || !copy) {
      return refuse(ENOMEM, "no memory for the folios of " + real.name, "free some memory");
    }
    mm::DevicePages::Spec spec;
    spec.order = log2_of(real.align) - static_cast<unsigned>(kPageShift);
    for (const auto& range : real.ranges) {
      spec.ranges.push_back({Pfn(range.start >> kPageShift), range.size >> kPageShift, range.pgoff});
    }
    if (spec.ranges.empty()) {
      spec.ranges.push_back({Pfn(kUnknownPfn), real.size >> kPageShift, 0});
    }
    spec.folios = std::move(*table);
    spec.holders = mm::HolderTable::open(UniqueFd(*copy), extents).value();
    spec.direct_map = direct_map_.bytes().data();
    auto pages = mm::DevicePages::make(std::move(spec));
    if (!pages) {
      return tl::unexpected(pages.error());
    }
    pgmap::PagemapOps ops;
    ops.folio_free = [this](const mm::Folio& folio) { let_go(folio); };
    auto pgmap = pgmap::DevPagemap::memremap_pages(platform_.mem_map(), {*pages, kCounted, &platform_, std::move(ops)});
    if (!pgmap) {
      return tl::unexpected(pgmap.error());
    }
    pages_ = std::move(*pages);
    pgmap_ = std::move(*pgmap);
    platform_.consent().add(*pages_, [this](std::uint64_t extent, bool longterm) { return ask(extent, longterm); });
    return {};
  }

  Result<void*> map(std::uint64_t length, int prot, std::uint64_t offset) override {
    return platform_.mm().map(memory(), length, prot, offset);
  }
  Outcome<void> poison(std::uint64_t) override { return refused("poison"); }
  Outcome<void> heal(std::uint64_t) override { return refused("heal"); }
  Outcome<void> unbind(std::chrono::milliseconds) override { return refused("unbind"); }
  Outcome<void> close() override { return check_unused(platform_, *pages_, *pgmap_); }
  Outcome<pgmap::FileLayout*> files() override { return refused("keep files on"); }
  Outcome<pgmap::DaxHolder*> holder() override { return refused("hold"); }
  DeviceMemory memory() const override { return {pages_, fd_.get(), false}; }

private:
  // The model has counted a hold of the extent: the kernel takes one too.
  Outcome<void> ask(std::uint64_t extent, bool longterm) {
    const std::lock_guard lock(asking_);
    auto held = holds_.hold(extent, direct_map_.bytes().data() + extent * facts().align,
                            longterm ? KernelHolds::Kind::longterm : KernelHolds::Kind::reference);
    return held;
  }
  // Its count has fallen idle, unless somebody has taken it again meanwhile: who takes counts first and asks then.
  void let_go(const mm::Folio& folio) {
    const std::lock_guard lock(asking_);
    if (mm::counts_of(folio.record()).refs == 0) {
      holds_.release(folio.extent().value());
    }
  }
  [[nodiscard]] tl::unexpected<Problem> refused(const char* what) const {
    return refuse(EOPNOTSUPP, std::string("cannot ") + what + " " + facts().name + ": it is the kernel's own",
                  "use madvise(MADV_HWPOISON), ndctl or daxctl, or mode emulate");
  }

  Platform& platform_;
  UniqueFd fd_;
  UniqueFd folios_;
  Mapping direct_map_;
  std::mutex asking_;
  KernelHolds holds_;
  std::shared_ptr<mm::DevicePages> pages_;
  std::unique_ptr<pgmap::DevPagemap> pgmap_;
};

} // namespace

Outcome<std::unique_ptr<Device>> open_real(Platform& platform, const kernel::Choice& choice) {
  const kernel::RealDevice& real = *choice.real;
  const std::string node = "/dev/" + real.name;
  auto fd = sys::open(node.c_str(), O_RDWR | O_CLOEXEC);
  if (!fd) {
    return refuse(fd.error().value, node + " cannot be opened", "check its permissions, or use mode emulate");
  }
  UniqueFd file(*fd);
  auto direct_map = Mapping::of(file.get(), real.size, PROT_READ | PROT_WRITE, MAP_SHARED);
  if (!direct_map) {
    return refuse(direct_map.error().value, node + " cannot be mapped", "look at the limit of address space");
  }
  auto raw = sys::memfd_create((real.name + ".folios").c_str(), MFD_CLOEXEC);
  UniqueFd folios(raw.value_or(-1));
  if (!raw || !sys::ftruncate(folios.get(), mm::FolioTable::file_size(real.size / real.align))) {
    return refuse(ENOMEM, "no memory file for the folios", "raise the limit of open files");
  }
  DeviceFacts facts{.name = real.name,
                    .size = real.size,
                    .align = real.align,
                    .node = real.numa_node,
                    .emulated = false,
                    .why = choice.why,
                    .first_pfn = real.ranges.empty() ? 0 : real.ranges.front().start >> kPageShift};
  auto device = std::make_unique<RealDevice>(platform, std::move(facts), std::move(file), std::move(folios),
                                             std::move(*direct_map));
  if (auto pages = device->have_pages(real); !pages) {
    return tl::unexpected(pages.error());
  }
  return device;
}

} // namespace daxemu::api
