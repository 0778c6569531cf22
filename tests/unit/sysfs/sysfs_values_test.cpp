// What attributes read as.
#include "tests/unit/sysfs/sysfs_support.hpp"

namespace daxemu::sysfs {
namespace {

struct ValueRow {
  const char* path;
  const char* text;
};
void PrintTo(const ValueRow& row, std::ostream* out) {
  *out << row.path;
}
class HmemValueRows : public ::testing::TestWithParam<ValueRow> {};
TEST_P(HmemValueRows, Read) {
  EXPECT_EQ(Fixture().read(GetParam().path), GetParam().text);
}
#define REGION "/sys/devices/platform/hmem.0"
#define DEVICE REGION "/dax0.0"
INSTANTIATE_TEST_SUITE_P(
    Rows, HmemValueRows,
    ::testing::Values(
        ValueRow{DEVICE "/align", "2097152\n"}, ValueRow{DEVICE "/size", "4294967296\n"},
        ValueRow{DEVICE "/dev", "254:0\n"}, ValueRow{DEVICE "/modalias", "dax:t0\n"},
        ValueRow{DEVICE "/numa_node", "0\n"}, ValueRow{DEVICE "/target_node", "0\n"},
        ValueRow{DEVICE "/resource", "0x140000000\n"},
        ValueRow{DEVICE "/uevent", "MAJOR=254\nMINOR=0\nDEVNAME=dax0.0\nDRIVER=device_dax\nMODALIAS=dax:t0\n"},
        ValueRow{DEVICE "/mapping0/start", "0x140000000\n"}, ValueRow{DEVICE "/mapping0/end", "0x23fffffff\n"},
        ValueRow{DEVICE "/mapping0/page_offset", "0x0\n"}, ValueRow{DEVICE "/mapping0/uevent", ""},
        ValueRow{DEVICE "/power/control", "auto\n"}, ValueRow{DEVICE "/power/autosuspend_delay_ms", "errno 5"},
        ValueRow{REGION "/dax_region/id", "0\n"}, ValueRow{REGION "/dax_region/size", "4294967296\n"},
        ValueRow{REGION "/dax_region/align", "2097152\n"}, ValueRow{REGION "/dax_region/available_size", "0\n"},
        ValueRow{REGION "/modalias", "platform:hmem\n"}, ValueRow{REGION "/driver_override", "(null)\n"},
        ValueRow{REGION "/uevent", "DRIVER=hmem\nMODALIAS=platform:hmem\n"},
        ValueRow{"/sys/bus/dax/drivers_autoprobe", "1\n"}, ValueRow{"/sys/bus/dax/uevent", "errno 13"}));

TEST(SysfsValues, SpaceThatNoDeviceHasIsAvailable) {
  Fixture lab;
  add_region(lab.store, 1, 1ULL << 30);
  add_device(lab.store, 1, 0, 256 << 20);
  EXPECT_EQ(lab.read("/sys/devices/platform/hmem.1/dax_region/available_size"), "805306368\n");
  EXPECT_EQ(lab.read("/sys/devices/platform/hmem.1/dax1.0/dev"), "254:1\n");
}

TEST(SysfsValues, AShortBufferGetsTheBeginning) {
  const Fixture lab;
  char text[4];
  const auto shown = lab.tree.show(*lab.tree.lookup(DEVICE "/size"), text);
  ASSERT_EQ(shown.value_or(0), 4U);
  EXPECT_EQ(std::string_view(text, 4), "4294");
}

} // namespace
} // namespace daxemu::sysfs
