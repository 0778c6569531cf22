// host_life CASE: exits with 0 if the case holds.
#include "tests/faults/host_life.hpp"

namespace host_life {
namespace {

void add_plain_cases(Cases& cases) {
  cases["touch"] = [] {
    volatile char* at = map_device();
    for (std::size_t extent = 0; extent < kDevice / kExtent; ++extent) {
      touch(at, extent);
    }
  };
  cases["kernel_touch"] = [] {
    volatile char* at = map_device();
    const int zero = ::open("/dev/zero", O_RDONLY);
    REQUIRE(::read(zero, const_cast<char*>(at) + kExtent, 4096) == 4096);
    REQUIRE(::read(zero, const_cast<char*>(at) + kDevice, 4096) == -1); // beyond the end: EFAULT
  };
}

} // namespace
} // namespace host_life

int main(int argc, char** argv) {
  host_life::Cases cases;
  host_life::add_plain_cases(cases);
  host_life::add_signal_cases(cases);
  host_life::add_process_cases(cases);
  const auto found = cases.find(argc > 1 ? argv[1] : "");
  if (found == cases.end()) {
    for (const auto& [name, body] : cases) {
      std::puts(name.c_str());
    }
    return 2;
  }
  found->second();
  return 0;
}
