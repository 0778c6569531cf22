// Platforms with CXL topologies, for tests of the model.
#pragma once

#include <string>
#include <string_view>

#include <sys/mman.h>

#include <gtest/gtest.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/cxl/enumeration/ports.hpp"
#include "emu/cxl/enumeration/topology.hpp"

namespace daxemu::cxl {

inline constexpr std::uint64_t kMega = 1ULL << 20U;
inline constexpr std::uint64_t kGiga = 1ULL << 30U;

inline store::Store empty_store(KernelId kernel = KernelId::linux_6_12) {
  auto fd = sys::memfd_create("cxl-test", MFD_CLOEXEC);
  EXPECT_TRUE(fd);
  auto store = store::Store::create(UniqueFd(*fd), "lab");
  EXPECT_TRUE(store);
  store->platform().kernel = kernel;
  return std::move(*store);
}
inline store::Store platform_of(const TopologySpec& spec, KernelId kernel = KernelId::linux_6_12) {
  store::Store store = empty_store(kernel);
  const auto made = enumerate(store, spec);
  EXPECT_TRUE(made) << made.error().what << "; " << made.error().remedy;
  return store;
}

inline BelowSpec memdev_below(std::uint64_t ram, std::uint64_t pmem = 0) {
  return {.memdev = {{.ram = ram, .pmem = pmem}}};
}
// A host bridge with `ports` root ports, each with a memdev.
inline HostBridgeSpec bridge_of(std::uint32_t ports, std::uint64_t ram, std::uint64_t pmem = 0) {
  return {.root_ports = std::vector<BelowSpec>(ports, memdev_below(ram, pmem))};
}

inline std::string name_of(const store::Store& store, const CxlPortRecord& port) {
  static_cast<void>(store);
  const char* prefix = port.kind == CxlPortKind::root       ? "root"
                       : port.kind == CxlPortKind::endpoint ? "endpoint"
                                                            : "port";
  return prefix + std::to_string(port.id);
}
inline CxlPortRecord* port_named(const store::Store& store, std::string_view name) {
  for (CxlPortRecord& port : ports(store)) {
    if (port.kind != CxlPortKind::none && name_of(store, port) == name) {
      return &port;
    }
  }
  return nullptr;
}
// "decoder3.0"; a missing one fails the test.
inline CxlDecoderRecord& decoder_named(const store::Store& store, std::string_view name) {
  for (CxlDecoderRecord& decoder : decoders(store)) {
    if (decoder.port != 0 &&
        "decoder" + std::to_string(port_of(store, decoder).id) + "." + std::to_string(decoder.id) == name) {
      return decoder;
    }
  }
  ADD_FAILURE() << "no " << name;
  static CxlDecoderRecord none;
  return none;
}
// Port numbers of a decoder's targets, as target_list shows them.
inline std::string target_list(const store::Store& store, const CxlDecoderRecord& decoder) {
  std::string text;
  for (std::uint32_t at = 0; at < decoder.ways && decoder.targets[at] != 0; ++at) {
    text += (text.empty() ? "" : ",") + std::to_string(dport_at(store, decoder.targets[at])->port_id);
  }
  return text;
}

} // namespace daxemu::cxl
