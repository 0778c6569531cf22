// What the programs of a platform have left mounted in this mount namespace: binds of its nodes, and mounts on them. A
// real device would still be there, and they with it; a platform's end is theirs too.
#pragma once

#include "emu/store/store.hpp"

namespace daxemu::cli {

// Those of other mount namespaces end with these, and are empty files until then.
void remove_left_mounts(const store::Store& store);

} // namespace daxemu::cli
