// A device's holder as a C++ object; see holder.h.
#ifndef DAXEMU_HOLDER_HPP
#define DAXEMU_HOLDER_HPP

#include <cerrno>

#include <daxemu/file.hpp>
#include <daxemu/holder.h>

namespace daxemu {

// Derive a file system from it. It holds the device from hold() on, at most as long as it lives; a derived class puts
// it in its own destructor, before what its operations use is gone.
class Holder {
public:
  Holder() = default;
  virtual ~Holder() { put(); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  void hold(const Device& device) {
    daxemu_dax_holder_ops ops{};
    ops.struct_size = sizeof(ops);
    ops.notify_failure = [](daxemu_device*, std::uint64_t offset, std::uint64_t length, int mf_flags, void* self) {
      return static_cast<Holder*>(self)->notify_failure(offset, length, mf_flags);
    };
    ops.longterm_pin = [](daxemu_device*, daxemu_folio* folio, unsigned long first, unsigned long nr_pages,
                          void* self) { return static_cast<Holder*>(self)->longterm_pin(folio, first, nr_pages); };
    checked(::daxemu_fs_dax_get(device.get(), this, &ops));
    device_ = device.get();
  }
  void put() {
    if (device_ != nullptr) {
      ::daxemu_fs_put_dax(std::exchange(device_, nullptr), this);
    }
  }

protected:
  // 0, or a negative errno; must not throw.
  virtual int notify_failure(std::uint64_t /*offset*/, std::uint64_t /*length*/, int /*mf_flags*/) {
    return -EOPNOTSUPP;
  }
  virtual int longterm_pin(daxemu_folio* /*folio*/, unsigned long /*first*/, unsigned long /*nr_pages*/) {
    return -EOPNOTSUPP;
  }

private:
  daxemu_device* device_ = nullptr;
};

} // namespace daxemu

#endif
