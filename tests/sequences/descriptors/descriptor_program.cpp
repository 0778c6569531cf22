// Calls of the descriptors family in C.
#include "tests/sequences/tool/program.hpp"

#include "tests/sequences/descriptors/descriptor_words.hpp"

namespace sequences {
namespace {

std::string number(int value) {
  return std::to_string(value);
}

bool is_lock(const std::string& name) {
  return name == "setlk" || name == "getlk" || name == "ofd-setlk" || name == "ofd-getlk";
}

std::string lock_value(const Call& call) {
  const std::string command = std::string("F_") + (call.name[0] == 'o' ? "OFD_" : "") +
                              (call.name.find("get") != std::string::npos ? "GETLK" : "SETLK");
  return "fcntl(" + call.word(0) + ", " + command +
         ", &(struct flock){.l_type = " + number(lock_kind_of(call.word(1))) +
         ", .l_whence = " + number(whence_of(call.word(2))) + ", .l_start = " + c_expression(call.word(3)) +
         ", .l_len = " + c_expression(call.word(4)) + "})";
}

std::string duplicate_value(const Call& call) {
  const std::string& how = call.word(2);
  const std::string into = call.word(1) + " = ";
  if (how == "dup") {
    return into + "dup(" + call.word(0) + ")";
  }
  if (how.rfind("dup", 0) == 0 && how.find("fd") == std::string::npos) {
    return into + "dup3(" + call.word(0) + ", " + call.word(1) + ", " + (how == "dup3-cloexec" ? "O_CLOEXEC" : "0") +
           ")";
  }
  return into + "fcntl(" + call.word(0) + ", " + (how == "dupfd" ? "F_DUPFD" : "F_DUPFD_CLOEXEC") + ", 20)";
}

// What of "file" is one plain call.
std::string file_value(const Call& call) {
  static const struct {
    const char* name;
    const char* before;
    const char* behind;
  } table[] = {{"read", "read(", ", bytes, 16)"},
               {"write", "write(", ", bytes, 16)"},
               {"pread", "pread(", ", bytes, 16, 8)"},
               {"pwrite", "pwrite(", ", bytes, 16, 8)"},
               {"seek-set", "lseek(", ", 100, SEEK_SET)"},
               {"seek-cur", "lseek(", ", 7, SEEK_CUR)"},
               {"seek-end", "lseek(", ", 0, SEEK_END)"},
               {"seek-data", "lseek(", ", 0, SEEK_DATA)"},
               {"truncate", "ftruncate(", ", 8 * A)"},
               {"allocate", "fallocate(", ", 0, 0, P)"},
               {"sync", "fsync(", ")"},
               {"datasync", "fdatasync(", ")"},
               {"chmod", "fchmod(", ", 0640)"},
               {"chdir", "fchdir(", ")"}};
  for (const auto& one : table) {
    if (call.word(1) == one.name) {
      return one.before + call.word(0) + one.behind;
    }
  }
  return {};
}

} // namespace

std::string descriptor_value(const Call& call) {
  if (call.name == "open" && call.word(2) == "plain") {
    return call.word(0) + " = open(path, " + number(open_flags_of(call.word(1))) + ", 0600)";
  }
  if (call.name == "dup") {
    return duplicate_value(call);
  }
  if (call.name == "close" && call.word(1) == "close") {
    return "close(" + call.word(0) + ")";
  }
  if (call.name == "flock") {
    return "flock(" + call.word(0) + ", " + number(flock_of(call.word(1))) + ")";
  }
  if (is_lock(call.name)) {
    return lock_value(call);
  }
  return call.name == "file" ? file_value(call) : std::string();
}

} // namespace sequences
