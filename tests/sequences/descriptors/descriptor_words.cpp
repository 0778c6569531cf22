#include "tests/sequences/descriptors/descriptor_words.hpp"

#include <cstddef>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace sequences {
namespace {

struct Word {
  const char* word;
  int value;
};

constexpr Word kOpen[] = {
    {"ro", O_RDONLY},           {"wo", O_WRONLY},       {"rw", O_RDWR},       {"acc3", O_ACCMODE},
    {"cloexec", O_CLOEXEC},     {"append", O_APPEND},   {"trunc", O_TRUNC},   {"nonblock", O_NONBLOCK},
    {"creat", O_CREAT},         {"excl", O_EXCL},       {"direct", O_DIRECT}, {"sync", O_SYNC},
    {"dsync", O_DSYNC},         {"noatime", O_NOATIME}, {"path", O_PATH},     {"nofollow", O_NOFOLLOW},
    {"directory", O_DIRECTORY}, {"async", O_ASYNC},     {"noctty", O_NOCTTY}, {"tmpfile", O_TMPFILE}};
constexpr Word kWhence[] = {{"set", SEEK_SET}, {"cur", SEEK_CUR}, {"end", SEEK_END}, {"bad", 9}};
constexpr Word kLock[] = {{"rd", F_RDLCK}, {"wr", F_WRLCK}, {"un", F_UNLCK}, {"bad", 7}};
constexpr Word kFlock[] = {
    {"sh", LOCK_SH | LOCK_NB}, {"ex", LOCK_EX | LOCK_NB}, {"un", LOCK_UN}, {"mand", LOCK_MAND | LOCK_NB}, {"bad", 0}};

template <std::size_t Count>
int value_of(const Word (&table)[Count], const std::string& text) {
  int value = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    for (const Word& word : table) {
      if (text.compare(at, comma - at, word.word) == 0) {
        value |= word.value;
      }
    }
    at = comma + 1;
  }
  return value;
}

} // namespace

int open_flags_of(const std::string& word) {
  return value_of(kOpen, word);
}
int set_flags_of(const std::string& word) {
  return value_of(kOpen, word);
}
short whence_of(const std::string& word) {
  return static_cast<short>(value_of(kWhence, word));
}
short lock_kind_of(const std::string& word) {
  return static_cast<short>(value_of(kLock, word));
}
int flock_of(const std::string& word) {
  return value_of(kFlock, word);
}

} // namespace sequences
