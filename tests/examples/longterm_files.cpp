// A file system on a dax device that lets its files be registered as memory, but not all of them: a file that is
// `pinned` keeps its size for as long as somebody does DMA into it, any other may be truncated at any time, so nobody
// may pin it for long. The kernel knows one answer for all of a DAX file system (EOPNOTSUPP); here it is asked page by
// page.
//   longterm_files KERNEL          prints what became of each registration; exit status 0 if all is as it should be
#include <cerrno>
#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <daxemu/holder.hpp>

namespace {

constexpr std::uint64_t kBlock = 4096;

class SmallFileSystem final : public daxemu::Holder {
public:
  explicit SmallFileSystem(const daxemu::Device& device) : device_(device) { hold(device); }
  ~SmallFileSystem() override { put(); } // before what the operations use is gone

  enum class Pinning { allowed, refused };
  daxemu::File& create(Pinning pinning) {
    auto file = std::make_unique<daxemu::File>(device_);
    const std::lock_guard lock(mutex_);
    Inode& inode = inodes_[file->id()];
    inode = {std::move(file), pinning};
    return *inode.file;
  }
  // Files whose memory has failed.
  [[nodiscard]] std::size_t damaged() const {
    const std::lock_guard lock(mutex_);
    return damaged_;
  }

protected:
  int longterm_pin(daxemu_folio* folio, unsigned long /*first*/, unsigned long /*nr_pages*/) override {
    const std::lock_guard lock(mutex_);
    const auto inode = inodes_.find(daxemu_folio_mapping(folio));
    return inode != inodes_.end() && inode->second.pinning == Pinning::allowed ? 0 : -EPERM;
  }
  // As xfs_dax_notify_failure(): who maps the file that is hit loses that page.
  int notify_failure(std::uint64_t offset, std::uint64_t length, int mf_flags) override {
    const std::lock_guard lock(mutex_);
    std::uint64_t at = 0;
    const auto inode = inodes_.find(daxemu_file_at(handle(), offset, &at));
    if (inode == inodes_.end()) {
      return -EOPNOTSUPP; // no file's, or the device goes
    }
    ++damaged_;
    return daxemu_mf_dax_kill_procs(inode->second.file->get(), at, length, mf_flags);
  }

private:
  struct Inode {
    std::unique_ptr<daxemu::File> file;
    Pinning pinning = Pinning::refused;
  };
  [[nodiscard]] daxemu_device* handle() const { return device_.get(); }

  const daxemu::Device& device_;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Inode> inodes_; // by what folio->mapping says
  std::size_t damaged_ = 0;
};

int failures = 0;
void expect(bool fine, const std::string& what) {
  std::cout << (fine ? "ok   " : "FAIL ") << what << "\n";
  failures += fine ? 0 : 1;
}

// Registers `pages` pages for DMA; what became of it: pages, or a negative errno.
long registered(const void* start, unsigned long pages) {
  try {
    return static_cast<long>(daxemu::Pin(start, pages).nr_pages());
  } catch (const daxemu::Error& error) {
    return -error.error();
  }
}

} // namespace

int main(int argc, char** argv) {
  const daxemu::Platform platform("longterm_files", argc > 1 ? argv[1] : "");
  platform.use();
  daxemu::DeviceOptions options;
  options.size = 8U << 20;
  options.align = kBlock;
  options.mode = "emulate";
  options.backing = "shmem";
  options.type = "FS_DAX";
  {
    const daxemu::Device device(platform, options);
    SmallFileSystem files(device);
    const daxemu::File& file = files.create(SmallFileSystem::Pinning::allowed);
    file.allocate(0, 4 * kBlock);
    expect(registered(file.map(4 * kBlock).data(), 4) == -EOPNOTSUPP, "the kernel's fs-dax: nothing is ever pinned");
  }
  options.type = "FS_DAX-deny_longterm+deny_longterm_fast+ask_before_longterm";
  const daxemu::Device device(platform, options);
  SmallFileSystem files(device);
  const daxemu::File& buffer = files.create(SmallFileSystem::Pinning::allowed);
  const daxemu::File& plain = files.create(SmallFileSystem::Pinning::refused);
  buffer.allocate(0, 4 * kBlock);
  plain.allocate(0, 4 * kBlock);
  const auto in_buffer = buffer.map(4 * kBlock);
  const auto in_plain = plain.map(4 * kBlock);
  expect(registered(in_buffer.data(), 4) == 4, "a file that may be pinned");
  expect(registered(in_plain.data(), 4) == -EPERM, "one that may not");
  {
    const daxemu::Pin brief(in_plain.data(), 4, DAXEMU_FOLL_WRITE);
    expect(brief.nr_pages() == 4, "for the time of a read(2) it may");
  }
  {
    const daxemu::Pin dma(in_buffer.data(), 4);
    int waited = 0;
    try {
      buffer.truncate(0, 1);
    } catch (const daxemu::Error& error) {
      waited = error.error();
    }
    expect(waited == EBUSY, "truncation waits for whoever does DMA");
  }
  plain.truncate(kBlock, 1);
  expect(plain.size() == kBlock, "and for nobody where nothing can be pinned");

  in_buffer.touch(0);
  const unsigned long pfn = daxemu_page_to_pfn(daxemu::Pin(in_buffer.data(), 1, 0).ranges()[0].page);
  device.poison((pfn - device.first_pfn()) * kBlock);
  expect(files.damaged() == 1, "it hears which memory failed, and names the file");
  expect(registered(in_buffer.data(), 1) == -EHWPOISON, "whose page nobody gets any more");
  expect(registered(in_buffer.bytes() + kBlock, 3) == 3, "its other pages are as they were");
  return failures == 0 ? 0 : 1;
}
