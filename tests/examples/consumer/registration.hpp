// What an RDMA driver's memory registration does: pins user memory for long, gives it bus addresses, undoes both.
#pragma once

#include <cstdint>

#include <daxemu/dma.h>

class Registration {
public:
  // `address` is page aligned. Throws std::system_error.
  Registration(daxemu_bus_master* master, const void* address, unsigned long nr_pages);
  ~Registration();
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  [[nodiscard]] uint64_t bus_address() const { return bus_address_; }

private:
  daxemu_bus_master* master_;
  daxemu_page* first_ = nullptr;
  unsigned long nr_pages_;
  uint64_t bus_address_ = 0;
};
