#include "emu/trace/why.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "emu/trace/site.hpp"

namespace daxemu::trace {
namespace {

Event refusal_event(const Why& why) {
  return Event{.offset = why.c,
               .length = why.b,
               .address = why.a,
               .minor = why.minor,
               .kind = Kind::refusal,
               .reason = static_cast<std::uint16_t>(why.reason)};
}

// "touch of 0x7f..."
FixedString<48> touch_text(std::uint64_t address) {
  constexpr std::string_view kBefore = "touch of 0x";
  std::array<char, 48> text{};
  std::copy(kBefore.begin(), kBefore.end(), text.begin());
  const auto [end, error] = std::to_chars(text.data() + kBefore.size(), text.data() + text.size(), address, 16);
  return FixedString<48>({text.data(), static_cast<std::size_t>(end - text.data())});
}

} // namespace

Why take_why(int error) {
  const detail::Pending noted = std::exchange(detail::pending, {});
  return noted.error == error ? noted.why : Why{};
}

namespace detail {

void tell_refusal(const Ring& to, int error, const char* call) {
  const Why why = take_why(error);
  if (why.reason == Reason::none) { // the kernel's own word, or one that we have no more to say about
    return;
  }
  Event event = refusal_event(why);
  event.value = error;
  event.site = trace::call_site();
  const char* name = call != nullptr ? call : trace::call_name();
  event.text = FixedString<48>(name == nullptr ? std::string_view() : std::string_view(name));
  write(to, event);
}

} // namespace detail

void tell_sigbus(const Why& why, std::uint64_t address, std::uint64_t code) {
  const Ring* to = refusals();
  if (to == nullptr) {
    return;
  }
  Event event = refusal_event(why);
  event.value = 0; // a signal, no errno
  event.site = site(code);
  event.text = touch_text(address);
  detail::write(*to, event);
}

} // namespace daxemu::trace
