// fcntl(2), flock(2) and record locks.
#include "tests/sequences/descriptors/descriptors.hpp"

#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/conformance/ask/text.hpp"
#include "tests/sequences/descriptors/descriptor_words.hpp"

namespace sequences::descriptors {
namespace {

using conformance::last_error;
using conformance::said;

std::string control(Stage& stage, const Call& call) {
  static const struct {
    const char* name;
    int command;
  } table[] = {{"getfd", F_GETFD},         {"setfd", F_SETFD},
               {"getfl", F_GETFL},         {"getown", F_GETOWN},
               {"setown", F_SETOWN},       {"getsig", F_GETSIG},
               {"setsig", F_SETSIG},       {"getlease", F_GETLEASE},
               {"getpipe", F_GETPIPE_SZ},  {"setpipe", F_SETPIPE_SZ},
               {"get-seals", F_GET_SEALS}, {"add-seals", F_ADD_SEALS},
               {"notify", F_NOTIFY},       {"99", 99}};
  const int fd = stage.descriptor(call.word(0));
  const std::string& what = call.word(1);
  const std::string& argument = call.word(2);
  if (what == "setfl") {
    return said(::fcntl(fd, F_SETFL, open_flags_of(argument)));
  }
  if (what == "setlease") {
    return said(::fcntl(fd, F_SETLEASE, lock_kind_of(argument)));
  }
  if (what.find("-hint") != std::string::npos) {
    std::uint64_t hint = 2;
    const int command = what == "get-hint"        ? F_GET_RW_HINT
                        : what == "get-file-hint" ? F_GET_FILE_RW_HINT
                                                  : F_SET_RW_HINT;
    return said(::fcntl(fd, command, &hint)) + "/" + std::to_string(hint);
  }
  for (const auto& one : table) {
    if (what == one.name) {
      const long value =
          argument == "self" ? static_cast<long>(::getpid()) : std::strtol(argument.c_str(), nullptr, 10);
      const long result = ::fcntl(fd, one.command, value);
      const bool flags = one.command == F_GETFL && result > 0; // O_NOFOLLOW: descriptor_look.cpp
      return result == ::getpid() ? "self" : said(flags ? result & ~O_NOFOLLOW : result);
    }
  }
  return "no such command";
}

std::string whole(Stage& stage, const Call& call) {
  return said(::flock(stage.descriptor(call.word(0)), flock_of(call.word(1))));
}

// Words: slot, kind, whence, start, length.
std::string record(Stage& stage, const Call& call) {
  const bool ofd = call.name.rfind("ofd-", 0) == 0;
  const bool asks = call.name.find("getlk") != std::string::npos;
  struct flock lock {};
  lock.l_type = lock_kind_of(call.word(1));
  lock.l_whence = whence_of(call.word(2));
  const auto offset = [&stage](const std::string& word) {
    return word.find('A') != std::string::npos ? static_cast<off_t>(stage.units.bytes(word))
                                               : static_cast<off_t>(std::strtoll(word.c_str(), nullptr, 10));
  };
  lock.l_start = offset(call.word(3));
  lock.l_len = offset(call.word(4));
  const int command = asks ? (ofd ? F_OFD_GETLK : F_GETLK) : (ofd ? F_OFD_SETLK : F_SETLK);
  if (::fcntl(stage.descriptor(call.word(0)), command, &lock) != 0) {
    return last_error();
  }
  if (!asks || lock.l_type == F_UNLCK) {
    return asks ? "free" : "ok";
  }
  const auto place = [&stage](off_t at) {
    return static_cast<std::uint64_t>(at) >= stage.units.extent ? stage.units.text(static_cast<std::uint64_t>(at))
                                                                : std::to_string(at);
  };
  return std::string(lock.l_type == F_RDLCK ? "rd" : "wr") + " " + place(lock.l_start) + "+" + place(lock.l_len) +
         (lock.l_pid == -1           ? " ofd"
          : lock.l_pid == ::getpid() ? " self"
                                     : " process");
}

} // namespace

std::optional<std::string> play_control(Stage& stage, const Call& call) {
  static const struct {
    const char* name;
    std::string (*play)(Stage&, const Call&);
  } table[] = {{"fcntl", control}, {"flock", whole},      {"setlk", record},
               {"getlk", record},  {"ofd-setlk", record}, {"ofd-getlk", record}};
  for (const auto& one : table) {
    if (call.name == one.name) {
      return one.play(stage, call);
    }
  }
  return std::nullopt;
}

} // namespace sequences::descriptors
