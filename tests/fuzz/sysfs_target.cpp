// Anything is written to any attribute, in any order: the model's rules hold after each write, a refused one has
// changed nothing, and every attribute can be read.
#include <array>
#include <string>

#include "emu/sysfs/schema/parse.hpp"
#include "tests/fuzz/platform_model.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace daxemu;
using fuzz::Input;
using fuzz::require;

constexpr std::array kWords = std::to_array<std::string_view>({
    "0",
    "1",
    "2",
    "-1",
    "on",
    "off",
    "auto",
    "enabled",
    "disabled",
    "online",
    "offline",
    "online_movable",
    "online_kernel",
    "add",
    "remove",
    "change",
    "4096",
    "2097152",
    "1073741824",
    "0x200000",
    "18446744073709551615",
    "18446744073709551616",
    "(null)",
    "device_dax",
    "kmem",
    "hmem",
    "dax_pmem",
    "region2",
    "namespace2.0",
    "hmem.0",
    "e820_pmem",
    "pmem",
    "ram",
    "none",
    "dax",
    "change 12345678-9abc-def0-1234-56789abcdef0 A=1",
    "12345678-9abc-def0-1234-56789abcdef0",
    "",
});

// A text to write: raw bytes, a word, a device's name, a size, a range of addresses; perhaps with a newline.
std::string value_from(Input& input, const fuzz::PlatformModel& model) {
  constexpr std::uint64_t kStep = 2ULL << 20;
  std::string value;
  const std::uint8_t kind = input.byte();
  switch (kind % 6) {
  case 0:
    value = input.text(input.byte());
    break;
  case 1:
    value = kWords[input.below(kWords.size())];
    break;
  case 2:
    value = "dax" + std::to_string(input.below(4)) + "." + std::to_string(input.below(6));
    break;
  case 3:
    value = std::to_string(input.word() % 300 * kStep);
    break;
  case 4: {
    const auto regions = model.store().regions();
    const store::RegionRecord& region = regions[input.below(regions.size())];
    const std::uint64_t start = region.phys_start + input.word() % 300 * kStep;
    char text[64];
    std::snprintf(text, sizeof(text), "%llx-%llx", static_cast<unsigned long long>(start),
                  static_cast<unsigned long long>(start + input.word() % 300 * kStep - 1));
    value = text;
    break;
  }
  default:
    value.assign(1 + input.word() % 5000, static_cast<char>(input.byte()));
    break;
  }
  if ((kind & 0x80U) != 0) {
    value += '\n';
  }
  return value;
}

void write_one(Input& input, const fuzz::PlatformModel& model) {
  const auto attributes = model.writable_attributes();
  const std::string& path = attributes[input.below(attributes.size())];
  const std::string value = value_from(input, model);
  const auto node = model.tree().lookup(path);
  require(node.has_value(), "an attribute that is listed is there");
  const std::string before = model.configuration();
  const auto stored = model.tree().store(*node, value);
  require(!stored || *stored <= value.size(), "no more is taken than was written");
  require(!stored || value.empty() || *stored > 0, "a write that succeeds takes something");
  model.check();
  // What nd_pmem finds on a namespace is ENXIO to whoever bound it, and yet somebody has it then.
  const bool is_finding = path.ends_with("/nd_pmem/bind");
  if (!stored && stored.error() != Errno{ENOSPC} && stored.error() != Errno{ENOMEM} && !is_finding) {
    require(model.configuration() == before, "a refused write changes nothing");
  }
  std::array<char, 4096> text{};
  if (const auto again = model.tree().lookup(path); again && (again->mode & 0444U) != 0) {
    const auto shown = model.tree().show(*again, std::span(text).first(1 + input.word() % text.size()));
    require(!shown || *shown <= text.size(), "an attribute is at most a page");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr int kMostWrites = 64;
  const fuzz::PlatformModel model;
  Input input(data, size);
  for (int count = 0; count < kMostWrites && !input.empty(); ++count) {
    write_one(input, model);
  }
  return 0;
}
