// What a client's command says: daxctl, ndctl.
#pragma once

#include <string>

namespace sequences {

// Runs it by a shell; everything it prints, in one line without indentation, and its status. Lines that libdaxctl and
// libndctl write for themselves are left out: they name the functions of one version.
std::string output_of(const std::string& command);

} // namespace sequences
