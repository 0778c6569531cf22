#include "runtime/cli/plan/memory_type.hpp"

#include <fmt/format.h>

#include "emu/base/text/size_text.hpp"
#include "emu/base/units.hpp"

namespace daxemu::cli {

Outcome<pgmap::Behaviours> memory_type(const std::string& name, std::uint64_t align, const Profile& kernel) {
  auto set = pgmap::preset(name, kernel);
  if (!set) {
    return set;
  }
  if (!set->has(pgmap::Behaviour::compound) && align > kPageSize) {
    return refuse(EINVAL, fmt::format("memory of type {} has no extents of {}", name, size_text(align)),
                  "use --align 4K with it");
  }
  const pgmap::SetContext context{.order = log2_of(align) - static_cast<unsigned>(kPageShift),
                                  .has_folio_free = false,
                                  .has_migrate_to_ram = false,
                                  .has_owner = true};
  if (auto fine = pgmap::check_set(*set, context); !fine) {
    return refuse(EINVAL, fmt::format("memory of type {} needs a driver's operations: {}", name, fine.error().what),
                  "use GENERIC, a kernel's (such as GENERIC_6_1) or FS_DAX here, and the API for the others");
  }
  return set;
}

const char* memory_type_name(pgmap::Behaviours set) {
  for (const pgmap::MemoryType& type : pgmap::memory_types()) {
    if (type.set == set) {
      return type.name;
    }
  }
  return "custom";
}

} // namespace daxemu::cli
