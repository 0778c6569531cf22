#include "runtime/cli/platforms/small_file.hpp"

#include <cstring>

#include <fmt/format.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/text/size_text.hpp"

namespace daxemu::cli {

Outcome<backing::SourcedFile> small_file(backing::FileSource& source, const std::string& name, std::uint64_t size) {
  auto file = source.make(name, kPageSize);
  if (!file) {
    return refuse(file.error().value,
                  fmt::format("the platform's file {} cannot be made: {}", name, std::strerror(file.error().value)),
                  "raise the limit of open files, free some memory, or remove what is in the way");
  }
  if (auto sized = sys::ftruncate(file->fd.get(), size); !sized) {
    source.discard(*file);
    return refuse(sized.error().value,
                  fmt::format("a memory file of {}: {}", size_text(size), std::strerror(sized.error().value)),
                  "choose a smaller --size");
  }
  return std::move(*file);
}

} // namespace daxemu::cli
