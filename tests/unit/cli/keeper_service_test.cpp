// The keeper gives the platform's files to who knows its secret, nothing to anybody else, and outlives what is sent to
// it.
#include "runtime/cli/stage/keeper_service.hpp"

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "emu/backing/file_source.hpp"
#include "emu/store/processes/keeper.hpp"
#include "runtime/cli/platforms/platform_builder.hpp"

namespace daxemu::cli {
namespace {

class Keeper : public ::testing::Test {
protected:
  void SetUp() override {
    PlatformOptions options;
    options.size = 4ULL << 20;
    options.backing = store::BackingKind::shmem;
    auto made = build_platform(options, "test", memory_);
    ASSERT_TRUE(made.has_value()) << made.error().what;
    platform_.emplace(std::move(*made));
    service_ = KeeperService::start(platform_->store, platform_->location);
    ASSERT_NE(service_, nullptr);
    const auto address = store::parse_keeper(service_->variable());
    ASSERT_TRUE(address);
    address_ = *address;
  }
  [[nodiscard]] const store::DeviceRecord& device() const { return *platform_->store.device_named("dax0.0"); }
  // A datagram of these bytes.
  void send(const void* bytes, std::size_t size) const {
    const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path + 1, address_.name.c_str(), address_.name.view().size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + address_.name.view().size());
    EXPECT_EQ(::sendto(socket.get(), bytes, size, 0, reinterpret_cast<const sockaddr*>(&to), length),
              static_cast<ssize_t>(size));
  }

  backing::MemfdSource memory_;
  std::optional<BuiltPlatform> platform_;
  std::unique_ptr<KeeperService> service_;
  store::KeeperAddress address_;
};

TEST_F(Keeper, GivesEachFileOfThePlatformAsAsked) {
  for (const char* location : {device().node.location.c_str(), device().backing.location.c_str(),
                               device().folios_location.c_str(), platform_->location.c_str()}) {
    for (const int flags : {O_RDWR, O_RDONLY | O_CLOEXEC, O_WRONLY | O_APPEND, O_PATH}) {
      const auto fd = store::ask_keeper(address_, location, flags);
      ASSERT_TRUE(fd) << location << ": " << fd.error().value;
      const int kept = O_ACCMODE | O_APPEND | O_PATH;
      EXPECT_EQ(::fcntl(fd->get(), F_GETFL) & kept, flags & kept);
      EXPECT_EQ(::fcntl(fd->get(), F_GETFD), (flags & O_CLOEXEC) != 0 ? FD_CLOEXEC : 0);
      EXPECT_EQ(sys::fstat(fd->get())->st_ino, sys::fstatat(AT_FDCWD, location, 0)->st_ino);
    }
  }
}

TEST_F(Keeper, GivesDescriptionsOfTheirOwn) {
  const auto one = store::ask_keeper(address_, device().node.location.c_str(), O_RDWR);
  const auto other = store::ask_keeper(address_, device().node.location.c_str(), O_RDWR);
  ASSERT_TRUE(one && other);
  EXPECT_EQ(::lseek(one->get(), 7, SEEK_SET), 7);
  EXPECT_EQ(::lseek(other->get(), 0, SEEK_CUR), 0);
}

// Asked by another process: in this one the keeper opens files of its own.
TEST_F(Keeper, GivesTheLowestFreeNumber) {
  const pid_t child = ::fork();
  if (child == 0) {
    const int lowest = ::dup(STDERR_FILENO);
    ::close(lowest);
    const auto fd = store::ask_keeper(address_, device().node.location.c_str(), O_RDWR);
    ::_exit(fd && fd->get() == lowest ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(Keeper, GivesNothingElse) {
  const auto error_of = [&](const char* location, int flags) {
    const auto fd = store::ask_keeper(address_, location, flags);
    return fd ? 0 : fd.error().value;
  };
  EXPECT_EQ(error_of("/etc/passwd", O_RDONLY), EACCES);
  EXPECT_EQ(error_of("/proc/self/fd/0", O_RDONLY), EACCES);
  EXPECT_EQ(error_of((platform_->location + "/").c_str(), O_RDONLY), EACCES);
  EXPECT_EQ(error_of(device().node.location.c_str(), O_RDWR | O_CREAT), EACCES);
  EXPECT_EQ(error_of(device().backing.location.c_str(), O_RDWR | O_TRUNC), EACCES);
  // What the store says by now is the word of whoever has it.
  auto& mutable_device = platform_->store.devices()[0];
  mutable_device.backing.location.assign("/etc/passwd");
  EXPECT_EQ(error_of("/etc/passwd", O_RDONLY), EACCES);
}

TEST_F(Keeper, DoesNotAnswerWhoDoesNotKnowTheSecret) {
  store::KeeperAddress wrong = address_;
  std::string secret(wrong.secret.view());
  secret[0] = secret[0] == '0' ? '1' : '0';
  wrong.secret.assign(secret);
  const auto fd = store::ask_keeper(wrong, device().node.location.c_str(), O_RDONLY);
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().value, EAGAIN);
  EXPECT_FALSE(store::parse_keeper("name"));
  EXPECT_FALSE(store::parse_keeper("name:short"));
  EXPECT_FALSE(store::parse_keeper(":" + std::string(store::kSecretDigits, 'a')));
}

TEST_F(Keeper, OutlivesWhateverIsSentToIt) {
  const char byte = 'x';
  store::KeeperRequest request;
  for (int at = 0; at < 100; ++at) {
    send(&byte, 1);
    send(&request, sizeof request);
    send(&request, sizeof request - 1);
    char large[sizeof request + 1] = {};
    send(large, sizeof large);
  }
  request.magic = store::kKeeperMagic;
  std::memcpy(request.secret.data(), address_.secret.c_str(), request.secret.size());
  request.location.assign(device().node.location.view());
  for (int at = 0; at < 100; ++at) {
    send(&request, sizeof request); // from a socket without a name, that is gone before the answer
  }
  EXPECT_TRUE(store::ask_keeper(address_, device().node.location.c_str(), O_RDONLY));
}

TEST_F(Keeper, IsGoneWithItsObject) {
  service_.reset();
  const auto fd = store::ask_keeper(address_, device().node.location.c_str(), O_RDONLY);
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().value, ECONNREFUSED);
}

// A store whose location leads nowhere from here is found by way of its keeper, and so are its files.
TEST_F(Keeper, OpensTheStoreAndItsFiles) {
  const std::string nowhere = "/proc/self/fd/99999/" + platform_->location;
  ASSERT_FALSE(store::Store::open(nowhere.c_str()));
  ::setenv(store::kKeeperVariable, service_->variable().c_str(), 1);
  ASSERT_FALSE(store::Store::open(nowhere.c_str())); // no such file there either
  auto opened = store::Store::open(platform_->location.c_str());
  ::unsetenv(store::kKeeperVariable);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->open_file(device().node.location.c_str(), O_RDWR));
  service_.reset();
  EXPECT_TRUE(opened->open_file(device().node.location.c_str(), O_RDWR)); // who may, does so by himself
}

} // namespace
} // namespace daxemu::cli
