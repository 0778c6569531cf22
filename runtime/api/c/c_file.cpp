#include <daxemu/file.h>

#include "runtime/api/c/file_object.hpp"
#include "runtime/api/c/last_error.hpp"
#include "runtime/api/objects.hpp"

using namespace daxemu;

namespace {

std::chrono::milliseconds patience(unsigned milliseconds) {
  constexpr std::chrono::hours kForever{24 * 365};
  return milliseconds == DAXEMU_WAIT_FOREVER ? kForever : std::chrono::milliseconds(milliseconds);
}

// Calls change(first block, blocks) for a range of bytes; refuses one that is not made of whole extents.
template <class Change>
int change_blocks(const daxemu_file* file, std::uint64_t offset, std::uint64_t length, Change change) {
  return api::guarded([&] {
    if (!is_aligned(offset | length, file->extent_size())) {
      return api::report({EINVAL, "offset or length is no multiple of the device's align", "use whole extents"});
    }
    return change(offset / file->extent_size(), length / file->extent_size());
  });
}

} // namespace

extern "C" {

int daxemu_file_create(daxemu_device* device, daxemu_file** file) {
  return api::guarded([&] {
    const auto layout = device->impl->files();
    if (!layout) {
      return api::report(layout.error());
    }
    *file = new daxemu_file{device->platform, device->impl->memory(), *layout, (*layout)->create()};
    return 0;
  });
}

int daxemu_file_unlink(daxemu_file* file, unsigned milliseconds) {
  return api::guarded([&] {
    if (file->platform->mm().is_mapped(*file->layout, file->id)) {
      return api::report({EBUSY, "the file is still mapped", "unmap it first"});
    }
    const int done = api::outcome(file->layout->remove(file->id, patience(milliseconds)));
    if (done == 0) {
      delete file;
    }
    return done;
  });
}

uint64_t daxemu_file_id(const daxemu_file* file) {
  return file->id;
}

uint64_t daxemu_file_size(const daxemu_file* file) {
  return file->layout->size(file->id).value_or(0) * file->extent_size();
}

int daxemu_file_allocate(daxemu_file* file, uint64_t offset, uint64_t length) {
  return change_blocks(file, offset, length, [&](std::uint64_t first, std::uint64_t count) {
    const auto done = count == 0 ? Result<void>(fail(EINVAL)) : file->layout->allocate(file->id, first, count);
    return done ? 0 : api::report(done.error(), "daxemu_file_allocate");
  });
}
int daxemu_file_truncate(daxemu_file* file, uint64_t size, unsigned milliseconds) {
  return change_blocks(file, size, 0, [&](std::uint64_t blocks, std::uint64_t) {
    return api::outcome(file->layout->truncate(file->id, blocks, patience(milliseconds)));
  });
}
int daxemu_file_punch(daxemu_file* file, uint64_t offset, uint64_t length, unsigned milliseconds) {
  return change_blocks(file, offset, length, [&](std::uint64_t first, std::uint64_t count) {
    return api::outcome(file->layout->punch(file->id, first, count, patience(milliseconds)));
  });
}

int daxemu_file_mmap(daxemu_file* file, size_t length, int prot, uint64_t offset, void** address) {
  return api::guarded([&] {
    if (!file->memory.pages->pgmap->is_live()) {
      return api::report({ENODEV, "the file's device has been unbound", "open it again"});
    }
    const auto mapped = file->platform->mm().map_file(file->memory, *file->layout, file->id, length, prot, offset);
    if (!mapped) {
      return api::report(mapped.error(), "daxemu_file_mmap");
    }
    *address = *mapped;
    return 0;
  });
}

} // extern "C"
