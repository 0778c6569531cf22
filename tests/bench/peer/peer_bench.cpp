// LLNL/umap's own page-fault benchmark (pfbenchmark of its tests) beside what a bare userfaultfd does and beside
// daxemu, in turns: microseconds of a first touch, by one thread, of pages of 4K and 2M. tests/bench/peer/run builds it
// and runs this.
//   daxemu-bench-peer PROGRAMS FILE [--pairs N] [--out FILE] [--only TEXT]
// PROGRAMS: where pfbenchmark-read and pfbenchmark-write are; FILE: theirs, on tmpfs.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "tests/bench/frame/pairs.hpp"
#include "tests/bench/grounds/ground.hpp"
#include "tests/bench/quick.hpp"

namespace daxemu::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Case {
  std::uint64_t page; // bytes
  std::uint64_t pages;
  bool shuffled;
  bool writes;

  [[nodiscard]] std::string name() const {
    return std::string(page == 4096 ? "4K" : "2M") + (shuffled ? "/random/" : "/sequential/") +
           (writes ? "write/" : "read/");
  }
};

// The peer's program, and what it says: umap,seq,write,threads,fillers,NANOSECONDS.
class Peer {
public:
  Peer(std::string programs, std::string file) : programs_(std::move(programs)), file_(std::move(file)) {}

  // It makes its file anew when it writes; what it reads was written by it before.
  void prepare(const Case& one) const {
    if (!one.writes) {
      Case writing = one;
      writing.shuffled = false;
      writing.writes = true;
      (void)turn(writing);
    }
  }
  [[nodiscard]] Turn turn(const Case& one) const {
    const std::string command = "UMAP_PAGESIZE=" + std::to_string(one.page) + " " + programs_ + "/pfbenchmark-" +
                                (one.writes ? "write" : "read") + " -t 1 -p " + std::to_string(one.pages) + " -f " +
                                file_ + (one.writes ? "" : " --noinit") + (one.shuffled ? " --shuffle" : "") +
                                " 2>/dev/null";
    FILE* const said = ::popen(command.c_str(), "r");
    std::array<char, 256> line{};
    double nanoseconds = -1;
    while (said != nullptr && std::fgets(line.data(), line.size(), said) != nullptr) {
      const std::string text(line.data());
      if (text.starts_with("umap,")) {
        nanoseconds = std::strtod(text.c_str() + text.rfind(',') + 1, nullptr);
      }
    }
    const bool fine = said != nullptr && ::pclose(said) == 0 && nanoseconds >= 0;
    return fine ? Turn{nanoseconds / 1e3, {}, ""} : Turn{0, {}, "fails: " + command};
  }
  [[nodiscard]] const std::string& file() const { return file_; }

private:
  std::string programs_;
  std::string file_;
};

class Ours {
public:
  Ours(std::unique_ptr<Ground> ground, const Case& one, bool fresh)
      : ground_(std::move(ground)), case_(one), fresh_(fresh) {}
  Turn turn() {
    if (!fresh_ && !warm_) {
      warm_ = true;
      (void)once();
    }
    return once();
  }

private:
  Turn once() {
    std::vector<std::uint64_t> order(case_.pages);
    std::iota(order.begin(), order.end(), 0);
    if (case_.shuffled) {
      std::shuffle(order.begin(), order.end(), std::mt19937(std::random_device{}()));
    }
    if (fresh_) {
      ground_->freshen();
    }
    char* const base = ground_->map();
    if (base == nullptr) {
      return {0, {}, ground_->problem.empty() ? "cannot be mapped here" : ground_->problem};
    }
    std::uint64_t sum = 0;
    const auto begin = Clock::now();
    for (const std::uint64_t page : order) {
      auto* const word = reinterpret_cast<volatile std::uint64_t*>(base + page * case_.page);
      if (case_.writes) {
        *word = page;
      } else {
        sum += *word;
      }
    }
    const double all = std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
    ground_->unmap(base);
    return {all / static_cast<double>(case_.pages), {{"sum", static_cast<double>(sum)}}, ""};
  }

  std::unique_ptr<Ground> ground_;
  Case case_;
  bool fresh_;
  bool warm_ = false;
};

void add(Pairs& pairs, const std::shared_ptr<Peer>& peer, const Case& one) {
  const std::string name = "peer/" + one.name();
  Pairs::Group group{"us", {{name + "umap", [=] { return peer->turn(one); }}}, 1, [=] { peer->prepare(one); }};
  struct Other {
    const char* name;
    std::unique_ptr<Ground> (*make)(const Shape&);
    bool fresh;
  };
  constexpr Other kOthers[] = {{"bare_copy", copying_pager, true},
                               {"bare_continue", minimal_loop, false},
                               {"daxemu_fresh", [](const Shape& shape) { return emulated(shape, "handler"); }, true},
                               {"daxemu_present", [](const Shape& shape) { return emulated(shape, "handler"); }, false},
                               {"native_fresh", native, true}};
  for (const Other& other : kOthers) {
    const auto ours = std::make_shared<std::unique_ptr<Ours>>();
    group.contenders.push_back(
        {name + other.name, [=] {
           if (*ours == nullptr) {
             *ours = std::make_unique<Ours>(other.make({Memory::shmem, one.page, one.pages}), one, other.fresh);
           }
           return (*ours)->turn();
         }});
  }
  pairs.add(std::move(group));
}

} // namespace
} // namespace daxemu::bench

int main(int argc, char** argv) {
  using namespace daxemu::bench;
  Pairs pairs(argc, argv);
  if (argc != 3) {
    std::fputs("daxemu-bench-peer: give the folder of pfbenchmark-read and -write, and a file for them on tmpfs; "
               "tests/bench/peer/run does it\n",
               stderr);
    return 2;
  }
  const auto peer = std::make_shared<Peer>(argv[1], argv[2]);
  for (const std::uint64_t page : {4096ULL, 2ULL << 20}) {
    for (const bool shuffled : {false, true}) {
      for (const bool writes : {false, true}) {
        add(pairs, peer, {page, quick() ? 16U : page == 4096 ? 4096U : 64U, shuffled, writes});
      }
    }
  }
  const int status = pairs.run();
  (void)std::remove(peer->file().c_str());
  return status;
}
