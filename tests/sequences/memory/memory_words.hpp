// The words that calls of the memory family take, and what they stand for.
#pragma once

#include <string>

namespace sequences {

// "r", "w", "x" in any mixture, "-" for none.
int prot_of(const std::string& word);
std::string prot_text(int prot);
// "shared,fixed": MAP_*; a number for what has no word.
int map_flags_of(const std::string& word);
int advice_of(const std::string& word);
int remap_flags_of(const std::string& word);
int sync_flags_of(const std::string& word);

} // namespace sequences
