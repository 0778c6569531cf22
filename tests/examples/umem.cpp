// What an RDMA driver does with user memory, step by step (ib_umem_get to ib_umem_release): memory of a device-dax is
// pinned and given bus addresses, the process's mapping goes away, data moves both ways by DMA and from and to a file,
// the folios are dirtied and unpinned. Runs on an emulated device, and on the machine's own: there the kernel holds the
// pages meanwhile, and refuses what it refuses.
//   umem emulate|kernel EXTENT-SIZE [SCRATCH-FILE]
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <daxemu/daxemu.hpp>
#include <fcntl.h>
#include <unistd.h>

namespace {

void expect(bool holds, const char* what) {
  std::printf("%-60s %s\n", what, holds ? "yes" : "NO");
  if (!holds) {
    std::printf("last error: %s\n", daxemu_last_error());
    std::exit(1);
  }
}

// The memory region: pinned by runs of pages, mapped for the bus master.
class Umem {
public:
  Umem(daxemu_bus_master* master, unsigned long address, unsigned long pages, unsigned flags)
      : master_(master), ranges_(16) {
    ranges_.resize(static_cast<std::size_t>(
        daxemu::checked(daxemu_pin_user_folios(address, pages, flags, ranges_.data(), ranges_.size()))));
    for (const daxemu_page_range& range : ranges_) {
      std::uint64_t bus = 0;
      daxemu::checked(daxemu_dma_map(master_, range.page, range.nr_pages, DAXEMU_DMA_BIDIRECTIONAL, &bus));
      bus_.push_back(bus);
      pages_ += range.nr_pages;
    }
  }
  ~Umem() {
    for (std::size_t at = 0; at < bus_.size(); ++at) {
      daxemu_dma_unmap(master_, bus_[at]);
      daxemu_unpin_user_page_range_dirty_lock(ranges_[at].page, ranges_[at].nr_pages, true);
    }
  }
  Umem(const Umem&) = delete;
  Umem& operator=(const Umem&) = delete;
  [[nodiscard]] std::uint64_t bus() const { return bus_.front(); }
  [[nodiscard]] unsigned long pages() const { return pages_; }
  [[nodiscard]] daxemu_folio* folio() const { return daxemu_page_folio(ranges_.front().page); }

private:
  daxemu_bus_master* master_;
  std::vector<daxemu_page_range> ranges_;
  std::vector<std::uint64_t> bus_;
  unsigned long pages_ = 0;
};

std::vector<char> pattern(std::size_t size, unsigned seed) {
  std::vector<char> bytes(size);
  for (std::size_t at = 0; at < size; ++at) {
    bytes[at] = static_cast<char>((at * 2654435761U + seed) >> 13U);
  }
  return bytes;
}

// Long-term pins where the memory and its kernel allow them, as RDMA asks; else short ones, and says who refused.
unsigned flags_for(const daxemu::Device& device, unsigned long address) {
  daxemu_page* page = nullptr;
  const int got = daxemu_pin_user_pages_fast(address, 1, DAXEMU_FOLL_WRITE | DAXEMU_FOLL_LONGTERM, &page);
  if (got == 1) {
    daxemu_unpin_user_page(page);
    return DAXEMU_FOLL_WRITE | DAXEMU_FOLL_LONGTERM;
  }
  std::printf("long-term pin: %s (%s)\n", std::strerror(-got), daxemu_last_error());
  expect(!device.emulated() && got == -EOPNOTSUPP, "only a kernel up to 6.3 refuses long-term pins of device-dax");
  return DAXEMU_FOLL_WRITE;
}

void run(const std::string& mode, std::uint64_t extent, const std::string& scratch) {
  daxemu::Platform platform("umem");
  platform.use();
  daxemu::DeviceOptions options;
  options.name = "dax0.0";
  options.mode = mode;
  options.align = extent;
  options.size = mode == "kernel" ? 0 : 4 * std::max<std::uint64_t>(extent, 2U << 20);
  options.backing = extent == (2U << 20) ? "auto" : "shmem";
  daxemu::Device device(platform, options);
  std::printf("%s: %s\n", device.name().c_str(), device.why().c_str());
  expect(device.emulated() == (mode == "emulate"), "the device is what was asked for");

  daxemu_bus_master* master = nullptr;
  daxemu::checked(daxemu_bus_master_create(true, &master));
  const std::uint64_t bytes = std::max<std::uint64_t>(2 * extent, 64 << 10); // two extents or more: a seam is crossed
  const unsigned long pages = bytes >> 12;
  const std::uint64_t seam = bytes / 2 - 1000;
  const std::vector<char> sent = pattern(5000, 1);
  std::vector<char> seen(sent.size());
  std::uint64_t stale = 0;
  {
    daxemu::Mapping mapping = device.map(bytes);
    std::optional<Umem> umem(std::in_place, master, mapping.address(), pages, flags_for(device, mapping.address()));
    expect(umem->pages() == pages, "all pages are pinned");
    expect(daxemu_folio_maybe_dma_pinned(umem->folio()), "the folio says so");
    std::memcpy(mapping.bytes() + seam, sent.data(), sent.size());
    expect(daxemu_dma_read(master, umem->bus() + seam, seen.data(), seen.size()) == 0 && seen == sent,
           "the bus master reads what the processor wrote");

    mapping.reset();
    expect(!platform.pins().empty(), "the mapping is gone, the pins are not");
    const std::vector<char> answer = pattern(5000, 2);
    expect(daxemu_dma_write(master, umem->bus() + seam, answer.data(), answer.size()) == 0 &&
               daxemu_dma_read(master, umem->bus() + seam, seen.data(), seen.size()) == 0 && seen == answer,
           "data still moves both ways");

    const std::vector<char> stored = pattern(3 * 4096, 3);
    std::ofstream(scratch, std::ios::binary).write(stored.data(), static_cast<std::streamsize>(stored.size()));
    const int file = ::open(scratch.c_str(), O_RDWR);
    const auto size = static_cast<std::int64_t>(stored.size());
    expect(daxemu_dma_from_file(master, umem->bus() + bytes / 2 - 4096, file, 0, stored.size()) == size,
           "a file goes to the memory by io_uring");
    expect(daxemu_dma_to_file(master, umem->bus() + bytes / 2 - 4096, file, stored.size(), stored.size()) == size,
           "and back");
    std::vector<char> copied(stored.size());
    expect(::pread(file, copied.data(), copied.size(), size) == size && copied == stored, "unchanged");
    ::close(file);

    daxemu::checked(
        daxemu_dma_write(master, umem->bus(), answer.data(), 8)); // the first folio: at 4K the seam is in others
    expect(daxemu_folio_test_dirty(umem->folio()), "what DMA wrote is dirty");
    stale = umem->bus();
    umem.reset();
  }
  expect(daxemu_dma_read(master, stale, seen.data(), 1) == -EFAULT, "a stale bus address faults");
  expect(platform.pins().empty(), "nothing is held any more");
  {
    const daxemu::Mapping again = device.map(bytes);
    const std::vector<char> stored = pattern(3 * 4096, 3);
    expect(std::memcmp(again.bytes() + bytes / 2 - 4096, stored.data(), stored.size()) == 0,
           "a new mapping shows what DMA wrote");
  }
  expect(daxemu_bad_releases() == 0, "nothing was released that was not held");
  daxemu_bus_master_destroy(master);
  device.close();
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: umem emulate|kernel EXTENT-SIZE [SCRATCH-FILE]\n");
    return 2;
  }
  const std::string scratch = argc > 3 ? argv[3] : "/tmp/umem." + std::to_string(::getpid());
  int status = 0;
  try {
    run(argv[1], std::strtoull(argv[2], nullptr, 10), scratch);
  } catch (const std::exception& error) {
    std::printf("%s\n", error.what());
    status = 1;
  }
  ::unlink(scratch.c_str());
  return status;
}
