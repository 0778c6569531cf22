// Who answers a call that was told of: the kernel, because nothing of ours is named; or we.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/preload/names/context.hpp"
#include "runtime/supervise/answers/mappings.hpp"
#include "runtime/supervise/answers/places.hpp"
#include "runtime/supervise/answers/shapes.hpp"
#include "runtime/supervise/crew.hpp"
#include "runtime/supervise/install/filter.hpp"
#include "runtime/supervise/install/listener.hpp"
#include "runtime/supervise/spaces/target.hpp"

namespace daxemu::supervise {

class Answers {
public:
  Answers(preload::Context& context, const Listener& listener, Numbers numbers, Devices& devices, Spaces& spaces,
          Follower& follower, Crew& crew)
      : context_(&context), listener_(&listener), numbers_(numbers), follower_(&follower), crew_(&crew),
        mappings_(context, listener, devices, spaces, follower) {}

  void answer(const Call& call);

private:
  // A path as the program meant it, absolute in our own root; empty: it is empty. Nothing: the kernel's to refuse.
  struct Named {
    std::string path;
    bool from_emulated = false; // it is relative, and begins in a directory that the kernel does not have
  };
  [[nodiscard]] std::optional<Named> named(const Target& target, const Call& call, const Shape& shape, unsigned at);
  [[nodiscard]] std::optional<Named> named(const Target& target, const Call& call, const Shape& shape, unsigned at,
                                           const std::string& text);
  [[nodiscard]] bool is_elsewhere(const Target& target, const Call& call, const Shape& shape, unsigned at,
                                  const std::string& text);
  [[nodiscard]] bool leads_to_ours(const std::string& path) const;
  [[nodiscard]] bool is_ours(int fd) const;
  [[nodiscard]] bool may_be_ours(int number) const;

  void by_path(const Target& target, const Call& call, const Shape& shape);
  void by_descriptor(const Target& target, const Call& call, const Shape& shape);
  void by_control(const Target& target, const Call& call);
  void by_copy(const Target& target, const Call& call);
  void by_transfer(const Target& target, const Call& call);
  void by_program(const Target& target, const Call& call, const Shape& shape);
  void by_directory(const Target& target, const Call& call, const Shape& shape);
  void by_wait(const Target& target, const Call& call);
  void change_directory(const Target& target, const Call& call, const std::string& path);
  void get_directory(const Target& target, const Call& call);
  void make(const Target& target, const Call& call, const Shape& shape, const std::vector<std::string>& paths,
            bool bound = false);
  // Answers a call that may have changed the platform: by then the program's mappings are what they are to be.
  void conclude(const Target& target, const Call& call, const Result<long>& result);
  // Answers with a descriptor: where the filter notices it if it is ours.
  void give(const Target& target, const Call& call, int fd, int least, bool close_on_exec);

  // A descriptor of a path only, which the listener does not pass on.
  void give_path_only(const Target& target, const Call& call, int fd, int first, bool close_on_exec);
  // Is it a file of /proc about a process that says something of ours?
  [[nodiscard]] bool tells_of_ours(const Shape& shape, const std::string& path) const;

  preload::Context* context_;
  const Listener* listener_;
  Numbers numbers_;
  Follower* follower_;
  Crew* crew_;
  Places places_;
  Mappings mappings_;
  std::vector<dev_t> shared_;   // file systems that may have something of ours
  bool on_low_numbers_ = false; // somebody has one of ours where the filter does not know it by its number
  int waits_ = 0;               // calls that by_wait() waits in place of
};

} // namespace daxemu::supervise
