// A file of small pages that a platform has, with its size.
#pragma once

#include <cstdint>
#include <string>

#include "emu/backing/file_source.hpp"

namespace daxemu::cli {

// Errors (Problem): those of FileSource::make and of ftruncate(2).
[[nodiscard]] Outcome<backing::SourcedFile> small_file(backing::FileSource& source, const std::string& name,
                                                       std::uint64_t size);

} // namespace daxemu::cli
