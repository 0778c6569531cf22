// A uevent that somebody asked for by a write to an object's `uevent` (kobject_synth_uevent in lib/kobject_uevent.c).
#pragma once

#include "emu/sysfs/tree/resolve.hpp"

namespace daxemu::sysfs {

// `path` is that of the attribute, `found` what it is, `text` what was written and accepted.
void announce_asked(const store::Store& store, std::string_view path, const Found& found, std::string_view text);

} // namespace daxemu::sysfs
