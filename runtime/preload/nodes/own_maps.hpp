// /proc/self/maps as the kernel would print it: mappings of devices by what they are, not by the pieces of memory files
// and filler that stand for them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "emu/store/store.hpp"
#include "emu/sysfs/tree/tree.hpp"
#include "runtime/fault/address_space.hpp"

namespace daxemu::preload {

class OwnMaps {
public:
  OwnMaps(const store::Store& store, const sysfs::Tree& tree, const fault::AddressSpace& space)
      : store_(&store), tree_(&tree), space_(&space) {}

  // Is `path` the maps of this process?
  [[nodiscard]] static bool is_one(const char* path) noexcept;

  // Takes a line of the real file; `print` gets what is to stand there, part by part. Allocates nothing.
  template <typename Print>
  void translate(std::string_view line, Print print) noexcept {
    Range real;
    std::uint64_t at = 0;
    if (!parse(line, real) || !space_->first_piece(real.start, real.end)) {
      print(line);
      return;
    }
    for (at = real.start; at < real.end;) {
      const auto ours = space_->mapping_from(at, real.end);
      const std::uint64_t begin = ours ? ours->start : real.end;
      if (at < begin) {
        print(rest_of(line, real, at, begin));
      }
      if (ours && begin >= printed_) {
        printed_ = ours->end;
        print(line_of(*ours));
      }
      at = ours ? ours->end : real.end;
    }
  }

private:
  struct Range {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::uint64_t offset = 0;
    std::size_t rights_at = 0; // in the line
    std::size_t device_at = 0; // behind the offset
  };

  static bool parse(std::string_view line, Range& range) noexcept;
  std::string_view rest_of(std::string_view line, const Range& range, std::uint64_t from, std::uint64_t to) noexcept;
  std::string_view line_of(const fault::Piece& ours) noexcept;

  const store::Store* store_;
  const sysfs::Tree* tree_;
  const fault::AddressSpace* space_;
  std::uint64_t printed_ = 0; // mappings of ours that begin below are out
  std::array<char, 512> text_{};
};

} // namespace daxemu::preload
