// Where a platform's files come from: memory files of this process (an ephemeral platform, gone with it) or files in a
// directory and, for huge pages, on a hugetlbfs mount (a named platform, which survives processes).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"
#include "emu/base/units.hpp"

namespace daxemu::backing {

struct SourcedFile {
  UniqueFd fd;          // read-write, close-on-exec, empty
  std::string location; // by which other processes open it
};

class FileSource {
public:
  FileSource() = default;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  virtual ~FileSource() = default;

  // A new file in pages of `page_size` bytes: 4K (shmem) or one of the machine's huge page sizes. `name` shows in
  // /proc/PID/maps. Errors: ENODEV (no such huge pages to be had), EEXIST, and those of the calls that make the file.
  [[nodiscard]] virtual Result<SourcedFile> make(const std::string& name, std::uint64_t page_size) = 0;
  // The same of small pages, for bytes that come 2M at once: such a piece may be one huge page, where that is to be
  // had.
  [[nodiscard]] virtual Result<SourcedFile> make_advised(const std::string& name) { return make(name, kPageSize); }
  // The file that descriptors of a device are to be of (store::NodeRecord): empty for good, as far as the source can
  // see to that. Errors: those of make().
  [[nodiscard]] virtual Result<SourcedFile> make_node(const std::string& name) { return make(name, kPageSize); }
  // A file that another platform of this user has, to live as long as this source's do: for both the same bytes.
  // Errors: EXDEV (it can live no longer than its owner: a memory file, or on another file system), open(2)'s.
  [[nodiscard]] virtual Result<SourcedFile> adopt(const std::string& name, const std::string& location) = 0;
  // Takes back a file just made that will not be used; its descriptor is closed by its owner.
  virtual void discard(const SourcedFile& file) = 0;
  // Why make() found no huge pages of that size, for people.
  [[nodiscard]] virtual std::string no_huge_pages(std::uint64_t page_size) const = 0;
  // Bytes one file of small pages may have, as far as known; ~0: no limit but memory.
  [[nodiscard]] virtual std::uint64_t capacity() const = 0;
};

// Every hugetlbfs mount that this user may write to. `mounts` is /proc/mounts or a test's copy.
[[nodiscard]] std::vector<std::string> hugetlbfs_mounts(const std::string& mounts = "/proc/mounts");

// memfds, found through /proc/PID/fd: they live as long as someone holds them open.
class MemfdSource final : public FileSource {
public:
  [[nodiscard]] Result<SourcedFile> make(const std::string& name, std::uint64_t page_size) override;
  [[nodiscard]] Result<SourcedFile> make_advised(const std::string& name) override; // advised_file.hpp
  // Sealed: not even a system call of the program's own puts a byte into it.
  [[nodiscard]] Result<SourcedFile> make_node(const std::string& name) override;
  [[nodiscard]] Result<SourcedFile> adopt(const std::string& name, const std::string& location) override;
  void discard(const SourcedFile& file) override;
  [[nodiscard]] std::string no_huge_pages(std::uint64_t page_size) const override;
  [[nodiscard]] std::uint64_t capacity() const override { return ~0ULL; }
};

// Files in `directory`, which must be on tmpfs (userfaultfd serves no other file system but hugetlbfs); huge pages
// from the first hugetlbfs mount of their size that this user may write to.
class DirectorySource final : public FileSource {
public:
  // `prefix` makes the names of files on a shared hugetlbfs mount unique. `mounts` is /proc/mounts or a test's copy.
  DirectorySource(std::string directory, std::string prefix, std::string mounts = "/proc/mounts")
      : directory_(std::move(directory)), prefix_(std::move(prefix)), mounts_(std::move(mounts)) {}
  [[nodiscard]] Result<SourcedFile> make(const std::string& name, std::uint64_t page_size) override;
  [[nodiscard]] Result<SourcedFile> adopt(const std::string& name, const std::string& location) override;
  void discard(const SourcedFile& file) override;
  [[nodiscard]] std::string no_huge_pages(std::uint64_t page_size) const override;
  [[nodiscard]] std::uint64_t capacity() const override;

private:
  std::string directory_;
  std::string prefix_;
  std::string mounts_;
};

} // namespace daxemu::backing
