// More namespaces of a region than a few: all come back, or as many as there is room for.
#include <algorithm>
#include <string>

#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/nd/make_namespace.hpp"
#include "tests/unit/nd/nfit_region.hpp"

namespace daxemu::nd {
namespace {

NamespaceSpec without_holder() {
  NamespaceSpec spec;
  spec.size = 16U << 20U;
  spec.kind = store::NdKind::none;
  spec.enabled = false;
  return spec;
}

TEST_F(NfitTest, AllOfManyNamespacesComeBack) {
  constexpr std::size_t kMany = 40;
  NamespaceSpec spec = without_holder();
  for (std::size_t at = 0; at < kMany; ++at) {
    spec.name = "number " + std::to_string(at);
    ASSERT_TRUE(make_namespace(store, *region, spec)) << at;
  }
  const auto count = [&] {
    return std::ranges::count_if(store.regions(), [&](const store::RegionRecord& one) {
      return dax::nd::is_namespace_of(store, *region, one) && one.size != 0;
    });
  };
  EXPECT_EQ(count(), static_cast<std::ptrdiff_t>(kMany));
  ASSERT_TRUE(unbind_region(store, *region));
  EXPECT_EQ(count(), 0);
  ASSERT_TRUE(bind_region(store, *region));
  EXPECT_EQ(count(), static_cast<std::ptrdiff_t>(kMany));
  EXPECT_TRUE(std::ranges::any_of(store.regions(), [&](const store::RegionRecord& one) {
    return dax::nd::is_namespace_of(store, *region, one) && one.nd.alt_name.view() == "number 39" &&
           one.phys_start == region->phys_start + (kMany - 1) * spec.size;
  }));
}

// Of more labels than there is room for, those that fit: to have none would be worse.
TEST_F(NfitTest, OfTooManyNamespacesAsManyAsFitComeBack) {
  constexpr std::size_t kMany = 100;
  ASSERT_TRUE(make_namespace(store, *region, without_holder()));
  ASSERT_TRUE(unbind_region(store, *region));
  NamespaceLabel label;
  const auto count_labels = [&] {
    std::size_t count = 0;
    each_label(store, labels(), [&](const NamespaceLabel& one) {
      label = one;
      ++count;
      return true;
    });
    return count;
  };
  ASSERT_EQ(count_labels(), 1U);
  for (std::size_t at = 1; at < kMany; ++at) {
    NamespaceLabel next = label;
    next.uuid.back() = static_cast<store::Uuid::value_type>(at);
    next.uuid.front() = static_cast<store::Uuid::value_type>(0xa5);
    next.dpa = label.dpa + at * (8U << 20U); // nobody asks whether they overlap
    ASSERT_TRUE(put_label(store, labels(), next)) << at;
  }
  EXPECT_TRUE(bind_region(store, *region));
  const auto there = std::ranges::count_if(store.regions(), [&](const store::RegionRecord& one) {
    return dax::nd::is_namespace_of(store, *region, one) && one.size != 0;
  });
  EXPECT_EQ(there, static_cast<std::ptrdiff_t>(store::Capacity().regions - 1)); // the region has one of them
  EXPECT_EQ(region->nd.first_namespaces, store::Capacity().regions - 1);
  EXPECT_EQ(count_labels(), kMany);
}

} // namespace
} // namespace daxemu::nd
