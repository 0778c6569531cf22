// The table of mappings: order, holes, boundaries, and readers that run beside a writer.
#include "runtime/fault/mappings/vma_table.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <thread>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

namespace daxemu::fault {
namespace {

Vma vma(std::uint64_t start, std::uint64_t end, std::uint64_t offset = 0) {
  return {start, end, offset, nullptr, 3, 0};
}

TEST(VmaTable, FindsWhatWasInsertedInAnyOrder) {
  VmaTable table;
  EXPECT_FALSE(table.overlaps(0, UINT64_MAX));
  ASSERT_TRUE(table.reserve());
  ASSERT_TRUE(table.insert(vma(0x8000, 0xa000)));
  ASSERT_TRUE(table.insert(vma(0x2000, 0x4000)));
  ASSERT_TRUE(table.insert(vma(0x4000, 0x5000, 0x100000)));
  EXPECT_EQ(table.find(0x2000)->end, 0x4000U);
  EXPECT_EQ(table.find(0x4fff)->offset_of(0x4fff), 0x100fffU);
  EXPECT_FALSE(table.find(0x5000));
  EXPECT_FALSE(table.find(0x1fff));
  EXPECT_FALSE(table.overlaps(0x5000, 0x8000));
  EXPECT_TRUE(table.overlaps(0x5000, 0x8001));
  EXPECT_EQ(table.first_from(0x5000, 0x9000)->start, 0x8000U);
  EXPECT_FALSE(table.overlaps(0xa000, 0xb000));
}

TEST(VmaTable, ErasingTheMiddleLeavesBothEnds) {
  VmaTable table;
  ASSERT_TRUE(table.reserve());
  ASSERT_TRUE(table.insert(vma(0x1000, 0x9000, 0x10000)));
  ASSERT_TRUE(table.erase(0x3000, 0x5000));
  ASSERT_EQ(table.size(), 2U);
  EXPECT_EQ(table.at(0).end, 0x3000U);
  EXPECT_EQ(table.at(1).start, 0x5000U);
  EXPECT_EQ(table.at(1).offset, 0x14000U);
  ASSERT_TRUE(table.erase(0, 0x10000));
  EXPECT_EQ(table.size(), 0U);
  EXPECT_FALSE(table.overlaps(0, UINT64_MAX));
}

TEST(VmaTable, SplitAndUpdate) {
  VmaTable table;
  ASSERT_TRUE(table.reserve());
  ASSERT_TRUE(table.insert(vma(0x1000, 0x9000)));
  ASSERT_TRUE(table.split(0x1000)); // a boundary already
  EXPECT_EQ(table.size(), 1U);
  ASSERT_TRUE(table.split(0x4000));
  Vma high = *table.find(0x4000);
  high.prot = 1;
  table.update(high);
  EXPECT_EQ(table.find(0x3fff)->prot, 3U);
  EXPECT_EQ(table.find(0x4000)->prot, 1U);
}

// vma_merge(), its cases by the numbers of the comment above it in mm/mmap.c.
TEST(VmaTable, ANewPartJoinsItsNeighbours) {
  VmaTable table;
  ASSERT_TRUE(table.reserve());
  ASSERT_TRUE(table.insert(vma(0x1000, 0x2000, 0x1000)));
  ASSERT_TRUE(table.insert(vma(0x3000, 0x4000, 0x3000)));
  EXPECT_FALSE(table.join(vma(0x4000, 0x5000, 0x9000))); // another offset
  ASSERT_EQ(table.size(), 2U);
  EXPECT_TRUE(table.join(vma(0x4000, 0x5000, 0x4000))); // case 2
  EXPECT_TRUE(table.join(vma(0x0, 0x1000, 0x0)));       // case 3
  ASSERT_EQ(table.size(), 2U);
  EXPECT_TRUE(table.join(vma(0x2000, 0x3000, 0x2000))); // case 1
  ASSERT_EQ(table.size(), 1U);
  EXPECT_EQ(table.at(0).start, 0U);
  EXPECT_EQ(table.at(0).end, 0x5000U);
  EXPECT_EQ(table.at(0).offset, 0U);
}

TEST(VmaTable, APartGoesOverToTheNeighbourThatIsSoAlready) {
  VmaTable table;
  ASSERT_TRUE(table.reserve());
  const auto readable = [](std::uint64_t start, std::uint64_t end) {
    Vma made = vma(start, end, start);
    made.prot = 1;
    return made;
  };
  ASSERT_TRUE(table.insert(readable(0x1000, 0x2000)));
  ASSERT_TRUE(table.insert(vma(0x2000, 0x6000, 0x2000)));
  ASSERT_TRUE(table.insert(readable(0x6000, 0x7000)));
  EXPECT_FALSE(table.join(readable(0x3000, 0x4000))); // in the middle: nobody to join
  EXPECT_TRUE(table.join(readable(0x2000, 0x3000)));  // case 5
  EXPECT_EQ(table.find(0x2fff)->start, 0x1000U);
  EXPECT_EQ(table.find(0x3000)->offset, 0x3000U);
  EXPECT_TRUE(table.join(readable(0x5000, 0x6000))); // case 4
  EXPECT_EQ(table.find(0x5000)->end, 0x7000U);
  EXPECT_EQ(table.find(0x5000)->offset, 0x5000U);
  EXPECT_EQ(table.find(0x4fff)->end, 0x5000U);
  EXPECT_TRUE(table.join(readable(0x3000, 0x5000))); // case 6
  ASSERT_EQ(table.size(), 1U);
  EXPECT_EQ(table.at(0).end, 0x7000U);
}

TEST(VmaTable, WhatIsOursAloneKeepsNobodyApart) {
  VmaTable table;
  ASSERT_TRUE(table.reserve());
  Vma low = vma(0x1000, 0x2000, 0x1000);
  low.flags = kRegistered | kPatched;
  ASSERT_TRUE(table.insert(low));
  EXPECT_TRUE(table.join(vma(0x2000, 0x3000, 0x2000)));
  Vma other = vma(0x3000, 0x4000, 0x3000);
  other.file = 2; // another open file
  EXPECT_FALSE(table.join(other));
  other.file = 0;
  other.flags = kNoReserve;
  EXPECT_FALSE(table.join(other));
  EXPECT_TRUE(table.at(0).has(kPatched));
}

TEST(VmaTable, WhatOthersShowOfTheSameBytes) {
  alignas(16) static char places[2][16]; // views are never looked into here
  auto* const one = reinterpret_cast<DeviceView*>(&places[0]);
  auto* const other = reinterpret_cast<DeviceView*>(&places[1]);
  VmaTable table;
  ASSERT_TRUE(table.reserve());
  const auto add = [&](std::uint64_t start, std::uint64_t length, std::uint64_t offset, DeviceView* view) {
    Vma added = vma(start, start + length, offset);
    added.view = view;
    ASSERT_TRUE(table.insert(added));
  };
  add(0x10000, 0x4000, 0x8000, one);
  add(0x20000, 0x2000, 0x2000, one);
  add(0x30000, 0x8000, 0x0, other);
  const auto shown = [&](std::uint64_t begin, std::uint64_t end, std::uint64_t but) {
    const auto found = table.first_shown(*one, begin, end, but);
    return std::pair(found.begin, found.end);
  };
  EXPECT_EQ(shown(0, 0x10000, 0), std::pair(0x2000UL, 0x4000UL)); // the lowest, wherever it is mapped
  EXPECT_EQ(shown(0x3000, 0x3800, 0), std::pair(0x3000UL, 0x3800UL));
  EXPECT_EQ(shown(0x4000, 0x10000, 0), std::pair(0x8000UL, 0xc000UL));
  EXPECT_EQ(shown(0x4000, 0x8000, 0), std::pair(0x8000UL, 0x8000UL)); // none
  EXPECT_EQ(shown(0xc000, 0xd000, 0), std::pair(0xd000UL, 0xd000UL));
  EXPECT_EQ(shown(0, 0x10000, 0x20000), std::pair(0x8000UL, 0xc000UL)); // but that one
}

// Entries come and go at both ends and in the middle, beside a map that does the same: whichever side of the ring
// moves.
TEST(VmaTable, ManyComeAndGoAnywhere) {
  constexpr std::uint64_t kSlots = 400;
  VmaTable table;
  ASSERT_TRUE(table.reserve());
  std::map<std::uint64_t, std::uint64_t> model; // start to offset
  std::mt19937 random(24);
  for (int step = 0; step < 6000; ++step) {
    // Now mostly from above downwards, as the kernel places mappings, now anywhere.
    const bool downwards = step / 1000 % 2 == 0;
    const std::uint64_t slot = downwards ? kSlots - 1 - static_cast<std::uint64_t>(step) % kSlots : random() % kSlots;
    const std::uint64_t start = 0x10000 + slot * 0x2000;
    if (model.erase(start) != 0) {
      ASSERT_TRUE(table.erase(start, start + 0x1000));
    } else {
      model[start] = static_cast<std::uint64_t>(step);
      ASSERT_TRUE(table.insert(vma(start, start + 0x1000, static_cast<std::uint64_t>(step))));
    }
    ASSERT_EQ(table.size(), model.size());
    if (step % 100 == 0) {
      std::size_t index = 0;
      for (const auto& [at, offset] : model) {
        ASSERT_EQ(table.at(index).start, at) << step;
        ASSERT_EQ(table.at(index).offset, offset) << step;
        ASSERT_EQ(table.find(at + 1)->start, at) << step;
        ASSERT_FALSE(table.find(at + 0x1000)) << step;
        ++index;
      }
    }
  }
}

// What first_shown() and has_file() say is what a look at every mapping says, whatever lengths they have, and after
// whatever change.
TEST(VmaTable, WhatOthersShowBesideALookAtAll) {
  alignas(16) static char places[3][16];
  const auto view = [](std::size_t at) { return reinterpret_cast<DeviceView*>(&places[at]); };
  constexpr std::uint64_t kUnit = 0x1000;
  constexpr std::uint64_t kSlots = 300; // of eight units of address space each
  constexpr std::uint64_t kOffsets = 256;
  constexpr std::uint32_t kFiles = 130; // some near, some far
  VmaTable table;
  ASSERT_TRUE(table.reserve());
  std::mt19937 random(60);
  const auto all = [&] {
    std::vector<Vma> listed;
    for (std::size_t at = 0; at < table.size(); ++at) {
      listed.push_back(table.at(at));
    }
    return listed;
  };
  for (int step = 0; step < 4000; ++step) {
    const std::uint64_t start = 0x100000 + random() % kSlots * 8 * kUnit;
    const std::uint64_t length = (1 + random() % (random() % 4 == 0 ? 8 : 2)) * kUnit;
    if (table.overlaps(start, start + length)) {
      if (random() % 2 == 0) {
        ASSERT_TRUE(table.erase(start + random() % 2 * kUnit, start + length + random() % 2 * kUnit));
      } else if (random() % 2 == 0) {
        ASSERT_TRUE(table.split(start + random() % 8 * kUnit));
      } else if (auto changed = table.first_from(start, start + length); changed) {
        changed->prot ^= 1U;
        changed->offset = random() % kOffsets * kUnit;
        changed->file = static_cast<std::uint32_t>(random() % kFiles);
        table.update(*changed);
      }
    } else {
      Vma made = vma(start, start + length, random() % kOffsets * kUnit);
      made.view = view(random() % 2);
      made.file = static_cast<std::uint32_t>(random() % kFiles);
      if (!table.join(made)) {
        ASSERT_TRUE(table.insert(made));
      }
    }
    if (step % 7 != 0) {
      continue;
    }
    const std::vector<Vma> listed = all();
    for (std::uint32_t file = 0; file < kFiles; ++file) {
      ASSERT_EQ(table.has_file(file), std::ranges::find(listed, file, &Vma::file) != listed.end()) << step;
    }
    const DeviceView* const asked = view(random() % 3);
    const std::uint64_t but = listed.empty() ? 0 : listed[random() % listed.size()].start;
    const std::uint64_t first = random() % kOffsets * kUnit;
    const std::uint64_t end = first + (1 + random() % 40) * kUnit;
    const auto is_shown = [&](std::uint64_t offset) {
      return std::any_of(listed.begin(), listed.end(), [&](const Vma& each) {
        return each.view == asked && each.start != but && offset >= each.offset &&
               offset < each.offset + (each.end - each.start);
      });
    };
    for (std::uint64_t begin = first; begin < end;) {
      const auto shown = table.first_shown(*asked, begin, end, but);
      ASSERT_TRUE(shown.begin >= begin && shown.end <= end && shown.end >= shown.begin) << step;
      ASSERT_TRUE(shown.end > shown.begin || shown.begin == end) << step;
      for (std::uint64_t offset = begin; offset < shown.end; offset += kUnit) {
        ASSERT_EQ(is_shown(offset), offset >= shown.begin) << step << " at " << offset;
      }
      begin = shown.end;
    }
  }
}

// Of all that is said of a mapping nothing is lost: words have room for it.
TEST(VmaTable, KeepsWhatItIsTold) {
  alignas(16) static char place[16];
  VmaTable table;
  ASSERT_TRUE(table.reserve());
  const Vma made{.start = 0x7fff'ffff'd000,
                 .end = 0x7fff'ffff'f000,
                 .offset = 0xffff'ffff'f000,
                 .view = reinterpret_cast<DeviceView*>(&place),
                 .prot = 7,
                 .flags = 0xf000'1fff,
                 .skew = 0x3fff'f000,
                 .file = 1024,
                 .policy = (1U << 28U) - 1};
  for (std::uint64_t linked = 1; linked < 3; ++linked) {
    ASSERT_TRUE(table.insert(made));
    const Vma kept = table.at(0);
    EXPECT_EQ(std::tie(kept.start, kept.end, kept.offset, kept.view, kept.prot, kept.flags, kept.skew, kept.file,
                       kept.policy),
              std::tie(made.start, made.end, made.offset, made.view, made.prot, made.flags, made.skew, made.file,
                       made.policy));
    EXPECT_EQ(kept.linked, linked);
    table.update(kept);
    EXPECT_EQ(table.at(0).linked, linked);
    ASSERT_TRUE(table.erase(made.start, made.end));
  }
}

// As many as there can be, and then none: every slot is used again.
TEST(VmaTable, EverySlotIsUsedAgain) {
  VmaTable table;
  ASSERT_TRUE(table.reserve());
  for (int round = 0; round < 2; ++round) {
    for (std::uint64_t at = 0; at < VmaTable::kMost; ++at) {
      ASSERT_TRUE(table.insert(vma(at * 0x2000, at * 0x2000 + 0x1000, at * 0x3000)));
    }
    EXPECT_EQ(table.insert(vma(0x7000'0000'0000, 0x7000'0000'1000)).error(), Errno{ENOMEM});
    EXPECT_EQ(table.find(0x2000 * 40'000)->offset, 0x3000U * 40'000);
    ASSERT_TRUE(table.erase(0, 0x2000 * VmaTable::kMost));
    EXPECT_EQ(table.size(), 0U);
  }
}

TEST(VmaTable, ReadersNeverSeeHalfAChange) {
  VmaTable table;
  ASSERT_TRUE(table.reserve());
  ASSERT_TRUE(table.insert(vma(0x100000, 0x200000, 0x100000)));
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::thread reader([&] {
    while (!stop.load()) {
      for (std::uint64_t at = 0x100000; at < 0x200000; at += 0x9000) {
        const auto found = table.find(at);
        if (!found || !found->contains(at) || found->offset_of(at) != at) {
          wrong.fetch_add(1);
        }
      }
    }
  });
  for (int round = 0; round < 200; ++round) { // other entries come and go, this one is cut finer and finer
    ASSERT_TRUE(table.insert(vma(0x1000, 0x2000, 0x1000)));
    ASSERT_TRUE(table.split(0x100000 + 0x1000 * static_cast<std::uint64_t>(round)));
    ASSERT_TRUE(table.erase(0x1000, 0x2000));
  }
  stop = true;
  reader.join();
  EXPECT_EQ(wrong.load(), 0);
}

} // namespace
} // namespace daxemu::fault
