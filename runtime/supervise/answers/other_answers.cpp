// Answers to calls of other shapes: on descriptors by commands and numbers, about the working directory, and execve(2).
#include <algorithm>
#include <array>
#include <climits>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/user_memory.hpp"
#include "runtime/preload/files/control_calls.hpp"
#include "runtime/supervise/answers/answers.hpp"
#include "runtime/supervise/answers/sealed_copy.hpp"

namespace daxemu::supervise {
namespace {

class ItsMemory final : public UserMemory {
public:
  explicit ItsMemory(const Target& target) : target_(&target) {}

  [[nodiscard]] bool read(void* into, std::uint64_t from, std::size_t size) const override {
    return size == 0 || target_->read(into, from, size).has_value();
  }
  [[nodiscard]] bool write(std::uint64_t into, const void* from, std::size_t size) const override {
    return size == 0 || target_->write(into, from, size).has_value();
  }

private:
  const Target* target_;
};

} // namespace

void Answers::by_control(const Target& target, const Call& call) {
  if (call.number == SYS_ioctl && mappings_.refuses_userfault(target, call.word[1], call.word[2])) {
    listener_->answer(call, fail(EINVAL));
    return;
  }
  const auto number = static_cast<int>(call.word[0]);
  const auto fd = may_be_ours(number) ? target.descriptor(number) : Result<UniqueFd>(fail(EBADF));
  if (!fd || !is_ours(fd->get())) {
    listener_->go_on(call);
    return;
  }
  const auto what = static_cast<unsigned>(call.word[1]);
  if (call.number == SYS_fcntl) {
    switch (what) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      if (call.word[2] >= target.most_descriptors()) {
        listener_->answer(call, fail(EINVAL)); // f_dupfd()
        return;
      }
      give(target, call, fd->get(), static_cast<int>(call.word[2]), what == F_DUPFD_CLOEXEC);
      return;
    case F_SETLEASE:
    case F_GETLEASE:
    case F_NOTIFY:
    case F_GETFL:
    case F_SETFL:
    case F_GET_SEALS:
    case F_ADD_SEALS:
    case F_GETPIPE_SZ:
    case F_SETPIPE_SZ: {
      const long result = ::syscall(SYS_fcntl, fd->get(), static_cast<long>(what), static_cast<long>(call.word[2]));
      listener_->answer(call, result < 0 ? Result<long>(fail(errno)) : result);
      return;
    }
    default: // of the number, or locks, which belong to who asks
      listener_->go_on(call);
      return;
    }
  }
  if (what == FIOCLEX || what == FIONCLEX || what == FIONBIO) {
    listener_->go_on(call);
    return;
  }
  // A request of a driver's own may name further places in the program.
  const ItsMemory memory(target);
  if (const auto done = preload::control_driver(*context_, fd->get(), what, call.word[2], memory); done) {
    listener_->answer(call, *done ? Result<long>(0) : Result<long>(tl::unexpected(done->error())));
    return;
  }
  // What a request takes or gives is at its argument; its size is not known of all.
  alignas(8) std::array<std::byte, 4096> room{};
  const std::size_t got = target.read_some(room.data(), call.word[2], room.size());
  const auto before = room;
  const long result = ::syscall(SYS_ioctl, fd->get(), static_cast<long>(what), got == 0 ? nullptr : room.data());
  Result<long> answer = result < 0 ? Result<long>(fail(errno)) : result;
  for (std::size_t at = 0; answer && at < got; ++at) {
    if (room[at] != before[at] && !target.write(call.word[2] + at, &room[at], 1)) {
      answer = fail(EFAULT);
    }
  }
  listener_->answer(call, answer);
}

void Answers::by_copy(const Target& target, const Call& call) {
  const auto number = static_cast<int>(call.word[0]);
  const auto wanted = static_cast<int>(call.word[1]);
  const auto fd = may_be_ours(number) ? target.descriptor(number) : Result<UniqueFd>(fail(EBADF));
  const bool same = call.number != SYS_dup && number == wanted;
  const bool strange = call.number == SYS_dup3 && (call.word[2] & ~static_cast<std::uint64_t>(O_CLOEXEC)) != 0;
  if (!fd || same || strange || !is_ours(fd->get())) {
    listener_->go_on(call);
    return;
  }
  if (call.number == SYS_dup) {
    give(target, call, fd->get(), 0, false);
    return;
  }
  const bool low = wanted >= 0 && static_cast<std::uint32_t>(wanted) < numbers_.first;
  on_low_numbers_ = on_low_numbers_ || low;
  const auto sealed = low && wanted > STDERR_FILENO ? sealed_copy(fd->get()) : Result<UniqueFd>();
  const int source = sealed && *sealed ? sealed->get() : fd->get();
  const bool close_on_exec = call.number == SYS_dup3 && call.word[2] != 0;
  if (wanted < 0) {
    listener_->answer(call, fail(EBADF));
  } else if (!sealed) {
    listener_->answer(call, tl::unexpected(sealed.error()));
  } else if (auto given = listener_->answer_with(call, source, wanted, close_on_exec); !given) {
    listener_->answer(call, tl::unexpected(given.error()));
  }
}

// To and from a device the kernel would copy nothing, but say so in another way.
void Answers::by_transfer(const Target& target, const Call& call) {
  for (const unsigned at : {0U, 2U}) {
    const auto number = static_cast<int>(call.word[at]);
    const auto fd = may_be_ours(number) ? target.descriptor(number) : Result<UniqueFd>(fail(EBADF));
    if (!fd || !is_ours(fd->get())) {
      continue;
    }
    // generic_copy_file_checks(): no regular file, or one of another file system.
    listener_->answer(call, fail(preload::Descriptors::is_vnode(fd->get()) ? EXDEV : EINVAL));
    return;
  }
  listener_->go_on(call);
}

void Answers::by_program(const Target& target, const Call& call, const Shape& shape) {
  const auto path = named(target, call, shape, call.number == SYS_execve ? 0 : 1);
  if (path && !path->path.empty() && target.shares_root() && leads_to_ours(path->path)) {
    struct stat about {};
    const bool there = ::stat(path->path.c_str(), &about) == 0;
    if (!there || !S_ISREG(about.st_mode) || (about.st_mode & 0111) == 0) {
      listener_->answer(call, fail(there ? EACCES : errno));
      return;
    }
  }
  listener_->go_on(call);
}

void Answers::by_directory(const Target& target, const Call& call, const Shape& shape) {
  if (call.number == SYS_getcwd) {
    get_directory(target, call);
    return;
  }
  std::string path;
  if (call.number == SYS_fchdir) {
    const auto number = static_cast<int>(call.word[0]);
    const auto fd = may_be_ours(number) ? target.descriptor(number) : Result<UniqueFd>(fail(EBADF));
    if (fd && is_ours(fd->get())) {
      if (auto name = target.name_of(number); name) {
        path = *name;
      }
    }
  } else if (auto meant = named(target, call, shape, 0);
             meant && !meant->path.empty() && (meant->from_emulated || leads_to_ours(meant->path))) {
    path = meant->path;
  }
  if (path.empty() || !target.shares_root()) {
    if (places_.any()) {
      places_.leave(target.process());
    }
    listener_->go_on(call);
    return;
  }
  change_directory(target, call, path);
}

void Answers::change_directory(const Target& target, const Call& call, const std::string& path) {
  // Made here for a moment: the answer and the name are those of the interposed calls.
  std::array<char, PATH_MAX> name{};
  Result<long> result = 0L;
  if (::chdir(path.c_str()) != 0 || ::getcwd(name.data(), name.size()) == nullptr) {
    result = fail(errno);
  }
  if (::chdir("/") != 0) {
    result = fail(ENOENT);
  }
  if (result) {
    places_.enter(target.process(), name.data());
  }
  listener_->answer(call, result);
}

void Answers::get_directory(const Target& target, const Call& call) {
  const std::string place = places_.any() ? places_.of(target.process()) : std::string();
  if (place.empty()) {
    listener_->go_on(call);
    return;
  }
  if (place.size() + 1 > call.word[1]) {
    listener_->answer(call, fail(ERANGE));
    return;
  }
  const auto written = target.write(call.word[0], place.c_str(), place.size() + 1);
  listener_->answer(call,
                    written ? Result<long>(static_cast<long>(place.size() + 1)) : tl::unexpected(written.error()));
}

} // namespace daxemu::supervise
