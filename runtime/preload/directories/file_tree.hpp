// fts(3) on the interposed calls. What the program holds, FTS and FTSENT, is laid out as <fts.h> says and filled in as
// the C library does (its private options and flags too); walks that meet nothing of ours stay the C library's.
#pragma once

#include <climits>
#include <cstddef>
#include <memory>

#include <dirent.h>
#include <fts.h>

namespace daxemu::preload {

// Bytes of a path: FTSENT::fts_pathlen.
inline constexpr std::size_t kFileTreePath = USHRT_MAX;

class FileTree {
public:
  using Compare = int (*)(const FTSENT**, const FTSENT**);

  // fts_open(3): nullptr with errno.
  static FTS* open(char* const* roots, int options, Compare compare);
  // Is it worth it: does a walk from one of these come to what is emulated? One that follows links may, from anywhere.
  [[nodiscard]] static bool concerns(char* const* roots, int options);
  // The walk behind what the program holds; nullptr: none of ours.
  [[nodiscard]] static FileTree* find(const FTS* held) noexcept;

  [[nodiscard]] FTSENT* read();
  [[nodiscard]] FTSENT* children(int instruction);
  // Ends it; `walk` is no more. -1 with errno: the directory in which it began cannot be returned to.
  static int close(FileTree* walk);

  FileTree(const FileTree&) = delete;
  FileTree& operator=(const FileTree&) = delete;
  ~FileTree();

private:
  // What the entries of a directory are wanted for.
  enum class For { walking, looking, names };
  struct Free {
    void operator()(void* memory) const;
  };

  FileTree(int options, Compare compare);
  [[nodiscard]] bool has(int option) const { return (face_.fts_options & option) != 0; }
  bool add_roots(char* const* roots);
  FTSENT* make(const char* name, std::size_t length);
  unsigned short look(FTSENT& entry, bool follow);
  void follow_link(FTSENT& entry);
  FTSENT* list(For what);
  bool add_entries(FTSENT& directory, DIR* stream, int possible_directories, std::size_t prefix, FTSENT*& first,
                   int& count);
  bool return_from(const FTSENT& directory);
  FTSENT* sorted(FTSENT* first, int count) const;
  FTSENT* descend(FTSENT& directory);
  FTSENT* next(FTSENT* entry);
  FTSENT* begin_root(FTSENT& root);
  FTSENT* arrive(FTSENT& entry);
  FTSENT* leave(FTSENT& directory);
  FTSENT* stop();
  void drop_children();
  int go_to_start();
  int go_into(const FTSENT& directory, int fd, const char* path);

  FTS face_{};
  std::unique_ptr<char, Free> path_; // as long as FTSENT can say a path is: it never moves
};

} // namespace daxemu::preload
