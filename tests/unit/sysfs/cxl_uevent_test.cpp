// What is said of changes of a CXL topology, in the order in which Linux 7.3 said it in a guest.
#include <algorithm>

#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emu/sysfs/uevents/uevent.hpp"
#include "tests/unit/sysfs/cxl_lab.hpp"

namespace daxemu::sysfs {
namespace {

class Listener {
public:
  explicit Listener(const store::Store& store) {
    sockaddr_nl own{};
    own.nl_family = AF_NETLINK;
    socklen_t size = sizeof own;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&own), &size), 0);
    EXPECT_TRUE(listen(store, own.nl_pid, store::kUeventsOfKernel));
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { ::close(fd_); }

  // "add endpoint2", of all that have come: the action and the last word of the path.
  [[nodiscard]] std::vector<std::string> all() const {
    std::vector<std::string> said;
    std::string text(4096, '\0');
    for (ssize_t length = 0; (length = ::recv(fd_, text.data(), text.size(), MSG_DONTWAIT)) > 0;) {
      const std::string head(text.c_str()); // up to the first NUL byte
      last_ = text.substr(0, static_cast<std::size_t>(length));
      std::replace(last_.begin(), last_.end(), '\0', ' ');
      said.push_back(head.substr(0, head.find('@')) + " " + head.substr(head.rfind('/') + 1));
    }
    return said;
  }
  // The words of the last one.
  [[nodiscard]] const std::string& last() const { return last_; }

private:
  int fd_ = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_USERSOCK);
  mutable std::string last_;
};
using Said = std::vector<std::string>;

TEST(SysfsCxlUevent, AMemdevThatIsLetGoOfAndTakenAgain) {
  const CxlLab lab(KernelId::linux_7_3);
  const Listener listener(lab.store);
  ASSERT_EQ(lab.write("/sys/bus/cxl/drivers/cxl_mem/unbind", "mem0"), 0);
  EXPECT_EQ(listener.all(), (Said{"remove decoder2.3", "remove decoder2.2", "remove decoder2.1", "remove decoder2.0",
                                  "unbind endpoint2", "remove endpoint2", "unbind mem0"}));
  EXPECT_EQ(listener.last(), "unbind@/devices/pci0000:0c/0000:0c:00.0/0000:0d:00.0/mem0 ACTION=unbind "
                             "DEVPATH=/devices/pci0000:0c/0000:0c:00.0/0000:0d:00.0/mem0 SUBSYSTEM=cxl MAJOR=250 "
                             "MINOR=0 DEVNAME=cxl/mem0 DEVTYPE=cxl_memdev SEQNUM=7 ");
  ASSERT_EQ(lab.write("/sys/bus/cxl/drivers/cxl_mem/bind", "mem0"), 0);
  EXPECT_EQ(listener.all(), (Said{"add endpoint2", "add decoder2.0", "add decoder2.1", "add decoder2.2",
                                  "add decoder2.3", "bind endpoint2", "bind mem0"}));
}

TEST(SysfsCxlUevent, ARegionIsHeardOfAndWhyItWasRefusedIsNot) {
  const CxlLab lab(KernelId::linux_7_3);
  const Listener listener(lab.store);
  const std::string window = "/sys/bus/cxl/devices/decoder0.0/";
  ASSERT_EQ(lab.write(window + "create_ram_region", "region7"), EBUSY);
  EXPECT_EQ(listener.all(), Said{});
  ASSERT_EQ(lab.write(window + "create_ram_region", "region0"), 0);
  EXPECT_EQ(listener.all(), Said{"add region0"});
  EXPECT_EQ(listener.last(),
            "add@/devices/platform/ACPI0017:00/root0/decoder0.0/region0 ACTION=add "
            "DEVPATH=/devices/platform/ACPI0017:00/root0/decoder0.0/region0 SUBSYSTEM=cxl DEVTYPE=cxl_region "
            "MODALIAS=cxl:t6 SEQNUM=1 ");
  ASSERT_EQ(lab.write(window + "delete_region", "region0"), 0);
  EXPECT_EQ(listener.all(), Said{"remove region0"});
}

TEST(SysfsCxlUevent, WhoAsksForOneGetsIt) {
  const CxlLab lab;
  const Listener listener(lab.store);
  ASSERT_EQ(lab.write("/sys/bus/cxl/devices/endpoint3/uevent", "change"), 0);
  EXPECT_EQ(listener.all(), Said{"change endpoint3"});
  EXPECT_TRUE(listener.last().ends_with(
      "SUBSYSTEM=cxl SYNTH_UUID=0 DEVTYPE=cxl_port DRIVER=cxl_port MODALIAS=cxl:t3 SEQNUM=1 "))
      << listener.last();
}

} // namespace
} // namespace daxemu::sysfs
