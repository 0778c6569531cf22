// Brings an extent's bytes from the device's image when it is first touched, once for all processes.
#pragma once

#include <optional>

#include "emu/backing/image.hpp"
#include "emu/base/function_ref.hpp"
#include "emu/base/result.hpp"
#include "emu/mm/folio_record.hpp"
#include "emu/store/records/records.hpp"

namespace daxemu::fault {

// The extent's version in the image into the device's backing, whatever kind that is. For an extent nobody has
// touched. Errors: EBADMSG (damaged), those of reading and mapping.
[[nodiscard]] Result<void> load_extent(const backing::Image& image, ExtentIndex extent, int bytes);

// Calls `load` for an extent whose bytes have not been brought yet, once for all processes. Waits while another thread
// or process is at it; takes over from one that died. Allocates nothing. Errors: those of `load`, after which the next
// caller tries again.
[[nodiscard]] Result<void> bring_once(mm::FolioRecord& folio, FunctionRef<Result<void>()> load);

class LazyImage {
public:
  // None for a device without an image. Allocates. Errors: EIO (there is one, but it cannot be read).
  [[nodiscard]] static Result<LazyImage> of(const store::DeviceRecord& device);

  [[nodiscard]] bool is_there() const { return image_.has_value(); }
  // The extent will soon be brought: has the disk read it meanwhile.
  void expect(ExtentIndex extent) const {
    if (image_) {
      image_->expect(extent);
    }
  }

  // Makes sure that the extent's bytes are in the backing `bytes`; nothing to do for a device without an image and for
  // an extent that was brought before. As bring_once(). Errors: EBADMSG (the image is damaged there), those of reading.
  [[nodiscard]] Result<void> bring(ExtentIndex extent, mm::FolioRecord& folio, int bytes) const;

private:
  std::optional<backing::Image> image_;
};

} // namespace daxemu::fault
