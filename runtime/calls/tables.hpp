// The rows as constants, for tests and tools. What is preloaded takes from them what it needs by a macro of its own:
// nothing of a row but code gets into the library.
#pragma once

#include "runtime/calls/call.hpp"

namespace daxemu::calls {

inline constexpr std::string_view kOnlyBuffer =
    "its memory, where that is an untouched extent of a device, is EFAULT with engine `inline`";

inline constexpr Call kCalls[] = {
#define DAXEMU_CALL(name, number, names, answer, entries, by) {#name, number, names, Answer::answer, entries, by},
#define DAXEMU_ENTRY(name, names, answer, entries, by) {#name, kNoNumber, names, Answer::answer, entries, by},
#define DAXEMU_BUFFER(name, number, entries) {#name, number, buffer, Answer::gap, entries, kOnlyBuffer},
#define DAXEMU_PLAIN(name, number, entries) {#name, number, nothing, Answer::harmless, entries, "names none of these"},
#include "runtime/calls/every_call.def"
};

inline constexpr Operation kOperations[] = {
#define DAXEMU_OPERATION(name, opcode, names, answer, how, call, by) {#name, opcode, names, Answer::answer, call, by},
#include "runtime/calls/every_call.def"
};

inline constexpr Inside kInside[] = {
#define DAXEMU_INSIDE(reason, names) {reason, names},
#include "runtime/calls/inside.def"
#undef DAXEMU_INSIDE
};

inline constexpr Family kFamilies[] = {
#define DAXEMU_FAMILY(reason, patterns) {reason, patterns},
#include "runtime/calls/families.def"
#undef DAXEMU_FAMILY
};

} // namespace daxemu::calls
