// What namespaces with and without labels have in common.
#pragma once

#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

Result<void> show_force_raw(const Scope& scope, Text& out);
Result<void> store_force_raw(const Scope& scope, std::string_view text);
Result<void> show_namespace_holder(const Scope& scope, Text& out);
Result<void> show_holder_class(const Scope& scope, Text& out);
Result<void> store_holder_class(const Scope& scope, std::string_view text);
Result<void> show_namespace_mode(const Scope& scope, Text& out);

// As the kernel's %pUb.
void put_nd_uuid(const store::Uuid& uuid, Text& out);

} // namespace daxemu::sysfs
