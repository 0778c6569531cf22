#include "runtime/cli/plan/share_wish.hpp"

#include <fmt/format.h>

#include "emu/store/location.hpp"

namespace daxemu::cli {

Outcome<ShareWish> parse_share(const std::string& text) {
  const std::size_t comma = text.find(',');
  ShareWish wish;
  wish.name = text.substr(0, comma);
  wish.must_exist = comma != std::string::npos;
  if (wish.must_exist && text.substr(comma) != ",join") {
    return refuse(EINVAL, fmt::format("--share {}: {} is not known", text, text.substr(comma + 1)),
                  fmt::format("use {}, or {},join if another platform must have begun it", wish.name, wish.name));
  }
  if (!store::is_platform_name(wish.name)) {
    return refuse(EINVAL, fmt::format("--share {} is no name", text),
                  "use up to 32 letters, digits, '-', '_' or '.', such as pool");
  }
  return wish;
}

} // namespace daxemu::cli
