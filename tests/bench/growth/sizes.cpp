// A platform of one device of 1 GiB to 4 TiB: making and ending it, mapping it whole.
#include <memory>

#include "tests/bench/frame/forked.hpp"
#include "tests/bench/growth/growth.hpp"

namespace daxemu::bench {
namespace {

constexpr std::uint64_t kGiBs[] = {1, 64, 1024, 4096};
constexpr int kMaps = 50; // in a turn

Turn create(std::uint64_t size) {
  const auto begin = std::chrono::steady_clock::now();
  {
    backing::MemfdSource files;
    const auto platform = platform_of(size, files);
  }
  return {us_since(begin) / 1e3, {}, ""};
}

// The same by the kernel alone, of a memory file of that size.
double map_natively(int file, std::uint64_t size) {
  const auto begin = std::chrono::steady_clock::now();
  for (int at = 0; at < kMaps; ++at) {
    void* const base = ::mmap(nullptr, size, kRw, MAP_SHARED | MAP_NORESERVE, file, 0);
    if (base == MAP_FAILED || ::munmap(base, size) != 0) {
      return -1;
    }
  }
  return us_since(begin) / kMaps;
}

// Microseconds of a mapping and its end.
double map_whole(cli::BuiltPlatform& platform, fault::AddressSpace& space, std::uint64_t size) {
  const auto begin = std::chrono::steady_clock::now();
  for (int at = 0; at < kMaps; ++at) {
    auto base = space.map(*platform.store.device_named("dax0.0"), platform.held.front().get(), nullptr, size, kRw,
                          MAP_SHARED, 0);
    if (!base || !space.unmap(*base, size)) {
      return -1;
    }
  }
  return us_since(begin) / kMaps;
}

} // namespace

void add_sizes(Pairs& pairs) {
  Pairs::Group made{"ms", {}, 4};
  Pairs::Group mapped{"us", {}, 2};
  for (const std::uint64_t gib : kGiBs) {
    const std::uint64_t size = gib << 30U;
    made.contenders.push_back({"growth/create/" + std::to_string(gib), [size] { return create(size); }});
    const auto mapper = std::make_shared<std::unique_ptr<Forked>>();
    mapped.contenders.push_back({"growth/map/" + std::to_string(gib), [mapper, size] {
                                   if (*mapper == nullptr) {
                                     *mapper = std::make_unique<Forked>([size] {
                                       auto& platform = kept_platform(size);
                                       auto& space = *new fault::AddressSpace(platform.store);
                                       return [&platform, &space, size](std::size_t) {
                                         return map_whole(platform, space, size);
                                       };
                                     });
                                   }
                                   return turn_of((*mapper)->turn(0), "cannot be mapped");
                                 }});
    const auto native = std::make_shared<std::unique_ptr<Forked>>();
    mapped.contenders.push_back({"growth/map_native/" + std::to_string(gib), [native, size] {
                                   if (*native == nullptr) {
                                     *native = std::make_unique<Forked>([size] {
                                       const int file = sparse_file(size);
                                       return [file, size](std::size_t) { return map_natively(file, size); };
                                     });
                                   }
                                   return turn_of((*native)->turn(0), "cannot be mapped");
                                 }});
  }
  pairs.add(std::move(made));
  pairs.add(std::move(mapped));
}

} // namespace daxemu::bench
