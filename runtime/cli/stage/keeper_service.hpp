// Hands the files of a platform to processes of the command that may not open them by name
// (emu/store/processes/keeper.hpp). One thread; a datagram is answered or it is not, so no client can keep it waiting,
// and none is remembered.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <thread>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/store/store.hpp"

namespace daxemu::cli {

class KeeperService {
public:
  // Serves the files that `store` names now, which nobody else has had in hand if it was just built; of a platform that
  // others may have changed only files in the folder of its store, at `location`, and of its prefix on hugetlbfs.
  // Nothing: it cannot be (no socket, no thread); the command does without.
  [[nodiscard]] static std::unique_ptr<KeeperService> start(const store::Store& store, const std::string& location);
  KeeperService(const KeeperService&) = delete;
  KeeperService& operator=(const KeeperService&) = delete;
  ~KeeperService();

  // What DAXEMU_KEEPER must say.
  [[nodiscard]] const std::string& variable() const { return variable_; }

private:
  KeeperService() = default;
  void serve();
  void answer_one();

  std::set<std::string> files_; // their locations
  bool built_here_ = false;     // from memory files of this process, which are links in its /proc
  std::string secret_;
  std::string variable_;
  UniqueFd socket_;
  UniqueFd stop_; // an eventfd
  std::thread thread_;
};

} // namespace daxemu::cli
