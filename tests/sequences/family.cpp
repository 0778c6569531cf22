#include "tests/sequences/family.hpp"

#include "tests/sequences/buses/bus.hpp"
#include "tests/sequences/buses/cxl.hpp"
#include "tests/sequences/buses/nd.hpp"
#include "tests/sequences/descriptors/descriptors.hpp"
#include "tests/sequences/memory/memory.hpp"
#include "tests/sequences/processes/failure.hpp"
#include "tests/sequences/processes/pins.hpp"
#include "tests/sequences/processes/processes.hpp"
#include "tests/sequences/reach/reach.hpp"

namespace sequences {

const std::vector<Family>& families() {
  static const std::vector<Family> all = {
      {"memory", memory::add_call, memory::add_state, memory::play},
      {"descriptors", descriptors::add_call, descriptors::add_state, descriptors::play},
      {"bus", bus::add_call, bus::add_state, bus::play},
      {"nd", nd::add_call, nd::add_state, nd::play},
      {"cxl", cxl::add_call, cxl::add_state, cxl::play},
      {"processes", processes::add_call, processes::add_state, processes::play},
      {"failure", failure::add_call, failure::add_state, failure::play},
      {"pins", pins::add_call, pins::add_state, pins::play},
      {"reach", reach::add_call, reach::add_state, reach::play},
  };
  return all;
}

std::string outcome_of(Stage& stage, const Call& call) {
  for (const Family& family : families()) {
    if (auto outcome = family.play(stage, call)) {
      return *outcome;
    }
  }
  return "no such call";
}

} // namespace sequences
