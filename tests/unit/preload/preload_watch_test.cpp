// A watch of /dev tells of the platform's nodes. It is the machine's /dev, whose own files others open meanwhile: where
// all that is read counts, what is asked for is what nobody else does there.
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "emu/dax/memory/node_news.hpp"
#include "runtime/preload/paths/watch_calls.hpp"
#include "runtime/preload/paths/watch_events.hpp"
#include "runtime/preload/paths/watched_nodes.hpp"
#include "tests/unit/preload/preload_support.hpp"

namespace daxemu::preload {
namespace {

TEST(NodeMask, SaysWhoWantsWhat) {
  const std::uint32_t both = NodeMask::of(IN_OPEN, IN_ATTRIB | IN_CREATE);
  EXPECT_EQ(both & NodeMask::kEvents, static_cast<std::uint32_t>(IN_OPEN | IN_ATTRIB));
  EXPECT_EQ(NodeMask::own_of(both), static_cast<std::uint32_t>(IN_OPEN));
  EXPECT_NE(both & NodeMask::kNews, 0U);
  const std::uint32_t own = NodeMask::of(IN_ALL_EVENTS, std::nullopt);
  EXPECT_EQ(NodeMask::own_of(own), NodeMask::kEvents | IN_DELETE_SELF);
  EXPECT_EQ(own & NodeMask::kNews, 0U);
  EXPECT_EQ(NodeMask::own_of(NodeMask::of(IN_ACCESS, std::nullopt)), 0U) << "nothing that happens, but it is watched";
  EXPECT_EQ(NodeMask::own_of(NodeMask::of(std::nullopt, IN_ALL_EVENTS)), std::nullopt);
  EXPECT_EQ(NodeMask::own_of(NodeMask::of(std::nullopt, std::nullopt)), std::nullopt);
  EXPECT_NE(NodeMask::of(std::nullopt, std::nullopt), 0U);
}

struct Event {
  int wd;
  std::uint32_t mask;
  std::string name;
  friend bool operator==(const Event&, const Event&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Event& event) {
    return out << event.wd << ":" << std::hex << event.mask << std::dec << ":" << event.name;
  }
};

// An inotify instance as a program has it under the library.
class Instance {
public:
  Instance() {
    EXPECT_NE(&context(), nullptr);
    FdTable::forget(fd_);
  }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance() {
    ::close(fd_);
    FdTable::forget(fd_);
  }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] int add(const char* path, std::uint32_t mask) const {
    return add_watch(fd_, path, mask,
                     [this](const char* p, std::uint32_t with) { return ::inotify_add_watch(fd_, p, with); });
  }
  [[nodiscard]] int remove(int wd) const {
    return remove_watch(fd_, wd, [this, wd] { return ::inotify_rm_watch(fd_, wd); });
  }
  // What there is to be read; those of real files in /dev left out.
  [[nodiscard]] std::vector<Event> read(std::size_t size = 4096) const {
    std::vector<Event> events;
    std::vector<char> bytes(size);
    for (;;) {
      const ssize_t got = read_by(fd_, bytes.data(), bytes.size());
      if (got <= 0) {
        EXPECT_EQ(errno, EAGAIN);
        return events;
      }
      for (ssize_t at = 0; at < got;) {
        inotify_event event{};
        std::memcpy(&event, bytes.data() + at, sizeof event);
        Event one{event.wd, event.mask, event.len != 0 ? bytes.data() + at + sizeof event : ""};
        if ((one.name.empty() || one.name.starts_with("dax")) && (one.mask & IN_ISDIR) == 0) {
          events.push_back(one);
        }
        at += static_cast<ssize_t>(sizeof event + event.len);
      }
    }
  }
  static ssize_t read_by(int fd, void* into, std::size_t size) {
    (void)context().descriptors().classify(fd); // as read_slow() does
    return read_events(fd, into, size, [fd](void* p, std::size_t n) { return ::read(fd, p, n); });
  }

private:
  int fd_ = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
};

void open_and_close(int flags = O_RDWR) {
  const int fd = ::open(node().record.location.c_str(), flags);
  ASSERT_GE(fd, 0);
  ::close(fd);
}
void touch() {
  ASSERT_EQ(::utimensat(AT_FDCWD, node().record.location.c_str(), nullptr, 0), 0);
}
void come() {
  dax::tell_watchers(node().record, dax::NodeNews::came);
}

TEST(WatchOfDev, TellsOfNodesByName) {
  const Instance watcher;
  const int dev = watcher.add("/dev", IN_ALL_EVENTS);
  ASSERT_GE(dev, 1);
  open_and_close();
  touch();
  open_and_close(O_RDONLY);
  EXPECT_EQ(watcher.read(), (std::vector<Event>{{dev, IN_OPEN, "dax0.0"},
                                                {dev, IN_CLOSE_WRITE, "dax0.0"},
                                                {dev, IN_ATTRIB, "dax0.0"},
                                                {dev, IN_OPEN, "dax0.0"},
                                                {dev, IN_CLOSE_NOWRITE, "dax0.0"}}));
}

TEST(WatchOfDev, TellsWhatItWasAskedFor) {
  const Instance watcher;
  const int dev = watcher.add("/dev/", IN_ATTRIB);
  open_and_close();
  touch();
  EXPECT_EQ(watcher.read(), (std::vector<Event>{{dev, IN_ATTRIB, "dax0.0"}}));
  EXPECT_EQ(watcher.add("/dev", IN_OPEN | IN_MASK_ADD), dev);
  open_and_close();
  touch();
  EXPECT_EQ(watcher.read(), (std::vector<Event>{{dev, IN_OPEN, "dax0.0"}, {dev, IN_ATTRIB, "dax0.0"}}));
  EXPECT_EQ(watcher.add("/dev", IN_OPEN), dev);
  open_and_close();
  touch();
  EXPECT_EQ(watcher.read(), (std::vector<Event>{{dev, IN_OPEN, "dax0.0"}}));
  EXPECT_EQ(watcher.add("/dev", IN_OPEN | IN_MASK_CREATE), -1);
  EXPECT_EQ(errno, EEXIST);
}

TEST(WatchOfDev, TellsOfWhatComesAndGoes) {
  const Instance watcher;
  const int dev = watcher.add("/dev", IN_CREATE | IN_DELETE);
  dax::tell_watchers(node().record, dax::NodeNews::went);
  dax::tell_watchers(node().record, dax::NodeNews::came);
  open_and_close();
  EXPECT_EQ(watcher.read(), (std::vector<Event>{{dev, IN_DELETE, "dax0.0"}, {dev, IN_CREATE, "dax0.0"}}));
}

TEST(WatchOfDev, IsFoundByAnyPath) {
  const Scratch scratch;
  const std::string link = scratch / "link";
  ASSERT_EQ(::symlink("/dev", link.c_str()), 0);
  const Instance by_link;
  const int dev = by_link.add(link.c_str(), IN_OPEN);
  const Instance of_link;
  ASSERT_GE(of_link.add(link.c_str(), IN_OPEN | IN_DONT_FOLLOW), 1);
  open_and_close();
  EXPECT_EQ(by_link.read(), (std::vector<Event>{{dev, IN_OPEN, "dax0.0"}}));
  EXPECT_EQ(of_link.read(), std::vector<Event>());
  EXPECT_TRUE(FdTable::is_foreign(of_link.fd())) << "read like any other descriptor";
}

TEST(WatchOfDev, EndsWhenItIsRemoved) {
  const Instance watcher;
  const int dev = watcher.add("/dev", IN_ALL_EVENTS);
  EXPECT_EQ(watcher.remove(dev + 1), -1) << "of a node: not the program's";
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(watcher.remove(dev), 0);
  open_and_close();
  dax::tell_watchers(node().record, dax::NodeNews::came);
  EXPECT_EQ(watcher.read(), (std::vector<Event>{{dev, IN_IGNORED, ""}}));
  EXPECT_EQ(watcher.remove(dev), -1);
  const int again = watcher.add("/dev", IN_OPEN);
  open_and_close();
  EXPECT_EQ(watcher.read(), (std::vector<Event>{{again, IN_OPEN, "dax0.0"}}));
}

TEST(WatchOfDev, IsBesideAWatchOfTheNode) {
  const Instance watcher;
  const int own = watcher.add(kDeviceNode, IN_ALL_EVENTS);
  const int dev = watcher.add("/dev", IN_OPEN | IN_CREATE);
  EXPECT_EQ(watcher.add(kDeviceNode, IN_OPEN | IN_MASK_CREATE), -1);
  EXPECT_EQ(errno, EEXIST);
  open_and_close();
  dax::tell_watchers(node().record, dax::NodeNews::came);
  EXPECT_EQ(watcher.read(),
            (std::vector<Event>{
                {dev, IN_OPEN, "dax0.0"}, {own, IN_OPEN, ""}, {own, IN_CLOSE_WRITE, ""}, {dev, IN_CREATE, "dax0.0"}}));
  EXPECT_EQ(watcher.add(kDeviceNode, IN_ATTRIB), own);
  EXPECT_EQ(watcher.add(kDeviceNode, IN_CLOSE_WRITE | IN_MASK_ADD), own);
  open_and_close();
  touch();
  EXPECT_EQ(watcher.read(),
            (std::vector<Event>{{dev, IN_OPEN, "dax0.0"}, {own, IN_CLOSE_WRITE, ""}, {own, IN_ATTRIB, ""}}));
  EXPECT_EQ(watcher.remove(own), 0);
  open_and_close();
  EXPECT_EQ(watcher.read(), (std::vector<Event>{{own, IN_IGNORED, ""}, {dev, IN_OPEN, "dax0.0"}}));
  const int anew = watcher.add(kDeviceNode, IN_CLOSE_WRITE | IN_MASK_CREATE);
  EXPECT_GE(anew, 1);
  EXPECT_EQ(watcher.remove(dev), 0);
  open_and_close();
  EXPECT_EQ(watcher.read(), (std::vector<Event>{{dev, IN_IGNORED, ""}, {anew, IN_CLOSE_WRITE, ""}}));
}

TEST(WatchOfDev, ToldOnceOnly) {
  const Instance watcher;
  const int dev = watcher.add("/dev", IN_ATTRIB | IN_ONESHOT);
  touch();
  touch();
  const auto first = watcher.read();
  EXPECT_EQ(first, (std::vector<Event>{{dev, IN_ATTRIB, "dax0.0"}, {dev, IN_IGNORED, ""}}));
  touch();
  EXPECT_EQ(watcher.read(), std::vector<Event>());
}

// The open file has it, not the number: a copy, one that came over a socket, one whose table of classes is another's.
TEST(WatchOfDev, GoesWithTheOpenFile) {
  const Instance watcher;
  std::array<char, 256> bytes{};
  const int copy = ::dup(watcher.fd());
  EXPECT_EQ(Instance::read_by(copy, bytes.data(), bytes.size()), -1);
  EXPECT_TRUE(FdTable::is_foreign(copy));
  const int dev = watcher.add("/dev", IN_ATTRIB);
  touch();
  ASSERT_EQ(Instance::read_by(copy, bytes.data(), bytes.size()), 32);
  inotify_event event{};
  std::memcpy(&event, bytes.data(), sizeof event);
  EXPECT_EQ(event.wd, dev);
  EXPECT_STREQ(bytes.data() + sizeof event, "dax0.0");
  touch();
  FdTable::forget_all(); // as after exec
  EXPECT_EQ(Instance::read_by(copy, bytes.data(), bytes.size()), 32);
  EXPECT_EQ(context().descriptors().classify(copy), FdClass::watcher);
  ::close(copy);
  FdTable::forget(copy);
}

TEST(WatchOfDev, FitsWhatTheProgramHasRoomFor) {
  const Instance watcher;
  ASSERT_GE(watcher.add("/dev", IN_CREATE | IN_ATTRIB), 1);
  constexpr int kPairs = 20;
  for (int at = 0; at < kPairs; ++at) {
    come();
    touch();
  }
  int queued = 0;
  ASSERT_EQ(::ioctl(watcher.fd(), FIONREAD, &queued), 0);
  EXPECT_GE(told_bytes(queued), 2 * kPairs * 32);
  std::vector<char> bytes(static_cast<std::size_t>(told_bytes(queued)));
  EXPECT_EQ(Instance::read_by(watcher.fd(), bytes.data(), bytes.size()), 2 * kPairs * 32) << "all at once";
  for (int at = 0; at < kPairs; ++at) {
    come();
    touch();
  }
  EXPECT_EQ(watcher.read(32).size(), 2U * kPairs) << "one by one";
  come();
  EXPECT_EQ(Instance::read_by(watcher.fd(), bytes.data(), 16), -1);
  EXPECT_EQ(errno, EINVAL);
  come();
  void* const unmapped = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_EQ(Instance::read_by(watcher.fd(), unmapped, 4096), -1);
  EXPECT_EQ(errno, EFAULT);
  ::munmap(unmapped, 4096);
}

TEST(WatchOfDev, IsReadInPieces) {
  const Instance watcher;
  ASSERT_GE(watcher.add("/dev", IN_CREATE | IN_ATTRIB), 1);
  come();
  touch();
  std::array<char, 64> bytes{};
  const iovec pieces[] = {{bytes.data(), 32}, {bytes.data() + 32, 32}};
  const int fd = watcher.fd();
  EXPECT_EQ(read_events_slow(fd, pieces, 2, [fd](void* p, std::size_t n) { return ::read(fd, p, n); }), 64);
  EXPECT_STREQ(bytes.data() + 16, "dax0.0");
  EXPECT_STREQ(bytes.data() + 48, "dax0.0");
}

TEST(WatchList, IsTheKernels) {
  const Scratch scratch;
  const int fd = ::inotify_init1(IN_CLOEXEC);
  EXPECT_TRUE(is_inotify(fd));
  EXPECT_FALSE(is_inotify(0));
  for (int at = 0; at < 200; ++at) { // more than one reading of the list
    const std::string name = scratch / std::to_string(at);
    const int file = ::open(name.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ::close(file);
    ASSERT_EQ(::inotify_add_watch(fd, name.c_str(), IN_OPEN), at + 1);
  }
  struct stat about {};
  ASSERT_EQ(::stat((scratch / "136").c_str(), &about), 0);
  int seen = 0;
  each_watch(fd, [&](const Watch& watch) {
    ++seen;
    if (watch.wd == 137) {
      EXPECT_EQ(watch.inode, about.st_ino);
      EXPECT_EQ(watch.mask & IN_ALL_EVENTS, static_cast<std::uint32_t>(IN_OPEN));
    }
    return true;
  });
  EXPECT_EQ(seen, 200);
  ::close(fd);
}

} // namespace
} // namespace daxemu::preload
