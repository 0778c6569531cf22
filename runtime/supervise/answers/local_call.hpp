// A call of the program made here, in its place, by the interposed functions (syscall(2) goes to them by the one table
// of calls): its arguments are carried over, what it fills is carried back.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <sys/uio.h>

#include "emu/base/kernel/unique_fd.hpp"
#include "runtime/supervise/answers/shapes.hpp"
#include "runtime/supervise/install/listener.hpp"
#include "runtime/supervise/spaces/target.hpp"

namespace daxemu::supervise {

class LocalCall {
public:
  // `paths`: absolute ones in place of the program's, in the order of the arguments; an empty one is empty for it too.
  // `bound`: as the program said them, which begin where it said.
  // Errors: EFAULT, EINVAL, ENAMETOOLONG, EBADF, as the kernel has them; EPERM if the program cannot be looked into.
  [[nodiscard]] static Result<LocalCall> carry(const Target& target, const Call& call, const Shape& shape,
                                               const std::vector<std::string>& paths, bool bound);

  // access(2) and its kin, which go by the real user.
  [[nodiscard]] bool is_by_real_user() const;
  // Has such a one go by whom files are opened by, as who has taken over rights did only there (Rights).
  void ask_by_file_system_user();

  // Makes it. A descriptor that it gives is ours.
  [[nodiscard]] Result<long> make();
  // Carries back what it has filled. Errors: EFAULT.
  [[nodiscard]] Result<void> carry_back(const Target& target, long result) const;

private:
  struct Filled {
    std::uint64_t address = 0; // the program's
    const std::byte* from = nullptr;
    std::size_t size = 0;
    bool by_result = false; // only as many bytes as the call says
  };

  LocalCall() = default;
  [[nodiscard]] std::byte* room(std::size_t size);
  // For bytes that the program has at `address`: as that is aligned, for a file that is open with O_DIRECT.
  [[nodiscard]] std::byte* room_like(std::uint64_t address, std::size_t size);
  [[nodiscard]] Result<void> take(const Target& target, unsigned at, std::size_t size);
  [[nodiscard]] Result<void> take_text(const Target& target, unsigned at);
  [[nodiscard]] Result<void> take_pieces(const Target& target, unsigned at, bool fills);
  [[nodiscard]] Result<void> take_descriptor(const Target& target, unsigned at);
  [[nodiscard]] Result<void> take_directory(const Target& target, unsigned at); // AT_FDCWD
  void fill(unsigned at, std::size_t size, bool by_result);
  void place(unsigned at, const void* local) { word_[at] = reinterpret_cast<long>(local); }

  int number_ = 0;
  std::array<long, 6> word_{};
  std::vector<std::unique_ptr<std::byte[]>> rooms_;
  std::vector<UniqueFd> descriptors_;
  std::vector<Filled> filled_;
};

} // namespace daxemu::supervise
