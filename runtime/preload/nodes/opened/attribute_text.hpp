// Room for what an attribute says: a page, or, for the few that say more, memory aside.
#pragma once

#include <array>
#include <span>

#include <sys/mman.h>

#include "emu/base/program/aside.hpp"
#include "emu/base/units.hpp"
#include "emu/sysfs/schema/node.hpp"

namespace daxemu::preload {

class AttributeText {
public:
  explicit AttributeText(const sysfs::Node& node) {
    if (node.most > page_.size()) {
      auto mapped = sys::map_aside(-1, node.most, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
      if (mapped) { // else a page has to do
        more_ = std::move(*mapped);
        size_ = node.most;
      }
    }
  }
  [[nodiscard]] std::span<char> room() {
    return {size_ == 0 ? page_.data() : static_cast<char*>(more_.data()), size_ == 0 ? page_.size() : size_};
  }

private:
  std::array<char, kPageSize> page_;
  Mapping more_;
  std::size_t size_ = 0;
};

} // namespace daxemu::preload
