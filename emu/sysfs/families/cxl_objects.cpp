#include "emu/sysfs/families/cxl_objects.hpp"

#include <algorithm>
#include <optional>

#include "emu/cxl/enumeration/acpi.hpp"
#include "emu/sysfs/families/cxl_things.hpp"

namespace daxemu::sysfs {
namespace {

using cxl::CxlDecoderRecord;
using cxl::CxlDportRecord;
using cxl::CxlMemdevRecord;
using cxl::CxlMode;
using cxl::CxlPciKind;
using cxl::CxlPciRecord;
using cxl::CxlPortKind;
using cxl::CxlPortRecord;
using cxl::CxlRegionRecord;

bool is_there(const CxlPciRecord& pci) {
  return pci.kind != CxlPciKind::none && pci.removed == 0;
}
bool is_there(const CxlPortRecord& port) {
  return port.kind != CxlPortKind::none;
}
bool is_there(const CxlDecoderRecord& decoder) {
  return decoder.port != 0;
}
bool is_there(const CxlMemdevRecord& memdev) {
  return memdev.used != 0;
}
bool is_there(const CxlRegionRecord& region) {
  return region.used != 0;
}

// What a wanted name says of numbers: "decoder5.0" 5 and 0, "mem3" 3. Whoever has others is not called that.
struct Wanted {
  explicit Wanted(std::string_view name) {
    any = name.empty();
    last = take_number(name);
    if (name.ends_with('.')) {
      name.remove_suffix(1);
      before = take_number(name);
    }
  }
  // The number at the end of `text`, which it loses.
  static std::optional<std::uint32_t> take_number(std::string_view& text) {
    const std::size_t begin = text.find_last_not_of("0123456789") + 1; // npos + 1 is 0
    const std::string_view digits = text.substr(begin);
    if (digits.empty() || digits.size() > 9) {
      return {};
    }
    text.remove_suffix(digits.size());
    std::uint32_t number = 0;
    for (const char digit : digits) {
      number = number * 10 + static_cast<std::uint32_t>(digit - '0');
    }
    return number;
  }
  bool any = true;
  std::optional<std::uint32_t> last;
  std::optional<std::uint32_t> before;
};
bool may_be(const Scope& scope, const Wanted& wanted, const CxlDecoderRecord& decoder) {
  return decoder.id == wanted.last && cxl::port_of(*scope.store, decoder).id == wanted.before;
}
bool may_be(const Scope& /*scope*/, const Wanted& wanted, const CxlMemdevRecord& memdev) {
  return memdev.id == wanted.last; // its minor too
}
bool may_be(const Scope& /*scope*/, const Wanted& wanted, const CxlPortRecord& port) {
  return port.id == wanted.last;
}
bool may_be(const Scope& /*scope*/, const Wanted& wanted, const CxlRegionRecord& region) {
  return region.id == wanted.last;
}
bool may_be(const Scope& scope, const Wanted& wanted, const CxlPciRecord& pci) {
  // "0000:0d:00.0"; "pci0000:0c" is no decimal, and the mock's devices are numbered otherwise (cxl_mem.4).
  return pci.kind == CxlPciKind::host_bridge || scope.store->cxl().state.mock != 0 || pci.function == wanted.last;
}

// Regions go and come while somebody has their attributes open. Of one within another the younger counts.
std::uint64_t born_of(const CxlRegionRecord& region) {
  return region.born;
}
std::uint64_t born_of(const auto& /*other*/) {
  return 0;
}

// Those of a table that are there and match, with what `name` calls them.
template <class Record, class Matches>
void each_of(const Scope& scope, std::span<Record> table, void (*name)(const Scope&, Text&), Members members,
             Matches&& matches) {
  const Wanted wanted(scope.wanted);
  for (std::size_t at = 0; at < table.size(); ++at) {
    if (!is_there(table[at]) || (!wanted.any && !may_be(scope, wanted, table[at])) || !matches(table[at])) {
      continue;
    }
    Scope narrowed = cxl_scope(scope, static_cast<std::uint32_t>(at + 1));
    narrowed.born = std::max(scope.born, born_of(table[at]));
    NameText text;
    name(narrowed, text);
    if (!members(text.view(), narrowed)) {
      return;
    }
  }
}
constexpr auto kAny = [](const auto&) { return true; };

// The decoders of the scope's port, if that is of this kind.
template <class Matches>
void decoders_of(const Scope& port, Members members, Matches&& matches) {
  if (matches(port_in(port).kind)) {
    each_of(port, cxl::decoders(*port.store), decoder_name, members,
            [&](const CxlDecoderRecord& decoder) { return decoder.port == port.cxl; });
  }
}

CxlPaths paths(const Scope& scope) {
  return CxlPaths(scope.store->cxl().state);
}

} // namespace

bool has_cxl(const Scope& scope) {
  return cxl::is_present(*scope.store);
}
bool has_cxl_machine(const Scope& scope) {
  return has_cxl(scope) && !has_cxl_mock(scope);
}
bool has_cxl_mock(const Scope& scope) {
  return has_cxl(scope) && scope.store->cxl().state.mock != 0;
}

CxlPciRecord& pci_in(const Scope& scope) {
  return *cxl::pci_at(*scope.store, scope.cxl);
}
CxlPortRecord& port_in(const Scope& scope) {
  return *cxl::port_at(*scope.store, scope.cxl);
}
CxlDecoderRecord& decoder_in(const Scope& scope) {
  return *cxl::decoder_at(*scope.store, scope.cxl);
}
CxlMemdevRecord& memdev_in(const Scope& scope) {
  return *cxl::memdev_at(*scope.store, scope.cxl);
}
CxlRegionRecord& cxl_region_in(const Scope& scope) {
  return *cxl::region_at(*scope.store, scope.cxl);
}
Scope cxl_scope(const Scope& scope, std::uint32_t reference) {
  Scope narrowed = scope;
  narrowed.cxl = reference;
  return narrowed;
}

void each_pci_function(const Scope& scope, Members members) {
  each_of(scope, cxl::pci_functions(*scope.store), pci_name, members,
          [](const CxlPciRecord& pci) { return pci.kind != CxlPciKind::host_bridge; });
}
void each_host_bridge(const Scope& scope, Members members) {
  each_of(scope, cxl::pci_functions(*scope.store), pci_name, members,
          [](const CxlPciRecord& pci) { return pci.kind == CxlPciKind::host_bridge; });
}
void each_cxl_acpi(const Scope& scope, Members members) {
  if (has_cxl(scope)) {
    members(cxl::acpi_name(scope.store->cxl().state), scope);
  }
}
void each_port(const Scope& scope, Members members) {
  each_of(scope, cxl::ports(*scope.store), port_name, members, kAny);
}
void each_decoder(const Scope& scope, Members members) {
  each_of(scope, cxl::decoders(*scope.store), decoder_name, members, kAny);
}
void each_memdev(const Scope& scope, Members members) {
  each_of(scope, cxl::memdevs(*scope.store), memdev_name, members, kAny);
}
void each_memdev_number(const Scope& scope, Members members) {
  each_of(scope, cxl::memdevs(*scope.store), memdev_number, members, kAny);
}
void each_nvdimm(const Scope& scope, Members members) {
  each_of(scope, cxl::memdevs(*scope.store), nvdimm_name, members,
          [](const CxlMemdevRecord& memdev) { return memdev.has_nvdimm != 0; });
}
void each_cxl_region(const Scope& scope, Members members) {
  each_of(scope, cxl::regions(*scope.store), cxl_region_name, members, kAny);
}
void each_derived(const Scope& scope, Members members) {
  each_of(scope, cxl::regions(*scope.store), derived_name, members,
          [](const CxlRegionRecord& region) { return region.derived != 0; });
}

void each_child_function(const Scope& function, Members members) {
  each_of(function, cxl::pci_functions(*function.store), pci_name, members,
          [&](const CxlPciRecord& pci) { return pci.parent == function.cxl; });
}
void each_memdev_of_function(const Scope& function, Members members) {
  each_of(function, cxl::memdevs(*function.store), memdev_name, members,
          [&](const CxlMemdevRecord& memdev) { return memdev.pci == function.cxl; });
}
void each_nvdimm_of_memdev(const Scope& memdev, Members members) {
  if (memdev_in(memdev).has_nvdimm != 0) {
    NameText name;
    nvdimm_name(memdev, name);
    members(name.view(), memdev);
  }
}
void each_root(const Scope& scope, Members members) {
  each_of(scope, cxl::ports(*scope.store), port_name, members,
          [](const CxlPortRecord& port) { return port.kind == CxlPortKind::root; });
}
void each_child_port(const Scope& port, Members members) {
  each_of(port, cxl::ports(*port.store), port_name, members,
          [&](const CxlPortRecord& other) { return other.parent == port.cxl; });
}
void each_dport(const Scope& port, Members members) {
  for (const CxlDportRecord& dport : cxl::dports(*port.store)) {
    if (dport.port != port.cxl) {
      continue;
    }
    NameText name;
    name.put("dport").number(dport.port_id);
    if (!members(name.view(), cxl_scope(port, dport.pci))) {
      return;
    }
  }
}
void each_region_of_decoder(const Scope& root_decoder, Members members) {
  each_of(root_decoder, cxl::regions(*root_decoder.store), cxl_region_name, members,
          [&](const CxlRegionRecord& region) { return region.root_decoder == root_decoder.cxl; });
}
void each_root_decoder(const Scope& port, Members members) {
  decoders_of(port, members, [](CxlPortKind kind) { return kind == CxlPortKind::root; });
}
void each_switch_decoder(const Scope& port, Members members) {
  decoders_of(port, members,
              [](CxlPortKind kind) { return kind == CxlPortKind::host_bridge || kind == CxlPortKind::switch_port; });
}
void each_endpoint_decoder(const Scope& port, Members members) {
  decoders_of(port, members, [](CxlPortKind kind) { return kind == CxlPortKind::endpoint; });
}
void each_dax_region_of(const Scope& region, Members members) {
  if (cxl_region_in(region).derived != 0 && cxl_region_in(region).mode == CxlMode::ram) {
    NameText name;
    derived_name(region, name);
    members(name.view(), region);
  }
}
void each_pmem_region_of(const Scope& region, Members members) {
  if (cxl_region_in(region).derived != 0 && cxl_region_in(region).mode == CxlMode::pmem) {
    NameText name;
    derived_name(region, name);
    members(name.view(), region);
  }
}
bool has_bridge(const Scope& scope) {
  return is_cxl_there(scope.store->cxl().state, CxlKind::bridge, 1);
}

void pci_name(const Scope& function, Text& out) {
  paths(function).function_name(function.cxl, out);
}
void pci_path(const Scope& function, Text& out) {
  paths(function).function_path(function.cxl, out);
}
void acpi_path(const Scope& scope, Text& out) {
  paths(scope).acpi_path(out);
}
void port_name(const Scope& port, Text& out) {
  paths(port).port_name(port.cxl, out);
}
void port_path(const Scope& port, Text& out) {
  paths(port).port_path(port.cxl, out);
}
void decoder_name(const Scope& decoder, Text& out) {
  paths(decoder).decoder_name(decoder.cxl, out);
}
void decoder_path(const Scope& decoder, Text& out) {
  paths(decoder).decoder_path(decoder.cxl, out);
}
void memdev_name(const Scope& memdev, Text& out) {
  paths(memdev).memdev_name(memdev.cxl, out);
}
void memdev_path(const Scope& memdev, Text& out) {
  paths(memdev).memdev_path(memdev.cxl, out);
}
void memdev_number(const Scope& memdev, Text& out) {
  out.number(memdev.store->cxl().major).put(":").number(memdev_in(memdev).minor);
}
void nvdimm_name(const Scope& memdev, Text& out) {
  paths(memdev).nvdimm_name(memdev.cxl, out);
}
void nvdimm_path(const Scope& memdev, Text& out) {
  paths(memdev).nvdimm_path(memdev.cxl, out);
}
void cxl_region_name(const Scope& region, Text& out) {
  paths(region).region_name(region.cxl, out);
}
void cxl_region_path(const Scope& region, Text& out) {
  paths(region).region_path(region.cxl, out);
}
void derived_name(const Scope& region, Text& out) {
  paths(region).derived_name(region.cxl, out);
}
void derived_path(const Scope& region, Text& out) {
  paths(region).derived_path(region.cxl, out);
}
void bridge_path(const Scope& scope, Text& out) {
  paths(scope).bridge_path(out);
}

} // namespace daxemu::sysfs
