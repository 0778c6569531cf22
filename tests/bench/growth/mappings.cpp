// One more mapping of one extent beside 1 to 60,000 others: map, touch, unmap.
#include <memory>

#include "tests/bench/frame/forked.hpp"
#include "tests/bench/growth/growth.hpp"
#include "tests/bench/quick.hpp"

namespace daxemu::bench {
namespace {

constexpr std::uint64_t kMost = 60'000; // the kernel lets a process have 65,530 (vm.max_map_count)
constexpr std::uint64_t kOthers[] = {1, 10, 100, 1'000, 10'000, kMost};
constexpr int kOnes = 100; // in a turn

struct Space {
  cli::BuiltPlatform& platform = kept_platform((2 * kMost + 1) * kExtent);
  fault::AddressSpace& space = *new fault::AddressSpace(platform.store);

  [[nodiscard]] void* map(std::uint64_t extent) {
    auto base = space.map(*platform.store.device_named("dax0.0"), platform.held.front().get(), nullptr, kExtent, kRw,
                          MAP_SHARED, extent * kExtent);
    return base ? *base : nullptr;
  }
  void unmap(void* base) { (void)space.unmap(base, kExtent); }
};

// The same by the kernel alone: mappings of a memory file.
struct NativeSpace {
  int file = sparse_file((2 * kMost + 1) * kExtent);

  [[nodiscard]] void* map(std::uint64_t extent) const {
    void* const base =
        ::mmap(nullptr, kExtent, kRw, MAP_SHARED | MAP_NORESERVE, file, static_cast<off_t>(extent * kExtent));
    return base == MAP_FAILED ? nullptr : base;
  }
  void unmap(void* base) const { ::munmap(base, kExtent); }
};

template <class AnySpace>
double one_more(AnySpace& in) {
  const auto begin = std::chrono::steady_clock::now();
  for (int at = 0; at < kOnes; ++at) {
    void* const base = in.map(2 * kMost);
    if (base == nullptr) {
      return -1;
    }
    *static_cast<volatile char*>(base) = 1;
    in.unmap(base);
  }
  return us_since(begin) / kOnes;
}

// Microseconds of one more beside so many others, in a process of its own.
template <class AnySpace>
Contender beside(std::string name, std::uint64_t others, std::shared_ptr<std::vector<std::unique_ptr<Forked>>> all) {
  return {std::move(name), [all, others, mine = std::make_shared<std::size_t>(SIZE_MAX)] {
            if (*mine == SIZE_MAX) {
              *mine = all->size();
              all->push_back(std::make_unique<Forked>([others] {
                auto* const in = new AnySpace;
                bool fine = true;
                for (std::uint64_t at = 0; at < others && fine; ++at) {
                  fine = in->map(2 * at) != nullptr; // no two of them can be one mapping
                }
                return [in, fine](std::size_t) { return fine ? one_more(*in) : -1; };
              }));
            }
            return turn_of((*all)[*mine]->turn(0), "cannot be mapped: see vm.max_map_count");
          }};
}

} // namespace

void add_mappings(Pairs& pairs) {
  const auto all = std::make_shared<std::vector<std::unique_ptr<Forked>>>();
  Pairs::Group group{"us", {}, 2, {}, [all] { all->clear(); }};
  for (const std::uint64_t others : kOthers) {
    if (quick() && others > 1'000) {
      continue;
    }
    group.contenders.push_back(beside<Space>("growth/mappings/" + std::to_string(others), others, all));
    group.contenders.push_back(beside<NativeSpace>("growth/mappings_native/" + std::to_string(others), others, all));
  }
  pairs.add(std::move(group));
}

} // namespace daxemu::bench
