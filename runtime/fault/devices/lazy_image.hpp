// Brings an extent's bytes from the device's image when it is first touched, once for all processes.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "emu/backing/image/image.hpp"
#include "emu/base/function_ref.hpp"
#include "emu/base/result.hpp"
#include "emu/mm/folio_record.hpp"
#include "emu/store/records/records.hpp"
#include "runtime/fault/devices/image_ahead.hpp"
#include "runtime/fault/devices/page_maker.hpp"

namespace daxemu::fault {

// The extent's version in the image into the device's backing, whatever kind that is, by way of `scratch` (empty: by a
// mapping of the backing). For an extent that nobody has touched, and that has data. `next`, if any, is made meanwhile.
// Errors: EBADMSG (damaged), those of reading and mapping.
[[nodiscard]] Result<void> load_extent(const backing::Image& image, ExtentIndex extent, int bytes,
                                       std::span<std::byte> scratch, const PageMaker::Page* next = nullptr);

// The same by way of a huge page that is made for it, at a place as HugePage wants it. Errors: ENOTSUP (none is made
// here: the extent is as before), those of load_extent().
[[nodiscard]] Result<void> load_as_huge_page(const backing::Image& image, ExtentIndex extent, int bytes,
                                             std::span<std::byte> place, bool& was_slow,
                                             const PageMaker::Page* next = nullptr);

// Calls `load` for an extent whose bytes have not been brought yet, once for all processes. Waits while another thread
// or process is at it; takes over from one that died. Allocates nothing. Errors: those of `load`, after which the next
// caller tries again.
[[nodiscard]] Result<void> bring_once(mm::FolioRecord& folio, FunctionRef<Result<void>()> load);

class LazyImage {
public:
  // None for a device without an image. Allocates. Errors: EIO (there is one, but it cannot be read), ENOMEM.
  [[nodiscard]] static Result<LazyImage> of(const store::DeviceRecord& device);
  LazyImage();
  LazyImage(LazyImage&&) noexcept;
  LazyImage& operator=(LazyImage&&) noexcept;
  ~LazyImage();

  [[nodiscard]] bool is_there() const { return image_.has_value(); }
  [[nodiscard]] bool has_data(ExtentIndex extent) const { return image_ && image_->has_data(extent); }
  // Extents of it will be expected (image_ahead.hpp). Where memory may be mapped.
  void read_ahead() const;
  // The extent will soon be brought: has the disk read it meanwhile. `is_brought`: as in ImageAhead. False: there is no
  // room for more; later.
  bool expect(ExtentIndex extent, ImageAhead::IsBrought is_brought) const;
  // Is it to be had without waiting for the disk?
  [[nodiscard]] ImageAhead::Near near(ExtentIndex extent) const;

  // Makes sure that the extent's bytes are in the backing `bytes`; nothing to do for a device without an image and for
  // an extent that was brought before. As bring_once(). Errors: EBADMSG (the image is damaged there), those of reading.
  [[nodiscard]] Result<void> bring(ExtentIndex extent, mm::FolioRecord& folio, int bytes,
                                   const PageMaker::Page* next = nullptr) const;

private:
  class Scratch;
  LazyImage(backing::Image image, std::unique_ptr<Scratch> scratch, bool hugetlb);
  [[nodiscard]] Result<void> load(ExtentIndex extent, mm::FolioRecord& folio, int bytes,
                                  const PageMaker::Page* next) const;

  std::optional<backing::Image> image_;
  std::unique_ptr<Scratch> scratch_;
  bool hugetlb_ = false;
};

} // namespace daxemu::fault
