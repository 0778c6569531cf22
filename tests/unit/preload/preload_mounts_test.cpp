// Nodes bound to other places, and what is mounted on nodes: in a mount namespace of a child's own.
#include <functional>
#include <string>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "runtime/preload/files/handle_calls.hpp"
#include "runtime/preload/files/open_calls.hpp"
#include "runtime/preload/nodes/covers.hpp"
#include "runtime/preload/nodes/opened/stand_ins.hpp"
#include "runtime/preload/paths/mount_calls.hpp"
#include "runtime/preload/paths/stat_calls.hpp"
#include "tests/unit/preload/preload_support.hpp"

namespace daxemu::preload {
namespace {

// In a child, for a mount namespace is not left again. What fails there is printed by it.
void apart(const std::function<void()>& body) {
  (void)context();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      ::_exit(77);
    }
    body();
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
    GTEST_SKIP() << "no mount namespace for this user";
  }
  EXPECT_EQ(status, 0);
}

std::string new_file(const Scratch& scratch, const char* name) {
  std::string path = scratch / name;
  const int fd = ::open(path.c_str(), O_CREAT | O_RDWR, 0600);
  EXPECT_GE(fd, 0);
  ::close(fd);
  return path;
}

int bind_to(const std::string& source, const std::string& target) {
  return mount_path(source.c_str(), target.c_str(), MS_BIND,
                    [](const char* from, const char* to) { return ::mount(from, to, nullptr, MS_BIND, nullptr); });
}

int unmount(const std::string& path) {
  return on_mount_of(AT_FDCWD, path.c_str(), Follow::always, [](const char* p) { return ::umount(p); });
}

int open_at(const std::string& path, int flags) {
  return open_path(AT_FDCWD, path.c_str(), flags, [flags](const char* p) { return ::open(p, flags, 0600); });
}

struct stat stat_of(const std::string& path) {
  struct stat about {};
  EXPECT_EQ(stat_path(AT_FDCWD, path.c_str(), 0, &about, [&](const char* p) { return ::stat(p, &about); }), 0) << path;
  return about;
}

std::string kind_of(const std::string& path) {
  const struct stat about = stat_of(path);
  return S_ISCHR(about.st_mode) ? "device" : S_ISREG(about.st_mode) ? "file" : "other";
}

// What daxemu run does at the platform's end.
void remove_covers() {
  store::each_cover(context().store(), nullptr, [](const store::CoverRecord& cover) {
    EXPECT_TRUE(::unlink(cover.path.c_str()) == 0 || errno == ENOENT) << cover.path.view(); // an earlier test's
    return true;
  });
}

TEST(Mounts, ABoundNodeIsTheNode) {
  apart([] {
    const Scratch scratch;
    const std::string place = new_file(scratch, "bound");
    ASSERT_EQ(bind_to(kDeviceNode, place), 0) << errno;
    const struct stat node = stat_of(kDeviceNode);
    const struct stat bound = stat_of(place);
    EXPECT_TRUE(S_ISCHR(bound.st_mode));
    EXPECT_EQ(bound.st_rdev, node.st_rdev);
    EXPECT_EQ(bound.st_ino, node.st_ino);
    EXPECT_EQ(bound.st_dev, node.st_dev);
    const int fd = open_at(place, O_RDWR | O_TRUNC);
    ASSERT_GE(fd, 0) << errno;
    EXPECT_NE(context().device_of(fd), nullptr);
    FdTable::forget(fd); // as in a program that has inherited it
    EXPECT_EQ(context().descriptors().classify(fd), FdClass::device);
    char byte = 0;
    EXPECT_EQ(::read(fd, &byte, 1), -1); // past us too
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(::pwrite(fd, "x", 1, 0), -1);
    EXPECT_EQ(errno, ENOSPC);
    EXPECT_EQ(unmount(place), -1);
    EXPECT_EQ(errno, EBUSY);
    ::close(fd);
    FdTable::forget(fd);
    EXPECT_EQ(unmount(place), 0) << errno;
    EXPECT_EQ(kind_of(place), "file");
  });
}

TEST(Mounts, AFileSystemThatTakesTheNumberOfABindIsNone) {
  apart([] {
    const Scratch scratch;
    const std::string place = new_file(scratch, "bound");
    ASSERT_EQ(bind_to(kDeviceNode, place), 0);
    struct stat before {};
    ASSERT_EQ(::stat(place.c_str(), &before), 0);
    ASSERT_EQ(::umount(place.c_str()), 0);
    const std::string folder = scratch / "other";
    ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
    ASSERT_EQ(::mount("none", folder.c_str(), "tmpfs", 0, nullptr), 0);
    for (const char* name : {"/a", "/b", "/c"}) {
      const std::string file = folder + name;
      const int fd = ::open(file.c_str(), O_CREAT | O_RDWR, 0600);
      ASSERT_GE(fd, 0);
      EXPECT_EQ(kind_of(file), "file");
      EXPECT_EQ(context().device_of(fd), nullptr);
      ::close(fd);
      FdTable::forget(fd);
    }
    ::umount(folder.c_str());
  });
}

TEST(Mounts, ABindMayBeBoundAndHasTheFlagsOfItsMount) {
  apart([] {
    const Scratch scratch;
    const std::string place = new_file(scratch, "bound");
    const std::string second = new_file(scratch, "second");
    ASSERT_EQ(bind_to(kDeviceNode, place), 0);
    ASSERT_EQ(bind_to(place, second), 0);
    EXPECT_EQ(unmount(place), 0);
    EXPECT_EQ(kind_of(second), "device");
    ASSERT_EQ(::mount(nullptr, second.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
    const int fd = open_at(second, O_RDWR); // EROFS is not for devices
    EXPECT_GE(fd, 0) << errno;
    ::close(fd);
    FdTable::forget(fd);
    ASSERT_EQ(::mount(nullptr, second.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_NODEV, nullptr), 0);
    EXPECT_EQ(open_at(second, O_RDONLY), -1);
    EXPECT_EQ(errno, EACCES);
    EXPECT_EQ(unmount(second), 0);
  });
}

TEST(Mounts, IsRefusedAsTheKernelDoes) {
  apart([] {
    const Scratch scratch;
    EXPECT_EQ(bind_to(kDeviceNode, scratch / "missing"), -1);
    EXPECT_EQ(errno, ENOENT);
    EXPECT_EQ(bind_to(kDeviceNode, "/tmp"), -1);
    EXPECT_EQ(errno, ENOTDIR);
    EXPECT_EQ(bind_to("/tmp", kDeviceNode), -1);
    EXPECT_EQ(errno, ENOTDIR);
    EXPECT_EQ(bind_to(scratch / "missing", kDeviceNode), -1);
    EXPECT_EQ(errno, ENOENT);
    EXPECT_EQ(unmount(kDeviceNode), -1);
    EXPECT_EQ(errno, EINVAL);
    remove_covers();
  });
}

TEST(Mounts, AFileOnANodeIsFoundInItsPlace) {
  apart([] {
    const Scratch scratch;
    const std::string file = new_file(scratch, "file");
    ASSERT_EQ(bind_to(file, kDeviceNode), 0) << errno;
    EXPECT_EQ(kind_of(kDeviceNode), "file");
    struct stat about {};
    ASSERT_EQ(::stat(file.c_str(), &about), 0);
    EXPECT_EQ(stat_of(kDeviceNode).st_ino, about.st_ino);
    const std::string third = new_file(scratch, "third");
    EXPECT_EQ(bind_to(kDeviceNode, third), 0); // what is mounted on it
    EXPECT_EQ(kind_of(third), "file");
    EXPECT_EQ(::umount(third.c_str()), 0);
    EXPECT_EQ(unmount(kDeviceNode), 0);
    EXPECT_EQ(kind_of(kDeviceNode), "device");
    remove_covers();
  });
}

TEST(Mounts, ATreeOfTheNodeIsMovedWhereverItIsTo) {
  apart([] {
    const Scratch scratch;
    const std::string place = new_file(scratch, "place");
    const auto tree_of = [](int dirfd, const char* path, unsigned flags) {
      return open_tree_path(dirfd, path, flags, [=](const char* p) { return ::open_tree(dirfd, p, flags); });
    };
    const auto move = [](int tree, const char* to) {
      return move_mount_path({tree, "", Follow::always}, {AT_FDCWD, to, Follow::not_last},
                             [=](const char* what, const char* where) {
                               return ::move_mount(tree, what, AT_FDCWD, where, MOVE_MOUNT_F_EMPTY_PATH);
                             });
    };
    EXPECT_EQ(tree_of(AT_FDCWD, kDeviceNode, OPEN_TREE_CLONE | 0x40000000U), -1);
    EXPECT_EQ(errno, EINVAL);
    const int lowest = ::dup(0);
    ::close(lowest);
    const int tree = tree_of(AT_FDCWD, kDeviceNode, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    ASSERT_EQ(tree, lowest) << errno;
    EXPECT_NE(context().device_of(tree), nullptr);
    EXPECT_EQ(move(tree, place.c_str()), 0) << errno;
    EXPECT_EQ(kind_of(place), "device");
    const int again = tree_of(AT_FDCWD, place.c_str(), OPEN_TREE_CLONE);
    ASSERT_GE(again, 0) << errno;
    EXPECT_EQ(::fcntl(again, F_GETFD), 0);
    EXPECT_EQ(move(again, kDeviceNode), 0) << errno;
    const int fd = open_at("/dev/dax0.0", O_RDWR);
    const int of_fd = tree_of(fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH); // of what is mounted on the node
    EXPECT_GE(of_fd, 0) << errno;
    for (const int one : {tree, again, fd, of_fd}) {
      ::close(one);
      FdTable::forget(one);
    }
    EXPECT_EQ(unmount(kDeviceNode), 0) << errno;
    EXPECT_EQ(unmount(place), 0) << errno;
    remove_covers();
  });
}

TEST(Mounts, ANodeOnANodeToo) {
  apart([] {
    const Scratch scratch;
    const std::string place = new_file(scratch, "bound");
    ASSERT_EQ(bind_to(kDeviceNode, place), 0);
    ASSERT_EQ(bind_to(place, kDeviceNode), 0);
    EXPECT_EQ(kind_of(kDeviceNode), "device");
    const int fd = open_at(kDeviceNode, O_RDWR);
    EXPECT_NE(context().device_of(fd), nullptr);
    EXPECT_EQ(unmount(kDeviceNode), -1);
    EXPECT_EQ(errno, EBUSY);
    ::close(fd);
    FdTable::forget(fd);
    EXPECT_EQ(unmount(kDeviceNode), 0);
    EXPECT_EQ(unmount(kDeviceNode), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(unmount(place), 0);
    remove_covers();
  });
}

} // namespace
} // namespace daxemu::preload
