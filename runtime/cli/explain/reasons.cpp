#include "runtime/cli/explain/reasons.hpp"

namespace daxemu::cli {
namespace {

constexpr ReasonText kTexts[] = {
#define DAXEMU_REASON(name, call, from, words, what, remedy, row) {#name, call, from, words, what, remedy, row},
#include "emu/trace/reasons.def"
#undef DAXEMU_REASON
};

} // namespace

std::span<const ReasonText> reason_texts() {
  return kTexts;
}

const ReasonText* text_of(std::uint16_t reason) {
  return reason == 0 || reason > std::size(kTexts) ? nullptr : &kTexts[reason - 1];
}

} // namespace daxemu::cli
