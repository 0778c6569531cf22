// Manual pages (man(7) macros) made from the command line's own words.
#pragma once

#include <string>
#include <vector>

#include "runtime/cli/pages/verb_text.hpp"

namespace daxemu::cli {

// daxemu-VERB.1
[[nodiscard]] std::string man_page_of(const VerbText& verb, const std::vector<VerbText>& all);
// daxemu.1
[[nodiscard]] std::string man_page_of_all(const std::vector<VerbText>& all);
// `text` as roff sets it: no line of it is a request, no hyphen is broken at, no backslash escapes.
[[nodiscard]] std::string roff(std::string_view text);

} // namespace daxemu::cli
