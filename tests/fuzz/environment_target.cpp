// What the environment says, parsed: nothing is followed beyond its own length, nothing but what is well-formed taken.
#include <cstdlib>
#include <string>

#include "emu/base/text/size_text.hpp"
#include "emu/store/location.hpp"
#include "emu/store/store.hpp"
#include "runtime/cli/stage/preload_path.hpp"
#include "runtime/kernel/mode.hpp"
#include "tests/fuzz/target.hpp"

using namespace daxemu;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string value = std::string(reinterpret_cast<const char*>(data), size).c_str(); // to its first zero
  const std::string& text = value;
  ::setenv("DAXEMU_HOME", value.c_str(), 1);
  const auto directory = store::platforms_directory();
  require(!directory || directory->view().size() < store::Location::kCapacity, "a directory fits its place");
  if (!value.empty()) {
    require(!directory || directory->view() == value, "DAXEMU_HOME is taken as it is");
  }
  ::setenv("DAXEMU_HOME", "/dev/shm/daxemu-fuzz-none", 1);
  const auto location = store::store_location(text);
  const bool is_path = text.find('/') != std::string::npos;
  if (location && is_path) {
    require(location->view() == value, "a path is taken as it is");
  }
  if (location && !is_path) {
    require(store::is_platform_name(text), "only a name is taken as one");
    require(location->view() == "/dev/shm/daxemu-fuzz-none/" + text + "/store",
            "a name leads into the folder of platforms");
  }
  (void)store::check_location(text);
  if (location && !is_path) {
    require(!store::Store::open(location->c_str()), "there is no store where none was made");
  }
  (void)kernel::parse_mode(value);
  (void)parse_size(value);
  const std::string preload = cli::preload_value("/lib/ours.so", value.c_str());
  require(preload.starts_with("/lib/ours.so"), "our library is the first of LD_PRELOAD");
  return 0;
}
