// Who made a DIMM of the firmware's table, and its serial number (struct acpi_nfit_control_region), as id_show() in
// drivers/acpi/nfit/core.c writes them: "cdab-0a-07e0-ffffffff", or "8680-56341200" where the table says neither where
// nor when it was made.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace daxemu::nd {

// Words as their bytes lie in the table.
struct DimmIdentity {
  std::uint16_t vendor = 0;
  std::uint16_t date_made = 0; // 0: not told, nor the place
  std::uint8_t place_made = 0;
  std::uint32_t serial = 0;
};
// Nothing: the text is none.
[[nodiscard]] std::optional<DimmIdentity> parse_dimm_identity(std::string_view text);

} // namespace daxemu::nd
