// What writing to attributes does: values, errno, and what the tree says afterwards. The rows follow drivers/dax/bus.c
// of 6.1 and what the guest answered.
#include "emu/backing/spare_files.hpp"
#include "tests/unit/sysfs/sysfs_support.hpp"

namespace daxemu::sysfs {
namespace {

#define BUS "/sys/bus/dax"
#define REGION "/sys/devices/platform/hmem.0"
#define CREATE REGION "/dax_region/create"
#define DELETE REGION "/dax_region/delete"
#define DEVICE REGION "/dax0.0"
#define SECOND REGION "/dax0.1"
#define THIRD REGION "/dax0.2"
#define DAX BUS "/drivers/device_dax"
#define KMEM BUS "/drivers/kmem"

// A lab whose devices can be created and resized: 1G in one device, bytes from memory files.
struct Bus : Fixture {
  Bus() : Fixture(1ULL << 30) {
    auto files = backing::add_spare_files(store, source);
    EXPECT_TRUE(files) << files.error().what;
    held = std::move(*files);
    EXPECT_EQ(write(DAX "/unbind", "dax0.0"), 0);
  }
  [[nodiscard]] store::DeviceRecord& device(std::string_view name) const { return *store.device_named(name); }
  backing::MemfdSource source;
  std::vector<UniqueFd> held;
};

struct WriteRow {
  const char* path;
  std::string text;
  int error;
};
void PrintTo(const WriteRow& row, std::ostream* out) {
  *out << row.path << " <- " << ::testing::PrintToString(row.text.substr(0, 40)) << " (" << row.text.size() << ")";
}

// dax0.0 is unbound and has all of the region.
class UnboundRows : public ::testing::TestWithParam<WriteRow> {};
TEST_P(UnboundRows, Write) {
  const Bus lab;
  EXPECT_EQ(lab.write(GetParam().path, GetParam().text), GetParam().error);
}
const std::string kMegabyte(1 << 20, 'x');
const std::string kNulBytes("1\0garbage", 9);
INSTANTIATE_TEST_SUITE_P(Region, UnboundRows,
                         ::testing::Values(WriteRow{CREATE, "0", EINVAL}, WriteRow{CREATE, "2", EINVAL},
                                           WriteRow{CREATE, "x", EINVAL}, WriteRow{CREATE, "-1", EINVAL},
                                           WriteRow{CREATE, "", 0}, WriteRow{CREATE, kMegabyte, EINVAL},
                                           WriteRow{CREATE, "99999999999999999999999", ERANGE},
                                           WriteRow{CREATE, "2147483648", ERANGE}, WriteRow{CREATE, "1", ENOSPC},
                                           WriteRow{CREATE, "0x1\n", ENOSPC}, WriteRow{CREATE, "1\n\n", EINVAL},
                                           WriteRow{CREATE, kNulBytes, ENOSPC}, WriteRow{DELETE, "dax0.9", ENXIO},
                                           WriteRow{DELETE, "nonsense", ENXIO}, WriteRow{DELETE, "dax0.0", EBUSY},
                                           WriteRow{DELETE, kMegabyte, ENXIO},
                                           WriteRow{REGION "/dax_region/seed", "1", EACCES},
                                           WriteRow{REGION "/dax_region/available_size", "1", EACCES}));
INSTANTIATE_TEST_SUITE_P(
    Device, UnboundRows,
    ::testing::Values(
        WriteRow{DEVICE "/size", "x", EINVAL}, WriteRow{DEVICE "/size", "-2097152", EINVAL},
        WriteRow{DEVICE "/size", "1", EINVAL}, WriteRow{DEVICE "/size", "4096", EINVAL},
        WriteRow{DEVICE "/size", "18446744073709551616", ERANGE}, WriteRow{DEVICE "/size", kMegabyte, EINVAL},
        WriteRow{DEVICE "/size", "2147483648", ENOSPC}, WriteRow{DEVICE "/size", "1073741824", 0},
        WriteRow{DEVICE "/size", "0x200000", 0}, WriteRow{DEVICE "/size", "0", 0}, WriteRow{DEVICE "/size", "", 0},
        WriteRow{DEVICE "/align", "x", ENXIO}, WriteRow{DEVICE "/align", "-1", ENXIO},
        WriteRow{DEVICE "/align", "8192", EINVAL}, WriteRow{DEVICE "/align", "0", EINVAL},
        WriteRow{DEVICE "/align", "4096", 0}, WriteRow{DEVICE "/align", "0x40000000", 0},
        WriteRow{DEVICE "/mapping", "140000000", EINVAL}, WriteRow{DEVICE "/mapping", "x-y", EINVAL},
        WriteRow{DEVICE "/mapping", "0-1", ENXIO}, WriteRow{DEVICE "/mapping", "140000000-1401fffff", ENOMEM},
        WriteRow{DEVICE "/mapping", "0x10-0xf", EBUSY}, // size 0
        WriteRow{DEVICE "/mapping", "0-fffffffffffffffffffff", ERANGE}, WriteRow{DEVICE "/resource", "1", EACCES},
        WriteRow{DEVICE "/uevent", "add", 0}, WriteRow{DEVICE "/uevent", "change\n", 0},
        WriteRow{DEVICE "/uevent", "add 01234567-89ab-cdef-0123-456789abcdef A=1 B=2", 0},
        WriteRow{DEVICE "/uevent", "add nonsense", EINVAL}, WriteRow{DEVICE "/uevent", "explode", EINVAL},
        WriteRow{DEVICE "/uevent", "add 01234567-89ab-cdef-0123-456789abcdef A", EINVAL}));
INSTANTIATE_TEST_SUITE_P(
    Drivers, UnboundRows,
    ::testing::Values(WriteRow{DAX "/bind", "dax0.0", 0}, WriteRow{DAX "/bind", "dax0.0\n", 0},
                      WriteRow{DAX "/bind", "dax0.1", ENODEV}, WriteRow{DAX "/bind", kMegabyte, ENODEV},
                      WriteRow{DAX "/unbind", "dax0.0", ENODEV}, WriteRow{DAX "/unbind", "x", ENODEV},
                      WriteRow{KMEM "/bind", "dax0.0", ENODEV}, WriteRow{KMEM "/new_id", "dax0.0", 0},
                      WriteRow{KMEM "/new_id", "dax9.9", 0}, WriteRow{KMEM "/new_id", "dax00.0", EINVAL},
                      WriteRow{KMEM "/new_id", "dax0.0x", EINVAL}, WriteRow{KMEM "/new_id", "pmem0", EINVAL},
                      WriteRow{KMEM "/new_id", "dax0", EINVAL}, WriteRow{KMEM "/new_id", "dax99999999999.0", EINVAL},
                      WriteRow{KMEM "/remove_id", "dax0.0", 0}, WriteRow{KMEM "/remove_id", "x", EINVAL},
                      WriteRow{BUS "/drivers_probe", "dax0.0", 0}, WriteRow{BUS "/drivers_probe", "x", ENODEV},
                      WriteRow{BUS "/drivers_autoprobe", "0", 0}, WriteRow{BUS "/uevent", "add", 0},
                      WriteRow{BUS "/uevent", "x", EINVAL}));

class BoundRows : public ::testing::TestWithParam<WriteRow> {};
TEST_P(BoundRows, Write) {
  const Bus lab;
  ASSERT_EQ(lab.write(DAX "/bind", "dax0.0"), 0);
  EXPECT_EQ(lab.write(GetParam().path, GetParam().text), GetParam().error);
  EXPECT_EQ(lab.read(DEVICE "/size"), "1073741824\n");
  EXPECT_EQ(lab.read(DEVICE "/align"), "2097152\n");
}
INSTANTIATE_TEST_SUITE_P(
    Rows, BoundRows,
    ::testing::Values(WriteRow{DEVICE "/size", "2097152", EBUSY}, WriteRow{DEVICE "/size", "1073741824", EBUSY},
                      WriteRow{DEVICE "/size", "1", EINVAL}, WriteRow{DEVICE "/align", "4096", EBUSY},
                      WriteRow{DEVICE "/align", "5", EINVAL}, WriteRow{DELETE, "dax0.0", EBUSY},
                      WriteRow{DAX "/bind", "dax0.0", EBUSY}, WriteRow{KMEM "/unbind", "dax0.0", ENODEV}));

TEST(BusWrites, AnAttributeWithoutStoreRefuses) {
  const Fixture lab(1ULL << 30);
  EXPECT_EQ(lab.write(DEVICE "/dev", "1"), EACCES);
}

TEST(BusWrites, CreateTakesTheLowestFreeNumberAndMovesSeedAndYoungest) {
  const Bus lab;
  EXPECT_EQ(lab.read(REGION "/dax_region/seed"), "\n");
  EXPECT_EQ(lab.read(CREATE), "\n");
  ASSERT_EQ(lab.write(DEVICE "/size", "536870912"), 0);
  ASSERT_EQ(lab.write(CREATE, "1"), 0);
  ASSERT_EQ(lab.write(CREATE, "1"), 0);
  EXPECT_EQ(lab.read(REGION "/dax_region/seed"), "dax0.1\n");
  EXPECT_EQ(lab.read(CREATE), "dax0.2\n");
  EXPECT_EQ(lab.read(SECOND "/size"), "0\n");
  EXPECT_EQ(lab.read(SECOND "/align"), "2097152\n");
  EXPECT_EQ(lab.read(SECOND "/resource"), "0x140000000\n");
  EXPECT_EQ(lab.read(SECOND "/dev"), "254:1\n");
  EXPECT_EQ(lab.lookup_error("/dev/dax0.1"), 0);
  EXPECT_EQ(lab.lookup_error(SECOND "/mapping0"), ENOENT);
  EXPECT_EQ(lab.write(DAX "/bind", "dax0.1"), ENXIO); // size 0
  ASSERT_EQ(lab.write(SECOND "/size", "2097152"), 0);
  EXPECT_EQ(lab.write(DELETE, "dax0.1"), EBUSY);
  EXPECT_EQ(lab.write(DAX "/bind", "dax0.1"), 0);
  EXPECT_EQ(lab.read(REGION "/dax_region/seed"), "\n"); // bound: no seed any more
  EXPECT_EQ(lab.write(DELETE, "dax0.2"), 0);
  EXPECT_EQ(lab.read(CREATE), "\n");
  EXPECT_EQ(lab.lookup_error("/dev/dax0.2"), EREMOTE);
  ASSERT_EQ(lab.write(CREATE, "1"), 0);
  EXPECT_EQ(lab.read(CREATE), "dax0.2\n");
  EXPECT_EQ(lab.read(THIRD "/dev"), "254:2\n");
}

TEST(BusWrites, NumberZeroStaysForEver) {
  const Bus lab;
  ASSERT_EQ(lab.write(DEVICE "/size", "0"), 0);
  EXPECT_EQ(lab.write(DELETE, "dax0.0"), EBUSY);
  EXPECT_EQ(lab.lookup_error(BUS "/devices/dax0.0"), 0);
  EXPECT_EQ(lab.lookup_error("/dev/dax0.0"), 0);
  EXPECT_EQ(lab.read(REGION "/dax_region/available_size"), "1073741824\n");
}

TEST(BusWrites, ADeviceGrowsAroundAnother) {
  const Bus lab;
  ASSERT_EQ(lab.write(DEVICE "/size", "4194304"), 0); // [0, 4M)
  ASSERT_EQ(lab.write(CREATE, "1"), 0);
  ASSERT_EQ(lab.write(SECOND "/size", "2097152"), 0); // [4M, 6M)
  ASSERT_EQ(lab.write(DEVICE "/size", "8388608"), 0); // and [6M, 10M)
  EXPECT_EQ(lab.read(DEVICE "/mapping0/start"), "0x140000000\n");
  EXPECT_EQ(lab.read(DEVICE "/mapping0/end"), "0x1403fffff\n");
  EXPECT_EQ(lab.read(DEVICE "/mapping1/start"), "0x140600000\n");
  EXPECT_EQ(lab.read(DEVICE "/mapping1/end"), "0x1409fffff\n");
  EXPECT_EQ(lab.read(DEVICE "/mapping1/page_offset"), "0x400\n");
  ASSERT_EQ(lab.write(DEVICE "/size", "10485760"), 0); // the last range grows
  EXPECT_EQ(lab.read(DEVICE "/mapping1/end"), "0x140bfffff\n");
  EXPECT_EQ(lab.lookup_error(DEVICE "/mapping2"), ENOENT);
  ASSERT_EQ(lab.write(DEVICE "/size", "2097152"), 0); // and shrinks away, with part of the first
  EXPECT_EQ(lab.read(DEVICE "/mapping0/end"), "0x1401fffff\n");
  EXPECT_EQ(lab.lookup_error(DEVICE "/mapping1"), ENOENT);
  ASSERT_EQ(lab.write(SECOND "/size", "4194304"), 0);
  EXPECT_EQ(lab.read(SECOND "/mapping0/end"), "0x1405fffff\n"); // the lowest hole is taken first, though before it
  EXPECT_EQ(lab.read(SECOND "/mapping1/start"), "0x140200000\n");
  EXPECT_EQ(lab.read(SECOND "/mapping1/page_offset"), "0x200\n");
}

TEST(BusWrites, MappingAppendsExactlyThisRange) {
  const Bus lab;
  ASSERT_EQ(lab.write(DEVICE "/size", "2097152"), 0);
  EXPECT_EQ(lab.write(DEVICE "/mapping", "150000000-1501fffff\n"), 0);
  EXPECT_EQ(lab.read(DEVICE "/size"), "4194304\n");
  EXPECT_EQ(lab.read(DEVICE "/mapping1/start"), "0x150000000\n");
  EXPECT_EQ(lab.write(DEVICE "/mapping", "150000000-1501fffff"), ENOMEM); // taken
  EXPECT_EQ(lab.write(DEVICE "/mapping", "100000000-1001fffff"), ENOMEM); // outside
  EXPECT_EQ(lab.write(DEVICE "/mapping", "150200000-1502fffff"), ENXIO);  // 1M
  EXPECT_EQ(lab.read(DEVICE "/size"), "4194304\n");
}

TEST(BusWrites, AlignMustSuitEveryRange) {
  const Bus lab;
  ASSERT_EQ(lab.write(DEVICE "/size", "2097152"), 0);
  EXPECT_EQ(lab.write(DEVICE "/align", "1073741824"), EINVAL);
  EXPECT_EQ(lab.read(DEVICE "/align"), "2097152\n");
  EXPECT_EQ(lab.write(DEVICE "/align", "4096"), 0);
  EXPECT_EQ(lab.write(DEVICE "/size", "4096"), EINVAL); // still in units of 2M
  ASSERT_EQ(lab.write(DEVICE "/size", "0"), 0);
  EXPECT_EQ(lab.write(DEVICE "/align", "1073741824"), 0);
  EXPECT_EQ(lab.write(DEVICE "/size", "2097152"), EINVAL);
}

TEST(BusWrites, NewIdOfTheDefaultDriverBindsWhateverIsUnbound) {
  const Bus lab;
  ASSERT_EQ(lab.write(DAX "/new_id", "dax7.7"), 0); // driver_attach(): match_always matches all
  EXPECT_EQ(lab.link(DEVICE "/driver"), "../../../../bus/dax/drivers/device_dax");
}

TEST(BusWrites, UnbindKillsMappingsAndTellsReaders) {
  const Bus lab;
  const auto incarnation = lab.device("dax0.0").incarnation.load();
  const auto generation = lab.store.platform().generation.load();
  ASSERT_EQ(lab.write(DAX "/bind", "dax0.0"), 0);
  EXPECT_EQ(lab.device("dax0.0").incarnation.load(), incarnation);
  ASSERT_EQ(lab.write(DAX "/unbind", "dax0.0"), 0);
  EXPECT_GT(lab.device("dax0.0").incarnation.load(), incarnation);
  EXPECT_GT(lab.store.platform().generation.load(), generation);
  EXPECT_EQ(lab.store.platform().sequence.load() % 2, 0U);
}

} // namespace
} // namespace daxemu::sysfs
