#include "runtime/cli/trace/recording.hpp"

#include <chrono>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/trace/site.hpp"
#include "emu/trace/trace.hpp"

namespace daxemu::cli {
namespace {

constexpr std::uint64_t kMostEvents = 1ULL << 24;

} // namespace

void add_recording_flags(CLI::App& verb, RecordingFlags& flags) {
  verb.add_option("--events", flags.events, "Newest events to keep (default 262144, 128 bytes each)")
      ->type_name("COUNT");
  verb.add_flag("--symbols", flags.symbols, "Say which function and line each touch and mapping came from");
}

Outcome<void> check_recording(const RecordingFlags& flags) {
  if (flags.events == 0 || flags.events > kMostEvents) {
    return refuse(EINVAL, fmt::format("--events {} is out of range", flags.events),
                  fmt::format("give 1 to {}", kMostEvents));
  }
  return {};
}

tl::expected<Recording, Refusal> record(const Stage& stage, const RecordingFlags& flags,
                                        const std::vector<std::string>& command) {
  if (stage.store() == nullptr) {
    return tl::unexpected<Refusal>(
        Refusal{{ENOTSUP, "the machine's own device-dax cannot be traced", "use --mode emulate"}, kExitRefused});
  }
  const auto fd = sys::memfd_create("daxemu-trace", MFD_CLOEXEC);
  const UniqueFd owner(fd.value_or(-1));
  const auto ring = fd ? trace::Ring::create(*fd, flags.events) : tl::unexpected(fd.error());
  if (!ring) {
    return tl::unexpected<Refusal>(
        Refusal{{ring.error().value, "there is no memory for the events", "give fewer --events"}, kExitRefused});
  }
  std::vector<std::pair<std::string, std::string>> environment = {
      {trace::kVariable, fmt::format("/proc/{}/fd/{}", ::getpid(), owner.get())}};
  if (flags.symbols) {
    environment.emplace_back(trace::kSitesVariable, "1");
  }
  const auto start = std::chrono::steady_clock::now();
  const auto end = stage.play(environment);
  const std::chrono::duration<double, std::micro> length = std::chrono::steady_clock::now() - start;
  if (!end) {
    return tl::unexpected(end.error());
  }
  return Recording{ring->read(), {command, traced_devices(*stage.store()), length.count()}, *end};
}

void tell_losses(const trace::Ring::Contents& contents) {
  if (contents.overwritten + contents.lost > 0) {
    note(fmt::format("{} older events were overwritten, {} lost; --events keeps more", contents.overwritten,
                     contents.lost));
  }
}

} // namespace daxemu::cli
