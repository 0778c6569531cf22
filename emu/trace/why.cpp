#include "emu/trace/why.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include <fcntl.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/trace/acting_for.hpp"
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

FixedString<48> name_of(pid_t program) {
  constexpr std::string_view kBefore = "/proc/";
  std::array<char, 40> path{};
  std::copy(kBefore.begin(), kBefore.end(), path.begin());
  const auto [end, error] = std::to_chars(path.data() + kBefore.size(), path.data() + path.size() - 8, program);
  std::memcpy(end, "/comm", 6);
  std::array<char, 48> text{};
  if (const auto raw = sys::open(path.data(), O_RDONLY | O_CLOEXEC)) {
    const UniqueFd fd(*raw);
    const std::size_t got = sys::pread(fd.get(), text.data(), text.size() - 1, 0).value_or(0);
    text[got > 0 ? got - 1 : 0] = '\0'; // the line's end
  }
  return FixedString<48>(text.data());
}

} // namespace

Why take_why(int error) {
  const detail::Pending noted = std::exchange(detail::pending, {});
  return noted.error == error ? detail::why_of(noted) : Why{};
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
  write_for_program(to, event);
}

} // namespace detail

void write_for_program(const Ring& to, Event event) {
  event.site -= event.site != 0 ? 1 : 0; // from where the call returns to into the call, whose line is asked for
  if (detail::acting_for != 0) {
    event.pid = detail::acting_for;
    event.site = 0; // of this process: the program's is not known
    detail::write(to, Event{.pid = event.pid, .kind = Kind::process, .text = name_of(event.pid)});
  }
  detail::write(to, event);
}

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
