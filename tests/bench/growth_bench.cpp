// How it grows: see growth/growth.hpp.
//   daxemu-bench-growth [--pairs N] [--out FILE] [--only TEXT]
#include <cstdlib>
#include <string_view>

#include "tests/bench/growth/growth.hpp"

int main(int argc, char** argv) {
  daxemu::bench::Pairs pairs(argc, argv);
  if (argc == 4 && std::string_view(argv[3]) == "--twin") {
    return daxemu::bench::be_device_twin(std::strtoul(argv[2], nullptr, 10));
  }
  daxemu::bench::add_processes(pairs); // these fork: before there is any thread
  daxemu::bench::add_mappings(pairs);
  daxemu::bench::add_sizes(pairs);
  daxemu::bench::add_devices(pairs);
  return pairs.run();
}
