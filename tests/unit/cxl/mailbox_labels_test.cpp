// Label areas by the mailbox and by the nd bus: the answers of a guest (Linux 6.12.117, /dev/nmem0 of QEMU's pmem
// memdev).
#include <array>

#include <linux/ndctl.h>
#include <sys/ioctl.h>

#include "emu/cxl/mailbox/dimm.hpp"
#include "emu/cxl/mailbox/mailbox.hpp"
#include "emu/nd/labels/label_area.hpp"
#include "tests/unit/cxl/mailbox_lab.hpp"

namespace daxemu::cxl {
namespace {

constexpr std::uint32_t kAreaSize = 1U << 20U;
constexpr unsigned char kUntouched = 0xee;

struct Labels : testing::Test {
  int control(unsigned request, void* argument, bool read_only = false) {
    const auto result =
        control_dimm(lab.store, pmem, {.request = request, .read_only = read_only}, address_of(argument), lab.memory);
    return result ? 0 : result.error().value;
  }
  struct Got {
    int code = 0;
    std::uint32_t status = 0;
    std::vector<unsigned char> bytes{}; // `count` of the answer
  };
  Got get(std::uint32_t offset, std::uint32_t length, std::size_t count, bool read_only = false) {
    std::vector<unsigned char> call(sizeof(nd_cmd_get_config_data_hdr) + (8U << 10U), kUntouched);
    auto* header = reinterpret_cast<nd_cmd_get_config_data_hdr*>(call.data());
    header->in_offset = offset;
    header->in_length = length;
    Got got{.code = control(ND_IOCTL_GET_CONFIG_DATA, call.data(), read_only), .status = header->status};
    got.bytes.assign(header->out_buf, header->out_buf + count);
    return got;
  }
  Got set(std::uint32_t offset, std::uint32_t length, unsigned char byte, bool read_only = false) {
    std::vector<unsigned char> call(sizeof(nd_cmd_set_config_hdr) + (256U << 10U), byte);
    auto* header = reinterpret_cast<nd_cmd_set_config_hdr*>(call.data());
    header->in_offset = offset;
    header->in_length = length;
    Got got{.code = control(ND_IOCTL_SET_CONFIG_DATA, call.data(), read_only)};
    std::memcpy(&got.status, header->in_buf + length, sizeof got.status);
    return got;
  }
  static std::vector<unsigned char> all(std::size_t count, unsigned char byte) {
    return std::vector<unsigned char>(count, byte);
  }

  MailboxLab lab;
  CxlMemdevRecord& pmem = lab.memdev("mem2");
};

TEST_F(Labels, AreaIsBytesThatReadZeroUntilWritten) {
  std::array<std::byte, 64> bytes{};
  bytes.fill(std::byte{0x77});
  ASSERT_TRUE(nd::read_labels(lab.store, nd::label_area_of(pmem), kAreaSize - bytes.size(), bytes));
  EXPECT_EQ(bytes, (std::array<std::byte, 64>{}));
  bytes.fill(std::byte{0x77});
  ASSERT_TRUE(nd::write_labels(lab.store, nd::label_area_of(pmem), 100, bytes));
  std::array<std::byte, 130> around{};
  around.fill(std::byte{1});
  ASSERT_TRUE(nd::read_labels(lab.store, nd::label_area_of(pmem), 99, around));
  EXPECT_EQ(around[0], std::byte{0});
  EXPECT_EQ(around[1], std::byte{0x77});
  EXPECT_EQ(around[64], std::byte{0x77});
  EXPECT_EQ(around[65], std::byte{0});
  EXPECT_EQ(nd::read_labels(lab.store, nd::label_area_of(pmem), kAreaSize - 63, bytes).error(), Errno{EINVAL});
  EXPECT_EQ(nd::write_labels(lab.store, nd::label_area_of(pmem), ~0ULL, bytes).error(), Errno{EINVAL});
  EXPECT_EQ(nd::read_labels(lab.store, nd::label_area_of(lab.memdev("mem0")), 0, bytes).error(),
            Errno{EINVAL}); // it has no area
  pmem.labels_slot = 0;
  EXPECT_EQ(nd::read_labels(lab.store, nd::label_area_of(pmem), 0, bytes).error(), Errno{ENXIO});
}

TEST_F(Labels, SizeAndMostAreTheGuests) {
  nd_cmd_get_config_size size{.status = 1, .config_size = 1, .max_xfer = 1};
  EXPECT_EQ(control(ND_IOCTL_GET_CONFIG_SIZE, &size), 0);
  EXPECT_EQ(size.status, 0U);
  EXPECT_EQ(size.config_size, kAreaSize);
  EXPECT_EQ(size.max_xfer, 0x7f8U);
}

TEST_F(Labels, DataAreReadAsInTheGuest) {
  for (const std::uint32_t length : {0x10U, 0x3f8U, 0x400U, 0x7f8U, 0x800U}) {
    const Got got = get(0, length, length + 1);
    EXPECT_EQ(got.code, 0) << length;
    EXPECT_EQ(got.status, 0U) << length;
    auto expected = all(length, 0);
    expected.push_back(kUntouched);
    EXPECT_EQ(got.bytes, expected) << length;
  }
  EXPECT_EQ(get(0xfffff, 1, 2).bytes, (std::vector<unsigned char>{0, kUntouched}));
  struct Refusal {
    std::uint32_t offset;
    std::uint32_t length;
    int code;
  };
  for (const Refusal& one :
       {Refusal{0, 0x20000, E2BIG}, Refusal{0, 0x100000, E2BIG}, Refusal{0, 0x500000, EINVAL},
        Refusal{0xfffff, 2, ENXIO}, Refusal{0x100000, 0x10, ENXIO}, Refusal{0xffffffff, 0x10, ENXIO}}) {
    const Got got = get(one.offset, one.length, 4);
    EXPECT_EQ(got.code, one.code) << one.offset << " " << one.length;
    EXPECT_EQ(got.status, 0xeeeeeeeeU);
    EXPECT_EQ(got.bytes, all(4, kUntouched));
  }
}

TEST_F(Labels, DataAreWrittenAsInTheGuest) {
  EXPECT_EQ(set(0x80000, 0x10, 0x5a).code, 0);
  EXPECT_EQ(set(0x80000, 0x10, 0x5a).status, 0U);
  auto expected = all(16, 0x5a);
  expected.push_back(0);
  EXPECT_EQ(get(0x80000, 0x11, 0x11).bytes, expected);
  EXPECT_EQ(set(0x80000, 0x7f8, 2).code, 0);
  EXPECT_EQ(set(0x80000, 0x800, 3).code, E2BIG);
  EXPECT_EQ(set(0xffff8, 0x10, 4).code, ENXIO);
  EXPECT_EQ(set(0x80000, 0x20000, 5).code, E2BIG);
  EXPECT_EQ(set(0x80000, 0x20000, 5).status, 0x05050505U);
  EXPECT_EQ(get(0x80000, 4, 4).bytes, all(4, 2));
}

TEST_F(Labels, ReadOnlyDescriptorsReadDataAndNothingElse) {
  nd_cmd_get_config_size size{};
  EXPECT_EQ(control(ND_IOCTL_GET_CONFIG_SIZE, &size, true), EPERM); // the number is that of ND_CMD_CLEAR_ERROR
  EXPECT_EQ(get(0, 4, 4, true).code, 0);
  EXPECT_EQ(set(0, 4, 1, true).code, EPERM);
}

TEST_F(Labels, OnlyTheNumberOfARequestCounts) {
  std::array<unsigned char, 64> argument{};
  const std::array<int, 12> expected = {ENOTTY, ENOTTY, ENOTTY, ENOTTY, 0,      0,
                                        0,      ENOTTY, ENOTTY, ENOTTY, EINVAL, ENOTTY};
  for (unsigned number = 0; number < expected.size(); ++number) {
    for (const unsigned long request :
         std::initializer_list<unsigned long>{_IOWR('N', number, char[8]), _IOWR('N', number, char[64]),
                                              _IOWR('X', number, char[12]), _IO('N', number)}) {
      argument.fill(0);
      argument[4] = 4; // a length
      EXPECT_EQ(control(static_cast<unsigned>(request), argument.data()), expected[number]) << number;
    }
  }
  EXPECT_EQ(control(_IOWR('N', 4, char[64]), nullptr), EFAULT);
  EXPECT_EQ(control(_IOWR('N', 5, char[64]), nullptr), EFAULT);
  EXPECT_EQ(control(_IOWR('N', 6, char[64]), nullptr), EFAULT);
  EXPECT_EQ(control(_IOWR('N', 7, char[64]), nullptr), ENOTTY);
}

TEST_F(Labels, AreTheKernelsWhileADimmHasThem) {
  std::array<std::byte, 24> in{};
  in[8] = std::byte{0x33};
  SendCommand command{.id = 10, .in = {.size = in.size(), .address = address_of(in.data())}};
  const auto send = [&] { return control_memdev(lab.store, pmem, kSendCommand, address_of(&command), lab.memory); };
  EXPECT_EQ(send().error(), Errno{EBUSY});
  pmem.nvdimm_unbound = 1;
  ASSERT_TRUE(send());
  EXPECT_EQ(command.retval, 0U);
  std::array<std::byte, 1> first{};
  ASSERT_TRUE(nd::read_labels(lab.store, nd::label_area_of(pmem), 0, first));
  EXPECT_EQ(first[0], std::byte{0x33});
  nd_cmd_get_config_size size{};
  pmem.dimm = 0;
  EXPECT_EQ(control(ND_IOCTL_GET_CONFIG_SIZE, &size), ENXIO); // no DIMM, no commands of it
}

TEST_F(Labels, AreNotWrittenWhileARegionUsesThem) {
  store::CxlState& state = lab.store.cxl().state;
  store::CxlRegionRecord& region = state.regions[0];
  state.regions_used = 1;
  const CxlPortRecord* endpoint = port_at(lab.store, pmem.endpoint);
  ASSERT_NE(endpoint, nullptr);
  region.used = 1;
  region.mode = CxlMode::pmem;
  region.ways = region.nr_targets = 1;
  region.targets[0] = reference_of(lab.store, *decoder_of(lab.store, *endpoint, 0));
  EXPECT_EQ(set(0, 16, 1).code, 0);
  region.region = 1;
  store::RegionRecord& record = lab.store.region_table()[0];
  lab.store.platform().regions_used = 1;
  record.used = 1;
  record.cxl = 1;
  record.nd.labelled = 1;
  record.nd.unbound = 1;
  EXPECT_EQ(set(0, 16, 1).code, 0);
  record.nd.unbound = 0;
  EXPECT_EQ(set(0, 16, 2).code, EBUSY);
  EXPECT_EQ(get(0, 16, 16).bytes, all(16, 1));
}

} // namespace
} // namespace daxemu::cxl
