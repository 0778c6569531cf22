// Serving a fault whose mapping goes away meanwhile.
#include "runtime/fault/touches/fault_server.hpp"

#include <thread>

#include <poll.h>
#include <sys/mman.h>

#include "runtime/fault/touches/userfaultfd.hpp"
#include "tests/unit/fault/fault_platform.hpp"

namespace daxemu::fault {
namespace {

// Waits for a fault's message; its address, or 0.
std::uint64_t next_fault(int uffd) {
  pollfd one = {uffd, POLLIN, 0};
  uffd_msg message = {};
  if (::poll(&one, 1, 5000) != 1 || ::read(uffd, &message, sizeof(message)) != sizeof(message)) {
    return 0;
  }
  return message.arg.pagefault.address;
}

// Between the look at the table and the lock, another thread may have unmapped it: who waits must be woken all the
// same, or it sleeps for ever.
TEST(FaultServer, WakesWhoeverWaitsForAMappingThatIsGone) {
  auto uffd = open_user_mode_only(needed_features());
  if (!uffd) {
    GTEST_SKIP() << "userfaultfd(2): errno " << uffd.error().value;
  }
  const TestPlatform platform(kPmdSize, kPmdSize, store::BackingKind::shmem, store::EngineKind::populate);
  auto view = DeviceView::make(*platform.store, *platform.device);
  ASSERT_TRUE(view);
  VmaTable table;
  ASSERT_TRUE(table.reserve());
  TableLock lock;
  Filler filler;
  ASSERT_TRUE(filler.prepare());
  FaultServer server(table, lock, filler);
  server.use(UffdCalls(uffd->fd.get()));

  auto memory = Mapping::of(-1, kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  ASSERT_TRUE(memory);
  const auto address = reinterpret_cast<std::uint64_t>(memory->data());
  uffdio_register request = {};
  request.range = {address, kPageSize};
  request.mode = UFFDIO_REGISTER_MODE_MISSING;
  ASSERT_EQ(::ioctl(uffd->fd.get(), UFFDIO_REGISTER, &request), 0);
  std::thread toucher([&] { *static_cast<volatile char*>(memory->data()) = 1; });
  EXPECT_EQ(next_fault(uffd->fd.get()), address);
  const Vma gone{address, address + kPageSize, 0, &*view, PROT_READ | PROT_WRITE, 0};
  EXPECT_EQ(server.patch(gone, address, true), FaultServer::Served::present);
  EXPECT_EQ(next_fault(uffd->fd.get()), address) << "it was not woken";
  ASSERT_TRUE(server.uffd().zero(address, kPageSize));
  toucher.join();
}

} // namespace
} // namespace daxemu::fault
