#include <daxemu/holder.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "runtime/api/c/file_object.hpp"
#include "runtime/api/c/last_error.hpp"
#include "runtime/api/objects.hpp"

using namespace daxemu;

namespace {

Result<void> as_result(int negative_errno) {
  return negative_errno >= 0 ? Result<void>() : fail(-negative_errno);
}

pgmap::HolderOps ops_of(daxemu_device* device, void* holder, const daxemu_dax_holder_ops& ops) {
  pgmap::HolderOps made;
  if (ops.notify_failure != nullptr) {
    made.notify_failure = [=, notify = ops.notify_failure](std::uint64_t offset, std::uint64_t length, int mf_flags) {
      return as_result(notify(device, offset, length, mf_flags, holder));
    };
  }
  if (ops.longterm_pin != nullptr) {
    made.longterm_pin = [=, ask = ops.longterm_pin](const mm::Folio& folio, std::uint64_t first,
                                                    std::uint64_t nr_pages) {
      return as_result(ask(device, reinterpret_cast<daxemu_folio*>(folio.page()), first, nr_pages, holder));
    };
  }
  return made;
}

} // namespace

extern "C" {

int daxemu_fs_dax_get(daxemu_device* device, void* holder, const daxemu_dax_holder_ops* ops) {
  return api::guarded([&] {
    const auto of_device = device->impl->holder();
    if (!of_device) {
      return api::report(of_device.error());
    }
    daxemu_dax_holder_ops known{};
    if (ops == nullptr || ops->struct_size < sizeof(ops->struct_size)) {
      return api::report({EINVAL, "there are no operations, or their struct_size is not set",
                          "set it to sizeof(struct daxemu_dax_holder_ops)"});
    }
    std::memcpy(&known, ops, std::min(ops->struct_size, sizeof(known)));
    const auto got = (*of_device)->get(holder, ops_of(device, holder, known));
    if (!got) {
      const bool busy = got.error() == Errno{EBUSY};
      return api::report({got.error().value,
                          device->impl->facts().name + (busy ? " has a holder" : ": no holder given"),
                          busy ? "let it put the device first" : "give an address of your own"});
    }
    return 0;
  });
}

void daxemu_fs_put_dax(daxemu_device* device, void* holder) {
  if (const auto of_device = device->impl->holder(); of_device) {
    (*of_device)->put(holder);
  }
}

void* daxemu_dax_holder(const daxemu_device* device) {
  const auto of_device = device->impl->holder();
  return of_device ? (*of_device)->who() : nullptr;
}

int daxemu_mf_dax_kill_procs(daxemu_file* file, uint64_t offset, uint64_t length, int mf_flags) {
  return api::guarded([&] {
    if (!file->layout->size(file->id)) {
      return api::report(Errno{ENOENT}, "daxemu_mf_dax_kill_procs");
    }
    const std::uint64_t size = file->extent_size();
    const std::uint64_t last = length > UINT64_MAX - offset ? UINT64_MAX : offset + length;
    const std::uint64_t first_block = offset / size;
    const std::uint64_t end_block = std::min(last, daxemu_file_size(file) + size) / size + (last % size != 0 ? 1 : 0);
    std::vector<mm::Folio> hit;
    if (first_block < end_block) {
      file->layout->survey(file->id, first_block, end_block - first_block, [&](const pgmap::BlockChange& run) {
        for (std::uint64_t at = 0; run.kind == pgmap::BlockChange::here && at < run.last - run.first; ++at) {
          hit.push_back(*mm::folio_of(*file->memory.pages, run.extent + at));
        }
      });
    }
    for (const mm::Folio& folio : hit) {
      pgmap::mf_dax_kill_procs(folio, folio.pfn(), file->platform->mm(), mf_flags);
    }
    return 0;
  });
}

uint64_t daxemu_file_at(daxemu_device* device, uint64_t offset, uint64_t* file_offset) {
  const auto layout = device->impl->files();
  const std::uint64_t align = device->impl->facts().align;
  const auto owner = layout ? (*layout)->owner_of(ExtentIndex(offset / align)) : std::nullopt;
  if (owner && file_offset != nullptr) {
    *file_offset = owner->block * align + offset % align;
  }
  return owner ? owner->file : 0;
}

} // extern "C"
