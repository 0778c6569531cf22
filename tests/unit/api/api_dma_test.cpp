// The bus master through the C API: memory, and files by io_uring.
#include <cstring>
#include <random>

#include <unistd.h>

#include <gtest/gtest.h>

#include <daxemu/daxemu.hpp>

namespace {

class ApiDma : public testing::Test {
protected:
  static daxemu::DeviceOptions options() {
    daxemu::DeviceOptions options;
    options.size = 8U << 20;
    options.mode = "emulate";
    return options;
  }
  void SetUp() override {
    platform_.use();
    daxemu::checked(daxemu_bus_master_create(true, &master_));
  }
  void TearDown() override { daxemu_bus_master_destroy(master_); }

  daxemu::Platform platform_;
  daxemu::Device device_{platform_, options()};
  daxemu::Mapping mapping_{device_.map(4U << 20)};
  daxemu_bus_master* master_ = nullptr;
};

TEST_F(ApiDma, ARegistrationLivesWithoutItsMapping) {
  daxemu::Pin pin(mapping_.data(), 1024);
  uint64_t bus = 0;
  ASSERT_EQ(daxemu_dma_map(master_, pin.ranges()[0].page, 1024, DAXEMU_DMA_BIDIRECTIONAL, &bus), 0);
  mapping_.reset();
  const std::string sent = "written by the device while nobody has it mapped";
  ASSERT_EQ(daxemu_dma_write(master_, bus + 12345, sent.data(), sent.size()), 0);
  std::string received(sent.size(), '\0');
  ASSERT_EQ(daxemu_dma_read(master_, bus + 12345, received.data(), received.size()), 0);
  EXPECT_EQ(received, sent);
  const auto again = device_.map(4U << 20);
  EXPECT_EQ(std::memcmp(again.bytes() + 12345, sent.data(), sent.size()), 0);
  EXPECT_TRUE(daxemu_folio_test_dirty(daxemu_page_folio(pin.ranges()[0].page)));
  pin.release(true);
  EXPECT_EQ(daxemu_dma_write(master_, bus, sent.data(), 1), -EPERM) << "unpinned while mapped: the driver's bug";
  EXPECT_NE(std::string(daxemu_last_error()).find("nobody has pinned"), std::string::npos);
  ASSERT_EQ(daxemu_dma_unmap(master_, bus), 0);
  EXPECT_EQ(daxemu_dma_write(master_, bus, sent.data(), 1), -EFAULT);
}

TEST_F(ApiDma, FilesMoveBothWays) {
  char path[] = "/tmp/daxemu-dma-XXXXXX";
  const int fd = ::mkstemp(path);
  ASSERT_GE(fd, 0);
  ::unlink(path);
  std::vector<unsigned char> content(3'000'001);
  std::mt19937 random(7);
  for (auto& byte : content) {
    byte = static_cast<unsigned char>(random());
  }
  ASSERT_EQ(::write(fd, content.data(), content.size()), static_cast<ssize_t>(content.size()));

  const daxemu::Pin pin(mapping_.data(), 1024);
  uint64_t bus = 0;
  ASSERT_EQ(daxemu_dma_map(master_, pin.ranges()[0].page, 1024, DAXEMU_DMA_FROM_DEVICE, &bus), 0);
  EXPECT_EQ(daxemu_dma_to_file(master_, bus, fd, 0, 4096), -EACCES) << "the wrong direction";
  EXPECT_EQ(daxemu_dma_from_file(master_, bus + 100, fd, 0, 4'000'000), 3'000'001) << daxemu_last_error();
  EXPECT_EQ(std::memcmp(mapping_.bytes() + 100, content.data(), content.size()), 0);

  uint64_t out = 0;
  ASSERT_EQ(daxemu_dma_map(master_, pin.ranges()[0].page, 1024, DAXEMU_DMA_TO_DEVICE, &out), 0);
  EXPECT_EQ(daxemu_dma_to_file(master_, out + 100, fd, 5'000'000, content.size()), 3'000'001) << daxemu_last_error();
  std::vector<unsigned char> back(content.size());
  ASSERT_EQ(::pread(fd, back.data(), back.size(), 5'000'000), static_cast<ssize_t>(back.size()));
  EXPECT_EQ(back, content);
  EXPECT_EQ(daxemu_dma_from_file(master_, bus, -1, 0, 4096), -EBADF);
  ::close(fd);
}

} // namespace
