// What this process knows of the attributes that it has opened to read and has not read yet: which they are, and what
// their files hold (VnodeFiles::open). Programs read an attribute once; if it still says what its file holds, there is
// nothing to ask the kernel but the bytes. Noted by number, as FdTable is: a number that is another file's by now has
// that file read, for what is noted here decides only whether the text is looked at again.
#pragma once

#include <cstdint>

#include "emu/sysfs/schema/node.hpp"

namespace daxemu::preload {

class OpenTexts {
public:
  struct Text {
    std::uint64_t mark = 0; // its text_hash()
    sysfs::Node node;
  };
  // `fd` is open on an attribute, to read, and its file holds a text of this mark.
  // `bare`: FdTable::is_bare(). False: not noted.
  static bool note(int fd, const sysfs::Node& node, std::uint64_t mark, bool bare) noexcept;
  // What was noted of `fd`, once. False: nothing (any more). May be called anywhere.
  static bool take(int fd, Text& into) noexcept;
};

} // namespace daxemu::preload
