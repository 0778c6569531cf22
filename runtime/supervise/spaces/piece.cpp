#include "runtime/supervise/spaces/piece.hpp"

#include <algorithm>

#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "runtime/preload/procfs/maps_line.hpp"

namespace daxemu::supervise {

std::vector<Piece> pieces_of(std::string_view maps, const Devices& devices, std::uint64_t start, std::uint64_t end) {
  std::vector<Piece> found;
  for (std::size_t at = 0; at < maps.size();) {
    const std::size_t end_of_line = std::min(maps.find('\n', at), maps.size() - 1) + 1;
    preload::MapsLine line;
    if (line.parse(maps.substr(at, end_of_line - at)) && line.start < end && line.end > start) {
      Piece piece{line.offset, line.start, line.end, 0, nullptr, false};
      piece.prot = (line.rights[0] == 'r' ? PROT_READ : 0) | (line.rights[1] == 'w' ? PROT_WRITE : 0) |
                   (line.rights[2] == 'x' ? PROT_EXEC : 0);
      piece.view = line.inode == 0 ? nullptr : devices.of(::makedev(line.major_number, line.minor_number), line.inode);
      piece.filler = piece.view == nullptr && line.name.find(kFillerName) != std::string_view::npos;
      found.push_back(piece);
    }
    at = end_of_line;
  }
  return found;
}

} // namespace daxemu::supervise
