#include "emu/nd/labels/label_area.hpp"

#include <algorithm>
#include <cstring>

#include <fcntl.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/kernel/whole_io.hpp"

namespace daxemu::nd {
namespace {

Result<UniqueFd> open_area(const store::Store& store, const LabelArea& area, int flags) {
  const std::uint32_t slot = area.slot;
  if (slot == 0 || slot > store.backing_slots().size()) {
    return fail(ENXIO);
  }
  auto opened = store.open_file(store.backing_slots()[slot - 1].backing.location.c_str(), flags | O_CLOEXEC);
  if (!opened) {
    return fail(opened.error().value == ENOENT ? ENXIO : opened.error().value);
  }
  return opened;
}

bool is_inside(const LabelArea& area, std::uint64_t offset, std::size_t length) {
  return offset <= area.size && length <= area.size - offset;
}

} // namespace

Result<void> read_labels(const store::Store& store, const LabelArea& area, std::uint64_t offset,
                         std::span<std::byte> into) {
  if (!is_inside(area, offset, into.size())) {
    return fail(EINVAL);
  }
  auto file = open_area(store, area, O_RDONLY);
  if (!file) {
    return tl::unexpected(file.error());
  }
  const auto about = sys::fstat(file->get());
  if (!about) {
    return tl::unexpected(about.error());
  }
  // The file is as long as somebody has written.
  const auto end = static_cast<std::uint64_t>(about->st_size);
  const std::size_t written = offset < end ? std::min<std::uint64_t>(into.size(), end - offset) : 0;
  if (written < into.size()) {
    std::memset(into.data() + written, 0, into.size() - written);
  }
  return read_whole(file->get(), into.first(written), offset);
}

Result<void> write_labels(const store::Store& store, const LabelArea& area, std::uint64_t offset,
                          std::span<const std::byte> from) {
  if (!is_inside(area, offset, from.size())) {
    return fail(EINVAL);
  }
  auto file = open_area(store, area, O_RDWR);
  return file ? write_whole(file->get(), from, offset) : tl::unexpected(file.error());
}

} // namespace daxemu::nd
