#include "emu/backing/hugetlb_pool.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

namespace daxemu::backing {
namespace {

namespace fs = std::filesystem;

std::uint64_t number_in(const fs::path& file) {
  std::uint64_t value = 0;
  std::ifstream(file) >> value;
  return value;
}

} // namespace

std::vector<HugetlbPool> hugetlb_pools(const char* root) {
  constexpr std::string_view kPrefix = "hugepages-";
  std::vector<HugetlbPool> pools;
  std::error_code gone;
  for (const fs::directory_entry& entry : fs::directory_iterator(root, gone)) {
    const std::string name = entry.path().filename();
    std::uint64_t kib = 0;
    if (!name.starts_with(kPrefix) ||
        std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), kib).ec != std::errc()) {
      continue;
    }
    HugetlbPool pool;
    pool.page_size = kib * 1024;
    pool.total = number_in(entry.path() / "nr_hugepages");
    pool.free = number_in(entry.path() / "free_hugepages");
    pool.reserved = number_in(entry.path() / "resv_hugepages");
    const std::uint64_t limit = number_in(entry.path() / "nr_overcommit_hugepages");
    const std::uint64_t surplus = number_in(entry.path() / "surplus_hugepages");
    pool.overcommit = limit > surplus ? limit - surplus : 0;
    pools.push_back(pool);
  }
  std::sort(pools.begin(), pools.end(), [](const auto& a, const auto& b) { return a.page_size < b.page_size; });
  return pools;
}

HugetlbPool hugetlb_pool(std::uint64_t page_size, const char* root) {
  for (const HugetlbPool& pool : hugetlb_pools(root)) {
    if (pool.page_size == page_size) {
      return pool;
    }
  }
  return HugetlbPool{.page_size = page_size};
}

} // namespace daxemu::backing
