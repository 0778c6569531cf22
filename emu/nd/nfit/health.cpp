#include "emu/nd/nfit/health.hpp"

#include <bit>
#include <cstring>

namespace daxemu::nd {
namespace {

static_assert(std::endian::native == std::endian::little, "payloads are of that order");

constexpr std::uint32_t kMediaTemperature = 23 * 16;
constexpr std::uint32_t kControllerTemperature = 25 * 16;
constexpr std::uint32_t kSpares = 75;
constexpr std::uint32_t kShutdowns = 42;
constexpr std::uint32_t kSpareTrip = 1;
constexpr std::uint32_t kMediaTrip = 2;

constexpr std::size_t kStatusWord = 4; // bytes of a word of status
constexpr std::size_t kSmart = 132;
constexpr std::size_t kThreshold = 12;
constexpr std::size_t kSetThreshold = 7; // and a status behind it, as below
constexpr std::size_t kInject = 15;

// The number that lies `at` bytes from the start, of so many bytes.
std::uint32_t get(std::span<const std::byte> payload, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  std::memcpy(&value, payload.data() + at, size);
  return value;
}
void put(std::span<std::byte> payload, std::size_t at, std::size_t size, std::uint32_t value) {
  std::memcpy(payload.data() + at, &value, size);
}

void show_smart(const store::NfitHealthRecord& health, std::span<std::byte> out) {
  // Health, spares, life used, both temperatures, shutdown count, alarm, shutdown state.
  constexpr std::uint32_t kValid =
      1U << 0U | 1U << 1U | 1U << 2U | 1U << 3U | 1U << 4U | 1U << 5U | 1U << 9U | 1U << 10U;
  constexpr std::uint32_t kFine = 1;
  constexpr std::uint32_t kFatal = 4;
  std::memset(out.data(), 0, kSmart);
  put(out, 4, 4, kValid);
  put(out, 12, 1, health.fatal != 0 ? kFatal : kFine);
  put(out, 13, 1, health.spares);
  put(out, 14, 1, 5); // life_used
  put(out, 15, 1, kSpareTrip | kMediaTrip);
  put(out, 16, 2, health.media_temperature);
  put(out, 18, 2, health.controller_temperature);
  put(out, 20, 4, health.shutdowns);
  put(out, 24, 1, 1);       // ait_status
  put(out, 25, 2, 40 * 16); // pmic_temperature
  put(out, 35, 1, health.dirty);
}

void show_threshold(const store::NfitHealthRecord& health, std::span<std::byte> out) {
  std::memset(out.data(), 0, kThreshold);
  put(out, 4, 2, health.alarms);
  put(out, 6, 1, health.least_spares);
  put(out, 7, 2, health.most_media_temperature);
  put(out, 9, 2, health.most_controller_temperature);
}

void set_threshold(store::NfitHealthRecord& health, std::span<std::byte> payload) {
  health.alarms = get(payload, 0, 2);
  health.least_spares = get(payload, 2, 1);
  health.most_media_temperature = get(payload, 3, 2);
  health.most_controller_temperature = get(payload, 5, 2);
  put(payload, kSetThreshold, kStatusWord, 0);
}

void inject(store::NfitHealthRecord& health, std::span<std::byte> payload) {
  constexpr std::uint32_t kMedia = 1;
  constexpr std::uint32_t kSpare = 2;
  constexpr std::uint32_t kFatal = 4;
  constexpr std::uint32_t kShutdown = 8;
  const std::uint32_t flags = get(payload, 0, 4); // the high word has none
  if ((flags & kMedia) != 0) {
    health.media_temperature = get(payload, 8, 1) != 0 ? get(payload, 9, 2) : kMediaTemperature;
  }
  if ((flags & kSpare) != 0) {
    health.spares = get(payload, 11, 1) != 0 ? get(payload, 12, 1) : kSpares;
  }
  if ((flags & kFatal) != 0) {
    health.fatal = get(payload, 13, 1) != 0 ? 1 : 0;
  }
  if ((flags & kShutdown) != 0) {
    health.dirty = get(payload, 14, 1) != 0 ? 1 : 0;
    health.shutdowns += health.dirty;
  }
  put(payload, kInject, kStatusWord, 0);
}

} // namespace

void reset_health(store::NfitHealthRecord& health) {
  // smart_def, and what nfit_test0_setup() makes of smart_threshold.
  health = {.media_temperature = kMediaTemperature,
            .controller_temperature = kControllerTemperature,
            .spares = kSpares,
            .fatal = 0,
            .dirty = 0,
            .shutdowns = kShutdowns,
            .alarms = kSpareTrip | kMediaTrip,
            .least_spares = 5,
            .most_media_temperature = 40 * 16,
            .most_controller_temperature = 30 * 16};
}

Result<void> call_health(store::NfitHealthRecord& health, std::uint32_t function, std::span<std::byte> payload) {
  const struct {
    std::uint32_t function;
    std::size_t least; // bytes of its payload
    bool exactly;
    void (*show)(const store::NfitHealthRecord&, std::span<std::byte>);
    void (*change)(store::NfitHealthRecord&, std::span<std::byte>);
  } functions[] = {{kIntelSmart, kSmart, false, show_smart, nullptr},
                   {kIntelThreshold, kThreshold, false, show_threshold, nullptr},
                   {kIntelSetThreshold, kSetThreshold + kStatusWord, false, nullptr, set_threshold},
                   {kIntelInject, kInject + kStatusWord, true, nullptr, inject}};
  for (const auto& known : functions) {
    if (known.function != function) {
      continue;
    }
    if (payload.size() < known.least || (known.exactly && payload.size() != known.least)) {
      return fail(EINVAL);
    }
    if (known.show != nullptr) {
      known.show(health, payload);
    } else {
      known.change(health, payload);
    }
    return {};
  }
  return fail(ENOTTY);
}

} // namespace daxemu::nd
