#include "emu/sysfs/cxl/cdat.hpp"

#include <array>

namespace daxemu::sysfs {
namespace {

// A table as it grows: little-endian numbers, one after the other.
class Table {
public:
  Table& put(std::uint64_t value, std::size_t bytes) {
    for (std::size_t at = 0; at < bytes && used_ < bytes_.size(); ++at) {
      bytes_[used_++] = static_cast<char>((value >> (8 * at)) & 0xffU);
    }
    return *this;
  }
  // Sets the length, and the byte that makes all bytes add up to 0.
  std::string_view sealed() {
    constexpr std::size_t kChecksumAt = 5;
    bytes_[0] = static_cast<char>(used_ & 0xffU);
    bytes_[1] = static_cast<char>(used_ >> 8U);
    unsigned sum = 0;
    for (std::size_t at = 0; at < used_; ++at) {
      sum += static_cast<unsigned char>(bytes_[at]);
    }
    bytes_[kChecksumAt] = static_cast<char>(-sum & 0xffU);
    return {bytes_.data(), used_};
  }

private:
  std::array<char, 512> bytes_{};
  std::size_t used_ = 0;
};

constexpr unsigned kDsmas = 0;  // a stretch of addresses
constexpr unsigned kDslbis = 1; // how fast it is
constexpr unsigned kDsemts = 4; // what memory it is
constexpr unsigned kEntry = 24; // bytes of each

constexpr unsigned kNonvolatile = 4; // flag of a DSMAS

struct Speed {
  unsigned type;        // of HMAT: read latency, ...
  std::uint64_t unit;   // picoseconds, or megabytes a second
  std::uint64_t amount; // of units
};
constexpr std::array<Speed, 4> kSpeeds = {{{1, 10000, 15}, {2, 10000, 25}, {4, 1000, 16}, {5, 1000, 16}}};

void put_header(Table& table, unsigned type) {
  table.put(type, 1).put(0, 1).put(kEntry, 2);
}
void put_stretch(Table& table, unsigned handle, std::uint64_t start, std::uint64_t size, bool persistent) {
  put_header(table, kDsmas);
  table.put(handle, 1).put(persistent ? kNonvolatile : 0, 1).put(0, 2).put(start, 8).put(size, 8);
  for (const Speed& speed : kSpeeds) {
    put_header(table, kDslbis);
    table.put(handle, 1).put(0, 1).put(speed.type, 1).put(0, 1).put(speed.unit, 8).put(speed.amount, 2).put(0, 6);
  }
  put_header(table, kDsemts);
  table.put(handle, 1).put(persistent ? 2 : 1, 1).put(0, 2).put(0, 8).put(size, 8);
}

} // namespace

void put_cdat(const store::CxlMemdevRecord& memdev, Text& out) {
  Table table;
  table.put(0, 4).put(2, 1).put(0, 1).put(0, 6).put(0, 4); // length, revision, checksum, sequence number
  unsigned handle = 0;
  if (memdev.ram_size != 0) {
    put_stretch(table, handle++, 0, memdev.ram_size, false);
  }
  if (memdev.pmem_size != 0) {
    put_stretch(table, handle, memdev.ram_size, memdev.pmem_size, true);
  }
  out.put(table.sealed());
}

} // namespace daxemu::sysfs
