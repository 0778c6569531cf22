#include "emu/cxl/region/dpa.hpp"

#include <algorithm>

#include "emu/cxl/enumeration/topology_check.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::cxl {
namespace {

using trace::because;
using trace::Reason;

// The first address of [start, end) behind all that the memdev's decoders have in it, what they skip included.
std::uint64_t first_free(const store::Store& store, std::uint32_t endpoint, std::uint64_t start, std::uint64_t end) {
  std::uint64_t free = start;
  for (const CxlDecoderRecord& decoder : decoders(store)) {
    if (decoder.port != endpoint || decoder.dpa_size == 0) {
      continue;
    }
    const std::uint64_t decoder_end = decoder.dpa_start + decoder.dpa_size;
    if (decoder.dpa_start >= start && decoder_end <= end) {
      free = std::max(free, decoder_end);
    }
    if (decoder.dpa_skip != 0 && decoder.dpa_start - decoder.dpa_skip >= start && decoder.dpa_start <= end) {
      free = std::max(free, decoder.dpa_start);
    }
  }
  return free;
}

// cxl_dpa_free(): only the last one that has some.
Result<void> free_dpa(const store::Store& store, CxlDecoderRecord& decoder) {
  if (decoder.dpa_size == 0) {
    return {};
  }
  CxlPortRecord& port = port_of(store, decoder);
  if (decoder.region != 0 || is_enabled(decoder) || decoder.id + 1 != port.hdm_end) {
    return because(EBUSY, Reason::cxl_decoder_in_use);
  }
  decoder.dpa_start = 0;
  decoder.dpa_size = 0;
  decoder.dpa_skip = 0;
  --port.hdm_end;
  return {};
}

// cxl_dpa_alloc(): behind what is taken; who takes persistent memory gives up the volatile memory that is free below.
Result<void> allocate(const store::Store& store, CxlDecoderRecord& decoder, std::uint64_t size) {
  const CxlMemdevRecord& memdev = memdev_of(store, decoder);
  if (decoder.region != 0 || is_enabled(decoder)) {
    return because(EBUSY, Reason::cxl_decoder_in_use);
  }
  if (decoder.mode == CxlMode::none) {
    return because(store.profile().cxl_dpa_without_mode, Reason::cxl_no_mode);
  }
  const std::uint64_t boundary = memdev.ram_size;
  const std::uint64_t end = boundary + memdev.pmem_size;
  const std::uint64_t free_ram = first_free(store, decoder.port, 0, boundary);
  const bool is_ram = decoder.mode == CxlMode::ram;
  const std::uint64_t start = is_ram ? free_ram : first_free(store, decoder.port, boundary, end);
  if (size > (is_ram ? boundary : end) - start) {
    return because(ENOSPC, Reason::cxl_dpa_full);
  }
  CxlPortRecord& port = port_of(store, decoder);
  if (port.hdm_end != decoder.id) { // __cxl_dpa_reserve(): in the order of the decoders
    return because(EBUSY, Reason::cxl_decoder_in_use);
  }
  decoder.dpa_start = start;
  decoder.dpa_size = size;
  decoder.dpa_skip = is_ram ? 0 : boundary - free_ram;
  ++port.hdm_end;
  return {};
}

} // namespace

Result<void> set_mode(const store::Store& store, CxlDecoderRecord& decoder, CxlMode mode) {
  if (mode == CxlMode::none) {
    return because(EINVAL, Reason::word_unknown);
  }
  if (is_enabled(decoder)) {
    return because(EBUSY, Reason::cxl_decoder_in_use);
  }
  const CxlMemdevRecord& memdev = memdev_of(store, decoder);
  if ((mode == CxlMode::ram ? memdev.ram_size : memdev.pmem_size) == 0) {
    return because(store.profile().cxl_mode_without_memory, Reason::cxl_no_such_memory);
  }
  decoder.mode = mode;
  return {};
}

Result<void> set_dpa_size(const store::Store& store, CxlDecoderRecord& decoder, std::uint64_t size) {
  if (!is_aligned(size, kCapacityUnit)) {
    return because(EINVAL, {.reason = Reason::cxl_size_misaligned, .a = size, .b = 1});
  }
  if (auto freed = free_dpa(store, decoder); !freed || size == 0) {
    return freed;
  }
  return allocate(store, decoder, size);
}

} // namespace daxemu::cxl
