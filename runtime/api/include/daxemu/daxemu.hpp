// The C API as C++ objects (C++17): owners that clean up, and exceptions with the words of daxemu_last_error().
#ifndef DAXEMU_DAXEMU_HPP
#define DAXEMU_DAXEMU_HPP

#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/mman.h>

#include <daxemu/device.h>
#include <daxemu/dma.h>
#include <daxemu/gup.h>
#include <daxemu/sg.h>

namespace daxemu {

class Error : public std::system_error {
public:
  explicit Error(int negative_errno)
      : std::system_error(-negative_errno, std::generic_category(), ::daxemu_last_error()) {}
  [[nodiscard]] int error() const noexcept { return code().value(); } // a positive errno
};

// Throws Error for a negative errno, else returns it.
template <class Number>
Number checked(Number result) {
  if (result < 0) {
    throw Error(static_cast<int>(result));
  }
  return result;
}

// The kernels that can be mirrored: "6.1" and so on.
inline std::vector<std::string> kernels() {
  std::vector<std::string> names;
  for (const char* name = nullptr; (name = ::daxemu_kernel(static_cast<unsigned>(names.size()))) != nullptr;) {
    names.emplace_back(name);
  }
  return names;
}

class Platform {
public:
  // Mirrors `kernel` ("6.12"); empty: what the variable DAXEMU_KERNEL says, else the default.
  explicit Platform(const std::string& name = "in-process", const std::string& kernel = "") {
    checked(::daxemu_platform_create_as(name.c_str(), kernel.c_str(), &handle_));
  }
  ~Platform() {
    if (handle_ != nullptr) {
      ::daxemu_platform_destroy(handle_);
    }
  }
  Platform(Platform&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;
  Platform& operator=(Platform&&) = delete;

  // "linux-6.12".
  [[nodiscard]] std::string profile() const { return ::daxemu_platform_profile(handle_); }
  // Get and pin calls look into this one from now on.
  void use() const { ::daxemu_platform_use(handle_); }
  // Who holds what, a line each.
  [[nodiscard]] std::string pins() const {
    std::string text(static_cast<std::size_t>(checked(::daxemu_pins(handle_, nullptr, 0))) + 1, '\0');
    const auto size = static_cast<std::size_t>(checked(::daxemu_pins(handle_, text.data(), text.size())));
    text.resize(size < text.size() ? size : text.size() - 1);
    return text;
  }
  [[nodiscard]] daxemu_platform* get() const { return handle_; }

private:
  daxemu_platform* handle_ = nullptr;
};

struct DeviceOptions {
  std::uint64_t size = 0;
  std::uint64_t align = 2U << 20;
  std::string name;             // empty: the next free one
  std::string type = "GENERIC"; // or "custom" with behaviours
  std::uint32_t behaviours = 0;
  std::string mode; // empty: the variable DAXEMU, else auto
  std::string backing = "auto";
  const daxemu_dev_pagemap_ops* ops = nullptr;
  void* private_data = nullptr;
};

// A mapping of a device; unmapped at the end.
class Mapping {
public:
  Mapping() = default;
  Mapping(void* address, std::size_t size) : address_(address), size_(size) {}
  ~Mapping() { reset(); }
  Mapping(Mapping&& other) noexcept
      : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    if (this != &other) {
      reset();
      address_ = std::exchange(other.address_, nullptr);
      size_ = std::exchange(other.size_, 0);
    }
    return *this;
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  [[nodiscard]] void* data() const { return address_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] unsigned long address() const { return reinterpret_cast<unsigned long>(address_); }
  [[nodiscard]] unsigned char* bytes() const { return static_cast<unsigned char*>(address_); }
  void protect(int prot) const { checked(::daxemu_mprotect(address_, size_, prot)); }
  void touch(std::size_t offset = 0, bool write = true) const { checked(::daxemu_touch(bytes() + offset, write)); }
  void reset() {
    if (address_ != nullptr) {
      ::daxemu_munmap(std::exchange(address_, nullptr), std::exchange(size_, 0));
    }
  }

private:
  void* address_ = nullptr;
  std::size_t size_ = 0;
};

class Device {
public:
  Device(const Platform& platform, const DeviceOptions& options) {
    daxemu_device_spec spec{};
    spec.struct_size = sizeof(spec);
    spec.name = options.name.empty() ? nullptr : options.name.c_str();
    spec.size = options.size;
    spec.align = options.align;
    spec.backing = options.backing.c_str();
    spec.type = options.type.c_str();
    spec.behaviours = options.behaviours;
    spec.mode = options.mode.empty() ? nullptr : options.mode.c_str();
    spec.ops = options.ops;
    spec.private_data = options.private_data;
    spec.ops_size = sizeof(daxemu_dev_pagemap_ops);
    checked(::daxemu_device_open(platform.get(), &spec, &handle_));
  }
  // A device that is still mapped or pinned stays open: close() says why.
  ~Device() {
    if (handle_ != nullptr) {
      ::daxemu_device_close(handle_);
    }
  }
  Device(Device&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  Device& operator=(Device&&) = delete;

  void close() {
    checked(::daxemu_device_close(handle_));
    handle_ = nullptr;
  }
  [[nodiscard]] std::string name() const { return ::daxemu_device_name(handle_); }
  [[nodiscard]] std::uint64_t size() const { return ::daxemu_device_size(handle_); }
  [[nodiscard]] std::uint64_t align() const { return ::daxemu_device_align(handle_); }
  [[nodiscard]] int node() const { return ::daxemu_device_node(handle_); }
  [[nodiscard]] bool emulated() const { return ::daxemu_device_is_emulated(handle_); }
  [[nodiscard]] std::string why() const { return ::daxemu_device_why(handle_); }
  [[nodiscard]] std::uint64_t first_pfn() const { return ::daxemu_device_first_pfn(handle_); }

  [[nodiscard]] Mapping map(std::size_t length, std::uint64_t offset = 0, int prot = PROT_READ | PROT_WRITE) const {
    void* address = nullptr;
    checked(::daxemu_mmap(handle_, length, prot, offset, &address));
    return {address, length};
  }
  void poison(std::uint64_t offset) const { checked(::daxemu_device_poison(handle_, offset)); }
  void heal(std::uint64_t offset) const { checked(::daxemu_device_heal(handle_, offset)); }
  void unbind(unsigned milliseconds) const { checked(::daxemu_device_unbind(handle_, milliseconds)); }
  [[nodiscard]] daxemu_device* get() const { return handle_; }

private:
  daxemu_device* handle_ = nullptr;
};

// Pages pinned for long, by runs; unpinned at the end.
class Pin {
public:
  Pin(const void* start, unsigned long nr_pages, unsigned flags = DAXEMU_FOLL_WRITE | DAXEMU_FOLL_LONGTERM)
      : ranges_(64) {
    ranges_.resize(static_cast<std::size_t>(checked(::daxemu_pin_user_folios(
        reinterpret_cast<unsigned long>(start), nr_pages, flags, ranges_.data(), ranges_.size()))));
  }
  ~Pin() { release(false); }
  Pin(Pin&& other) noexcept : ranges_(std::exchange(other.ranges_, {})) {}
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;
  Pin& operator=(Pin&&) = delete;

  void release(bool make_dirty) {
    ::daxemu_unpin_user_folios(ranges_.data(), ranges_.size(), make_dirty);
    ranges_.clear();
  }
  [[nodiscard]] const std::vector<daxemu_page_range>& ranges() const { return ranges_; }
  [[nodiscard]] unsigned long nr_pages() const {
    unsigned long pages = 0;
    for (const daxemu_page_range& range : ranges_) {
      pages += range.nr_pages;
    }
    return pages;
  }

private:
  std::vector<daxemu_page_range> ranges_;
};

// A user buffer as a scatter list of pinned memory (daxemu/sg.h); unmapped and unpinned at the end. A bus master that
// it is mapped for outlives it.
class ScatterList {
public:
  // As many bytes as can be had, of `size` from `start` on, of any alignment. Throws if there is not even one, but for
  // DAXEMU_FOLL_FAST_ONLY: then it is empty.
  ScatterList(const void* start, std::size_t size, unsigned flags = DAXEMU_FOLL_WRITE | DAXEMU_FOLL_LONGTERM,
              std::size_t max_segment = 0) {
    daxemu_iov_iter iter{reinterpret_cast<unsigned long>(start), size};
    try {
      while (iter.count > 0) {
        constexpr std::size_t kMore = 64;
        entries_.resize(nents_ + kMore);
        daxemu_sg_table table = this->table();
        const ssize_t got = ::daxemu_extract_iter_to_sg(&iter, iter.count, &table, max_segment, flags);
        if (got == 0 || (got < 0 && bytes_ > 0)) { // 0: DAXEMU_FOLL_FAST_ONLY, and nothing is mapped there
          break;
        }
        bytes_ += static_cast<std::size_t>(checked(got));
        nents_ = table.nents;
      }
    } catch (...) {
      release(false);
      throw;
    }
    entries_.resize(nents_);
  }
  ~ScatterList() { release(false); }
  ScatterList(ScatterList&& other) noexcept
      : entries_(std::exchange(other.entries_, {})), nents_(std::exchange(other.nents_, 0)),
        bytes_(std::exchange(other.bytes_, 0)), master_(std::exchange(other.master_, nullptr)) {}
  ScatterList(const ScatterList&) = delete;
  ScatterList& operator=(const ScatterList&) = delete;
  ScatterList& operator=(ScatterList&&) = delete;

  // Bus addresses for the entries.
  void map(daxemu_bus_master* master, daxemu_dma_direction direction = DAXEMU_DMA_BIDIRECTIONAL) {
    unmap();
    daxemu_sg_table table = this->table();
    checked(::daxemu_dma_map_sg(master, &table, direction));
    master_ = master;
  }
  void unmap() {
    if (master_ != nullptr) {
      daxemu_sg_table table = this->table();
      ::daxemu_dma_unmap_sg(std::exchange(master_, nullptr), &table);
    }
  }
  void release(bool make_dirty) {
    unmap();
    daxemu_sg_table table = this->table();
    ::daxemu_unpin_sg(&table, make_dirty);
    entries_.clear();
    nents_ = 0;
    bytes_ = 0;
  }
  [[nodiscard]] const std::vector<daxemu_scatterlist>& entries() const { return entries_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
  [[nodiscard]] daxemu_sg_table table() { return {entries_.data(), nents_, static_cast<unsigned>(entries_.size())}; }
  std::vector<daxemu_scatterlist> entries_;
  unsigned nents_ = 0;
  std::size_t bytes_ = 0;
  daxemu_bus_master* master_ = nullptr;
};

} // namespace daxemu

#endif
