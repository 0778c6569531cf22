// Sudden death, again and again: what the driver and the processes it kills share.
//
// Writers give each extent of dax0.0 versions, in two halves by turns: the half's data, then its header, then the note
// in `Shared` that the version is committed. A committed version must be there whatever was killed since.
#pragma once

#include <array>
#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

#include "emu/base/units.hpp"

namespace daxemu::torture {

inline constexpr std::uint64_t kExtent = kPmdSize;
inline constexpr std::uint64_t kExtents = 12;        // of dax0.0, which the writers have
inline constexpr std::uint64_t kFree = 128ULL << 20; // bytes of the region for the bus workers' devices
inline constexpr unsigned kWorkers = 6;
inline constexpr unsigned kWriters = 2;             // workers 0 and 1
inline constexpr std::uint64_t kPinnedExtents = 16; // of the pinner's device

// What a worker does with the device.
enum class Role { writer, pinner, bus, syncer };
inline constexpr std::array<Role, kWorkers> kRoles = {Role::writer, Role::writer, Role::pinner,
                                                      Role::bus,    Role::bus,    Role::syncer};

struct Shared {
  std::array<std::atomic<std::uint32_t>, kWorkers> ready{}; // 1: at work
  std::array<std::atomic<std::uint64_t>, kWorkers> done{};  // pieces of work, over all its lives
  std::array<std::atomic<std::uint64_t>, kExtents> committed{};
  char why[512] = {}; // what a worker or a check found wrong
};

// Ends the process with status 3 and the reason where the driver finds it.
[[noreturn, gnu::format(printf, 2, 3)]] inline void wrong(Shared& shared, const char* format, ...) {
  std::va_list list;
  va_start(list, format);
  (void)std::vsnprintf(shared.why, sizeof shared.why, format, list);
  va_end(list);
  std::_Exit(3);
}

// Versions in an extent's halves.
std::uint64_t newest_version(std::span<std::byte> extent); // 0: no whole one
bool has_version(std::span<std::byte> extent, std::uint64_t version);
void write_version(std::span<std::byte> extent, std::uint64_t version);

// Worker bodies: until killed. Writers and bus workers live under the preload library, in a program of their own.
[[noreturn]] void write_until_killed(Shared& shared, unsigned worker, unsigned seed);
[[noreturn]] void change_bus_until_killed(Shared& shared, unsigned worker, unsigned seed);
// Maps dax0.0 under the preload library and looks for every committed version: 0 lost. Exits with 0 or by wrong().
[[noreturn]] void verify(Shared& shared);

} // namespace daxemu::torture
