// Words of the descriptors family as numbers.
#pragma once

#include <string>

namespace sequences {

int open_flags_of(const std::string& word);  // "rw,cloexec"
int set_flags_of(const std::string& word);   // F_SETFL's: the same words
short whence_of(const std::string& word);    // "set", "cur", "end"
short lock_kind_of(const std::string& word); // "rd", "wr", "un"
int flock_of(const std::string& word);       // "sh", "ex", "un"; never waits

} // namespace sequences
