#include "emu/sysfs/tree/noted_write.hpp"

#include <algorithm>
#include <array>

#include "emu/trace/acting_for.hpp"
#include "emu/trace/site.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::sysfs {
namespace {

// "dax0.1/size=4194304": what a trace says of a write, the last two words of the path and the first line written.
FixedString<48> write_text(std::string_view path, std::string_view text) {
  std::array<char, 48> said{};
  std::size_t used = 0;
  const auto put = [&](std::string_view part) {
    part = part.substr(0, said.size() - used);
    std::copy(part.begin(), part.end(), said.begin() + static_cast<std::ptrdiff_t>(used));
    used += part.size();
  };
  const std::size_t last = path.rfind('/');
  put(path.substr(last == 0 || last == path.npos ? 0 : path.rfind('/', last - 1) + 1));
  put("=");
  put(text.substr(0, text.find('\n')));
  return FixedString<48>(std::string_view(said.data(), used));
}

} // namespace

void note_write(std::uint64_t since, std::string_view path, std::string_view text, const Result<void>& stored) {
  const int error = stored ? 0 : stored.error().value;
  const trace::Ring* to =
      error != 0 ? trace::refusals() : trace::ring(); // what was taken is of no interest to the former
  if (to == nullptr) [[likely]] {
    trace::forget_why();
    return;
  }
  const trace::Why why = trace::take_why(error);
  const trace::Event event{.begin_ns = since,
                           .duration_ns = since == 0 ? 0 : trace::now_ns() - since,
                           .offset = why.c,
                           .length = why.b,
                           .address = why.a,
                           .value = error,
                           .site = error != 0 ? trace::call_site() : 0,
                           .minor = why.minor,
                           .kind = trace::Kind::sysfs_write,
                           .reason = static_cast<std::uint16_t>(why.reason),
                           .text = write_text(path, text)};
  if (error != 0) {
    trace::write_for_program(*to, event);
  } else {
    trace::detail::write(*to, event);
  }
}

} // namespace daxemu::sysfs
