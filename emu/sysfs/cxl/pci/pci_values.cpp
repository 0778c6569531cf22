#include "emu/sysfs/cxl/pci/pci_values.hpp"

#include <array>

#include <unistd.h>

#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/families/pci_identity.hpp"

namespace daxemu::sysfs {
namespace {

using cxl::CxlPciKind;

PciIdentity identity_in(const Scope& function) {
  return identity_of(pci_in(function).kind);
}
Result<void> put_hex(std::uint32_t value, std::size_t width, Text& out) {
  out.put("0x").digits(value, 16, width).put("\n");
  return {};
}

bool is_memdev(const Scope& function) {
  return pci_in(function).kind == CxlPciKind::memory_device;
}

// Windows of registers, as QEMU's firmware lays them out: 2M for what is below a port, 64K for a port itself.
constexpr std::uint64_t kBelowPorts = 0xfe80'0000;
constexpr std::uint64_t kPorts = 0xc0'0000'0000;
constexpr std::uint64_t kPrefetchable = 0xc0'8000'0000;
constexpr std::uint64_t kBelowPort = 0x20'0000;
constexpr std::uint64_t kPrefetchableBelowPort = 0x2000'0000;
constexpr std::uint64_t kRegisters = 0x1'0000;
constexpr std::uint64_t kPage = 0x1000;
constexpr std::uint64_t kMemory64 = 0x140204;    // IORESOURCE_MEM, 64 bits, start is aligned to its size
constexpr std::uint64_t kMemory32 = 0x40204 - 4; // likewise, 32 bits
constexpr std::uint64_t kWindow32 = 0x200;
constexpr std::uint64_t kWindow64 = 0x102201;

struct Range {
  std::uint64_t start = 0;
  std::uint64_t size = 0;
  std::uint64_t flags = 0;
};
// By number: six BARs and a ROM, six of SR-IOV, and of a bridge its four windows.
constexpr std::size_t kOfDevice = 13;
constexpr std::size_t kOfBridge = 17;
using Ranges = std::array<Range, kOfBridge>;

Ranges ranges_of(const Scope& function) {
  Ranges ranges{};
  const store::CxlPciRecord& pci = pci_in(function);
  if (is_memdev(function)) {
    const std::uint64_t ordinal = pci_in(cxl_scope(function, pci.parent)).slot;
    const std::uint64_t window = kBelowPorts - ordinal * kBelowPort;
    ranges[0] = {window, kRegisters, kMemory64};
    ranges[2] = {window + kRegisters, kPage, kMemory64};
    ranges[4] = {window + kRegisters + kPage, kPage, kMemory32};
    return ranges;
  }
  ranges[0] = {kPorts + pci.slot * kRegisters, kRegisters, kMemory64};
  ranges[14] = {kBelowPorts - pci.slot * kBelowPort, kBelowPort, kWindow32};
  ranges[15] = {kPrefetchable - pci.slot * kPrefetchableBelowPort, kPrefetchableBelowPort, kWindow64};
  return ranges;
}

// Little-endian numbers of a configuration space.
class Header {
public:
  void put(std::size_t at, std::uint64_t value, std::size_t bytes) {
    for (std::size_t byte = 0; byte < bytes; ++byte) {
      bytes_[at + byte] = static_cast<char>((value >> (8 * byte)) & 0xffU);
    }
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), bytes_.size()}; }

private:
  std::array<char, 64> bytes_{};
};

constexpr std::array<std::string_view, 9> kCorrectable = {
    "RxErr", "BadTLP", "BadDLLP", "Rollover", "Timeout", "NonFatalErr", "CorrIntErr", "HeaderOF", "TOTAL_ERR_COR"};
constexpr std::array<std::string_view, 23> kUncorrectable = {"Undefined",
                                                             "DLP",
                                                             "SDES",
                                                             "TLP",
                                                             "FCP",
                                                             "CmpltTO",
                                                             "CmpltAbrt",
                                                             "UnxCmplt",
                                                             "RxOF",
                                                             "MalfTLP",
                                                             "ECRC",
                                                             "UnsupReq",
                                                             "ACSViol",
                                                             "UncorrIntErr",
                                                             "BlockedTLP",
                                                             "AtomicOpBlocked",
                                                             "TLPBlockedErr",
                                                             "PoisonTLPBlocked",
                                                             "DMWrReqBlocked",
                                                             "IDECheck",
                                                             "MisIDETLP",
                                                             "PCRC_CHECK",
                                                             "TLPXlatBlocked"};

std::uint32_t cpus() {
  const long count = ::sysconf(_SC_NPROCESSORS_ONLN);
  return count < 1 ? 1 : static_cast<std::uint32_t>(count);
}

} // namespace

Result<void> show_pci_vendor(const Scope& function, Text& out) {
  return put_hex(identity_in(function).vendor, 4, out);
}
Result<void> show_pci_device(const Scope& function, Text& out) {
  return put_hex(identity_in(function).device, 4, out);
}
Result<void> show_pci_class(const Scope& function, Text& out) {
  return put_hex(identity_in(function).class_code, 6, out);
}
Result<void> show_pci_revision(const Scope& function, Text& out) {
  return put_hex(identity_in(function).revision, 2, out);
}
Result<void> show_pci_subsystem_vendor(const Scope& function, Text& out) {
  return put_hex(identity_in(function).subsystem_vendor, 4, out);
}
Result<void> show_pci_subsystem_device(const Scope& function, Text& out) {
  return put_hex(identity_in(function).subsystem_device, 4, out);
}
Result<void> show_pci_modalias(const Scope& function, Text& out) {
  put_pci_alias(pci_in(function).kind, out);
  out.put("\n");
  return {};
}

Result<void> show_pci_config(const Scope& function, Text& out) {
  const PciIdentity identity = identity_in(function);
  const Ranges ranges = ranges_of(function);
  Header header;
  header.put(0x00, identity.vendor, 2);
  header.put(0x02, identity.device, 2);
  header.put(0x04, is_memdev(function) ? 0x0507 : 0x0506,
             2);               // command: memory, master, SERR; a device has input and output
  header.put(0x06, 0x0010, 2); // status: has capabilities
  header.put(0x08, identity.revision, 1);
  header.put(0x09, identity.class_code, 3);
  header.put(0x34, 0x40, 1); // the first capability
  header.put(0x10, ranges[0].start | 4U, 8);
  if (is_memdev(function)) {
    header.put(0x18, ranges[2].start | 4U, 8);
    header.put(0x20, ranges[4].start, 4);
    header.put(0x2c, identity.subsystem_vendor, 2);
    header.put(0x2e, identity.subsystem_device, 2);
  } else {
    const store::CxlPciRecord& pci = pci_in(function);
    header.put(0x0e, 1, 1); // a bridge
    header.put(0x18, pci.bus, 1);
    header.put(0x19, pci.secondary, 1);
    header.put(0x1a, pci.subordinate, 1);
  }
  out.put(header.view());
  return {};
}

Result<void> show_pci_resource(const Scope& function, Text& out) {
  const Ranges ranges = ranges_of(function);
  constexpr std::size_t kDigits = 16;
  for (std::size_t at = 0; at < (is_memdev(function) ? kOfDevice : kOfBridge); ++at) {
    const Range& range = ranges[at];
    out.put("0x").digits(range.start, 16, kDigits);
    out.put(" 0x").digits(range.size == 0 ? 0 : range.start + range.size - 1, 16, kDigits);
    out.put(" 0x").digits(range.flags, 16, kDigits).put("\n");
  }
  return {};
}

void put_aer_counts(AerKind kind, Text& out) {
  if (kind == AerKind::correctable) {
    for (const std::string_view name : kCorrectable) {
      out.put(name).put(" 0\n");
    }
    return;
  }
  for (const std::string_view name : kUncorrectable) {
    out.put(name).put(" 0\n");
  }
  out.put(kind == AerKind::fatal ? "TOTAL_ERR_FATAL 0\n" : "TOTAL_ERR_NONFATAL 0\n");
}

Result<void> show_cpu_list(const Scope&, Text& out) {
  out.put("0").put(cpus() > 1 ? "-" : "");
  if (cpus() > 1) {
    out.number(cpus() - 1);
  }
  out.put("\n");
  return {};
}
Result<void> show_cpu_mask(const Scope&, Text& out) {
  constexpr std::uint32_t kPerWord = 32;
  const std::uint32_t words = (cpus() + kPerWord - 1) / kPerWord;
  for (std::uint32_t word = words; word > 0; --word) {
    const std::uint32_t bits = word == words && cpus() % kPerWord != 0 ? cpus() % kPerWord : kPerWord;
    out.digits(~0U >> (kPerWord - bits), 16, word == words ? 1 : 8).put(word > 1 ? "," : "\n");
  }
  return {};
}

std::uint32_t first_interrupt(const Scope& function) {
  constexpr std::uint32_t kFirst = 24;
  std::uint32_t ports = 0;
  std::uint32_t before = 0;
  const std::span all = cxl::pci_functions(*function.store);
  for (std::size_t at = 0; at < all.size(); ++at) {
    const bool is_port = all[at].kind != CxlPciKind::none && all[at].kind != CxlPciKind::host_bridge &&
                         all[at].kind != CxlPciKind::memory_device;
    const bool is_before = at + 1 < function.cxl;
    ports += is_port ? 1 : 0;
    if (is_before && is_memdev(function) == (all[at].kind == CxlPciKind::memory_device)) {
      before += is_port || all[at].kind == CxlPciKind::memory_device ? 1 : 0;
    }
  }
  return is_memdev(function) ? kFirst + ports + before * kMemdevMessages : kFirst + before;
}

} // namespace daxemu::sysfs
