// What is said of changes, as it arrives at a socket.
#include "emu/sysfs/uevents/uevent.hpp"

#include <cstring>

#include <endian.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/sysfs/sysfs_support.hpp"

namespace daxemu::sysfs {
namespace {

// A socket as the preload library makes it for a program that listens.
class Listener {
public:
  Listener(const store::Store& store, std::uint32_t groups) {
    sockaddr_nl own{};
    own.nl_family = AF_NETLINK;
    socklen_t size = sizeof own;
    EXPECT_GE(fd_, 0);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&own), &size), 0);
    EXPECT_TRUE(listen(store, own.nl_pid, groups));
    EXPECT_EQ(listens_to(store, own.nl_pid), groups);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { ::close(fd_); }

  // The next message, its NUL bytes as spaces; empty: none.
  [[nodiscard]] std::string next() const {
    std::string text(4096, '\0');
    const ssize_t length = ::recv(fd_, text.data(), text.size(), MSG_DONTWAIT);
    text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    std::replace(text.begin(), text.end(), '\0', ' ');
    return text;
  }

private:
  int fd_ = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_USERSOCK);
};

TEST(SysfsUevent, ADeviceIsHeardOfWhenItIsMade) {
  Fixture lab(64ULL << 20);
  ASSERT_EQ(lab.write("/sys/bus/dax/drivers/device_dax/unbind", "dax0.0"), 0);
  ASSERT_EQ(lab.write("/sys/devices/platform/hmem.0/dax0.0/size", "0"), 0);
  const Listener listener(lab.store, store::kUeventsOfKernel);
  ASSERT_EQ(lab.write("/sys/devices/platform/hmem.0/dax_region/create", "1"), 0);
  EXPECT_EQ(listener.next(), "add@/devices/platform/hmem.0/dax0.1 ACTION=add DEVPATH=/devices/platform/hmem.0/dax0.1 "
                             "SUBSYSTEM=dax MAJOR=254 MINOR=1 DEVNAME=dax0.1 MODALIAS=dax:t0 SEQNUM=2 ");
  EXPECT_EQ(listener.next(), "");
  ASSERT_EQ(lab.write("/sys/devices/platform/hmem.0/dax_region/delete", "dax0.1"), 0);
  EXPECT_TRUE(listener.next().starts_with("remove@/devices/platform/hmem.0/dax0.1 "));
}

TEST(SysfsUevent, ARefusedWriteIsNotHeardOf) {
  Fixture lab(64ULL << 20);
  const Listener listener(lab.store, store::kUeventsOfKernel);
  EXPECT_EQ(lab.write("/sys/bus/dax/drivers/device_dax/bind", "dax0.0"), EBUSY);
  EXPECT_EQ(lab.write("/sys/devices/platform/hmem.0/dax0.0/uevent", "nonsense"), EINVAL);
  EXPECT_EQ(listener.next(), "");
}

TEST(SysfsUevent, UdevsFormHasAHeaderThatFiltersRead) {
  Fixture lab(64ULL << 20);
  const Listener listener(lab.store, store::kUeventsOfUdev);
  ASSERT_EQ(lab.write("/sys/devices/platform/hmem.0/dax0.0/uevent", "change"), 0);
  const std::string text = listener.next();
  ASSERT_GT(text.size(), 40U);
  EXPECT_TRUE(text.starts_with("libudev "));
  std::uint32_t words[8];
  std::memcpy(words, text.data() + 8, sizeof words);
  EXPECT_EQ(be32toh(words[0]), 0xfeedcafeU);
  EXPECT_NE(text.find(" DEVNAME=/dev/dax0.0 "), std::string::npos);
}

TEST(SysfsUevent, ADiskIsHeardOfBeforeItsDriverIsBoundAndAfter) {
  Fixture lab(64ULL << 20, store::RegionKind::pmem);
  const std::string region = "/sys/devices/platform/e820_pmem/ndbus0/region0/";
  ASSERT_EQ(lab.write("/sys/bus/nd/drivers/dax_pmem/unbind", "dax0.0"), 0);
  ASSERT_EQ(lab.write(region + "dax0.0/namespace", "\n"), 0);
  ASSERT_EQ(lab.write(region + "namespace0.0/force_raw", "1"), 0);
  const Listener listener(lab.store, store::kUeventsOfKernel);
  ASSERT_EQ(lab.write("/sys/bus/nd/drivers/nd_pmem/bind", "namespace0.0"), 0);
  const std::string path = "/devices/platform/e820_pmem/ndbus0/region0/namespace0.0";
  const std::string disk = listener.next();
  EXPECT_TRUE(disk.starts_with("add@" + path + "/block/pmem0 "));
  EXPECT_NE(disk.find(" SUBSYSTEM=block MAJOR=259 MINOR=1048575 DEVNAME=pmem0 DEVTYPE=disk DISKSEQ=1 "),
            std::string::npos)
      << disk;
  const std::string bound = listener.next();
  EXPECT_TRUE(bound.starts_with("bind@" + path + " "));
  EXPECT_NE(bound.find(" DRIVER=nd_pmem "), std::string::npos) << bound;
  EXPECT_EQ(listener.next(), "");
  ASSERT_EQ(lab.write("/sys/bus/nd/drivers/nd_pmem/unbind", "namespace0.0"), 0);
  EXPECT_TRUE(listener.next().starts_with("remove@" + path + "/block/pmem0 "));
  EXPECT_TRUE(listener.next().starts_with("unbind@" + path + " "));
}

// What is heard until nothing is left, each message's "ACTION@NAME".
std::string heard(const Listener& listener) {
  std::string all;
  for (std::string text = listener.next(); !text.empty(); text = listener.next()) {
    const std::string path = text.substr(0, text.find(' '));
    all += path.substr(0, path.find('@') + 1) + path.substr(path.rfind('/') + 1) + " ";
  }
  return all;
}

// Of guests of each kernel (tests/clients/expected, uevents-kmem.txt).
TEST(SysfsUevent, TheNodeOfNewMemoryComesWhereTheKernelNamesIt) {
  for (const KernelId kernel : {KernelId::linux_6_12, KernelId::linux_7_3}) {
    Fixture lab(256ULL << 20, store::RegionKind::hmem, kernel, 1, dax::FirstDriver::none);
    ASSERT_EQ(lab.write("/sys/devices/system/memory/auto_online_blocks", "online_movable"), 0);
    const Listener listener(lab.store, store::kUeventsOfKernel);
    ASSERT_EQ(lab.write("/sys/bus/dax/drivers/kmem/bind", "dax0.0"), 0);
    EXPECT_EQ(heard(listener),
              kernel == KernelId::linux_7_3
                  ? "add@node1 add@memory40 add@memory41 online@memory40 online@memory41 bind@dax0.0 "
                  : "add@memory40 add@memory41 add@node1 online@memory40 online@memory41 bind@dax0.0 ");
    ASSERT_EQ(lab.write("/sys/devices/system/memory/memory41/state", "offline"), 0);
    EXPECT_EQ(heard(listener), "offline@memory41 ");
    ASSERT_EQ(lab.write("/sys/bus/dax/drivers/kmem/unbind", "dax0.0"), 0);
    EXPECT_EQ(heard(listener), "unbind@dax0.0 ") << "what is left does not go";
  }
}

TEST(SysfsUevent, MemoryThatIsUnpluggedGoesOfflineFirst) {
  Fixture lab(256ULL << 20, store::RegionKind::hmem, KernelId::linux_7_3, 1, dax::FirstDriver::none);
  ASSERT_EQ(lab.write("/sys/devices/system/memory/auto_online_blocks", "online_movable"), 0);
  ASSERT_EQ(lab.write("/sys/bus/dax/drivers/kmem/bind", "dax0.0"), 0);
  const Listener listener(lab.store, store::kUeventsOfKernel);
  ASSERT_EQ(lab.write("/sys/devices/platform/hmem_platform.0/hmem.0/dax0.0/state", "unplugged"), 0);
  EXPECT_EQ(heard(listener), "offline@memory40 offline@memory41 remove@memory40 remove@memory41 remove@node1 ");
  ASSERT_EQ(lab.write("/sys/bus/dax/drivers/kmem/unbind", "dax0.0"), 0);
  EXPECT_EQ(heard(listener), "unbind@dax0.0 ") << "it has gone already";
}

TEST(SysfsUevent, WhoHasClosedItsSocketIsForgotten) {
  Fixture lab(64ULL << 20);
  { const Listener gone(lab.store, store::kUeventsOfKernel); }
  ASSERT_EQ(lab.write("/sys/devices/platform/hmem.0/dax0.0/uevent", "change"), 0);
  for (const store::UeventListener& listener : lab.store.platform().uevent_listeners) {
    EXPECT_EQ(listener.port.load(), 0U);
  }
}

} // namespace
} // namespace daxemu::sysfs
