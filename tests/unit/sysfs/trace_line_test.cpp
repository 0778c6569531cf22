// Lines of `trace` as guests of 6.12 and 7.3 gave them for events that QEMU was told to inject (QMP
// cxl-inject-general-media-event and its like), into a memdev with a region at 0x250000000.
#include <initializer_list>
#include <memory>
#include <string_view>

#include <gtest/gtest.h>

#include "emu/sysfs/tracing/trace_buffer.hpp"

namespace daxemu::sysfs {
namespace {

void put(CxlTraceRecord& event, std::size_t at, std::initializer_list<int> bytes) {
  for (const int byte : bytes) {
    event.said[at++] = static_cast<std::uint8_t>(byte);
  }
}
CxlTraceRecord said_by(CxlTraceKind kind, std::uint32_t log, std::initializer_list<int> id, int flags,
                       std::uint64_t time, int handle) {
  CxlTraceRecord event;
  event.kind = kind;
  event.pid = 178;
  event.command.assign("irq/31-0000:0d:");
  event.memdev.assign(kind == CxlTraceKind::memory_module ? "mem1" : "mem0");
  event.host.assign(kind == CxlTraceKind::memory_module ? "0000:0e:00.0" : "0000:0d:00.0");
  event.serial = kind == CxlTraceKind::memory_module ? 2 : 1;
  event.log = log;
  put(event, 0, id);
  put(event, 16, {128, flags, 0, 0, handle});
  for (unsigned byte = 0; byte < 8; ++byte) {
    event.said[24 + byte] = static_cast<std::uint8_t>(time >> (8 * byte));
  }
  return event;
}
CxlTraceRecord media_event(std::uint64_t time, int handle) {
  CxlTraceRecord event =
      said_by(CxlTraceKind::general_media, 0,
              {0xfb, 0xcd, 0x0a, 0x77, 0xc2, 0x60, 0x41, 0x7f, 0x85, 0xa9, 0x08, 0x8b, 0x16, 0x21, 0xeb, 0xa6}, 1, time,
              handle);
  put(event, 48, {0, 0x20});
  put(event, 56, {3, 2, 5, 0xf, 0, 3, 17, 5, 0, 0, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'});
  event.region.assign("region0");
  event.hpa = 0x250002000;
  return event;
}
CxlTraceRecord dram_event(std::uint64_t time, int handle) {
  CxlTraceRecord event =
      said_by(CxlTraceKind::dram, 2,
              {0x60, 0x1d, 0xcb, 0xb3, 0x9c, 0x06, 0x4e, 0xab, 0xb8, 0xaf, 0x4e, 0x9b, 0xfb, 0x5c, 0x96, 0x24}, 5, time,
              handle);
  put(event, 48, {0, 0x80});
  put(event, 56, {2, 1, 1, 0xff, 0, 1, 2, 7, 0, 0, 5, 2, 0xe8, 3, 0, 77, 0});
  put(event, 73, {33});
  put(event, 81, {44});
  put(event, 89, {55});
  put(event, 97, {66});
  event.region.assign("region0");
  event.hpa = 0x250008000;
  return event;
}
CxlTraceRecord module_event(std::uint64_t time, int handle) {
  CxlTraceRecord event =
      said_by(CxlTraceKind::memory_module, 3,
              {0xfe, 0x92, 0x74, 0x75, 0xdd, 0x59, 0x43, 0x39, 0xa5, 0x86, 0x79, 0xba, 0xb1, 0x13, 0xb7, 0x74}, 8, time,
              handle);
  put(event, 48, {3, 2, 3, 56, 33, 0xec, 0xff, 4, 0, 0, 0, 5, 0, 0, 0, 6});
  return event;
}

void expect_line(const CxlTraceRecord& event, bool is_newer, std::string_view wanted) {
  auto line = std::make_unique<TextBuffer<4096>>();
  put_line(event, {.is_newer = is_newer}, *line);
  const std::string_view all = line->view();
  EXPECT_EQ(all.substr(all.find("cxl_")), wanted);
}

TEST(TraceLine, IsTheGuestsOf612) {
  expect_line(media_event(1795971571368690075, 7), false,
              "cxl_general_media: memdev=mem0 host=0000:0d:00.0 serial=1 log=Informational : time=1795971571368690075 "
              "uuid=fbcd0a77-c260-417f-85a9-088b1621eba6 len=128 flags='0x1' handle=7 related_handle=0 "
              "maint_op_class=0 : dpa=2000 dpa_flags='' descriptor='UNCORRECTABLE_EVENT|THRESHOLD_EVENT' type='Data "
              "Path Error' transaction_type='Internal Media Scrub' channel=3 rank=17 device=5 comp_id=61 62 63 64 65 "
              "66 67 68 00 00 00 00 00 00 00 00 validity_flags='CHANNEL|RANK|DEVICE|COMPONENT' hpa=250002000 "
              "region=region0 region_uuid=00000000-0000-0000-0000-000000000000\n");
  expect_line(dram_event(1795971571434367181, 7), false,
              "cxl_dram: memdev=mem0 host=0000:0d:00.0 serial=1 log=Failure : time=1795971571434367181 "
              "uuid=601dcbb3-9c06-4eab-b8af-4e9bfb5c9624 len=128 flags='PERMANENT_CONDITION | 0x1' handle=7 "
              "related_handle=0 maint_op_class=0 : dpa=8000 dpa_flags='' descriptor='THRESHOLD_EVENT' type='Scrub "
              "Media ECC Error' transaction_type='Host Read' channel=1 rank=2 nibble_mask=7 bank_group=5 bank=2 "
              "row=1000 column=77 cor_mask=21 00 00 00 00 00 00 00 2c 00 00 00 00 00 00 00 37 00 00 00 00 00 00 00 42 "
              "00 00 00 00 00 00 00 validity_flags='CHANNEL|RANK|NIBBLE|BANK GROUP|BANK|ROW|COLUMN|CORRECTION MASK' "
              "hpa=250008000 region=region0 region_uuid=00000000-0000-0000-0000-000000000000\n");
  expect_line(
      module_event(1795971571461132951, 7), false,
      "cxl_memory_module: memdev=mem1 host=0000:0e:00.0 serial=2 log=Fatal : time=1795971571461132951 "
      "uuid=fe927475-dd59-4339-a586-79bab113b774 len=128 flags='MAINTENANCE_NEEDED' handle=7 related_handle=0 "
      "maint_op_class=0 : event_type='Temperature Change' health_status='PERFORMANCE_DEGRADED' media_status='All Data "
      "Lost' as_life_used=Normal as_dev_temp=Critical as_cor_vol_err_cnt=Warning as_cor_per_err_cnt=Warning "
      "life_used=33 device_temp=-20 dirty_shutdown_cnt=4 cor_vol_err_cnt=5 cor_per_err_cnt=6\n");
}

TEST(TraceLine, IsTheGuestsOf73) {
  expect_line(
      media_event(1795975458575589042, 10), true,
      "cxl_general_media: memdev=mem0 host=0000:0d:00.0 serial=1 log=Informational : time=1795975458575589042 "
      "uuid=fbcd0a77-c260-417f-85a9-088b1621eba6 len=128 flags='0x1' handle=a related_handle=0 maint_op_class=0 "
      "maint_op_sub_class=0 ld_id=0 head_id=0 : dpa=2000 dpa_flags='' descriptor='UNCORRECTABLE_EVENT|THRESHOLD_EVENT' "
      "type='Data Path Error' sub_type='Not Reported' transaction_type='Internal Media Scrub' channel=3 rank=17 "
      "device=5 validity_flags='CHANNEL|RANK|DEVICE|COMPONENT' comp_id=61 62 63 64 65 66 67 68 00 00 00 00 00 00 00 00 "
      "comp_id_pldm_valid_flags='PLDM Entity ID | 0x60' pldm_entity_id=0x00 pldm_resource_id=0x00 hpa=250002000 "
      "hpa_alias0=ffffffffffffffff region=region0 region_uuid=00000000-0000-0000-0000-000000000000 "
      "cme_threshold_ev_flags='' cme_count=0\n");
  expect_line(
      dram_event(1795975458621392491, 10), true,
      "cxl_dram: memdev=mem0 host=0000:0d:00.0 serial=1 log=Failure : time=1795975458621392491 "
      "uuid=601dcbb3-9c06-4eab-b8af-4e9bfb5c9624 len=128 flags='PERMANENT_CONDITION | 0x1' handle=a related_handle=0 "
      "maint_op_class=0 maint_op_sub_class=0 ld_id=0 head_id=0 : dpa=8000 dpa_flags='' descriptor='THRESHOLD_EVENT' "
      "type='Scrub Media ECC Error' sub_type='Not Reported' transaction_type='Host Read' channel=1 rank=2 "
      "nibble_mask=7 bank_group=5 bank=2 row=1000 column=77 cor_mask=21 00 00 00 00 00 00 00 2c 00 00 00 00 00 00 00 "
      "37 00 00 00 00 00 00 00 42 00 00 00 00 00 00 00 validity_flags='CHANNEL|RANK|NIBBLE|BANK "
      "GROUP|BANK|ROW|COLUMN|CORRECTION MASK' comp_id=00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
      "comp_id_pldm_valid_flags='' pldm_entity_id=0x00 pldm_resource_id=0x00 hpa=250008000 hpa_alias0=ffffffffffffffff "
      "region=region0 region_uuid=00000000-0000-0000-0000-000000000000 sub_channel=0 cme_threshold_ev_flags='' "
      "cvme_count=0\n");
  expect_line(
      module_event(1795975532812212295, 10), true,
      "cxl_memory_module: memdev=mem1 host=0000:0e:00.0 serial=2 log=Fatal : time=1795975532812212295 "
      "uuid=fe927475-dd59-4339-a586-79bab113b774 len=128 flags='MAINTENANCE_NEEDED' handle=a related_handle=0 "
      "maint_op_class=0 maint_op_sub_class=0 ld_id=0 head_id=0 : event_type='Temperature Change' event_sub_type='Not "
      "Reported' health_status='PERFORMANCE_DEGRADED' media_status='All Data Lost' as_life_used=Normal "
      "as_dev_temp=Critical as_cor_vol_err_cnt=Warning as_cor_per_err_cnt=Warning life_used=33 device_temp=-20 "
      "dirty_shutdown_cnt=4 cor_vol_err_cnt=5 cor_per_err_cnt=6 validity_flags='' comp_id=00 00 00 00 00 00 00 00 00 "
      "00 00 00 00 00 00 00 comp_id_pldm_valid_flags='' pldm_entity_id=0x00 pldm_resource_id=0x00\n");
}

TEST(TraceLine, BeginsAsTheGuests) {
  CxlTraceRecord event = media_event(0, 7);
  event.time = 108'916'373'999;
  auto line = std::make_unique<TextBuffer<4096>>();
  put_line(event, {}, *line);
  EXPECT_TRUE(line->view().starts_with(" irq/31-0000:0d:-178     [000] .....   108.916373: cxl_general_media: memdev="))
      << line->view();
}

} // namespace
} // namespace daxemu::sysfs
