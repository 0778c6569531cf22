// Policies that name nodes of devices, as the kernel keeps them and as the program reads them again.
#include "emu/dax/memory/node_policy.hpp"
#include "tests/unit/readable.hpp"

#include <initializer_list>

#include <gtest/gtest.h>
#include <linux/mempolicy.h>

namespace daxemu::dax {
namespace {

NodeSet nodes(std::initializer_list<std::size_t> numbers) {
  NodeSet set;
  for (const std::size_t number : numbers) {
    set.set(number);
  }
  return set;
}

const NodeSet kMachine = nodes({0, 1});
const NodeSet kOurs = nodes({2, 5});

struct Row {
  const char* name;
  int mode;
  NodeSet asked;
  NodeSet effective; // of the machine's nodes: what the kernel allocates from
  int mode_again;
  NodeSet again;
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << readable(row.name);
}
class Policies : public ::testing::TestWithParam<Row> {};

TEST_P(Policies, ComeBackAsTheKernelWouldTellThem) {
  const Row& row = GetParam();
  const NodePolicy kept = policy_for_kernel({row.mode, row.asked}, kOurs, kMachine);
  EXPECT_EQ(kept.nodes & kMachine, row.effective);
  const NodePolicy again = policy_for_program(kept, kMachine);
  EXPECT_EQ(again.mode, row.mode_again);
  EXPECT_EQ(again.nodes, row.again);
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Policies,
    ::testing::Values(
        Row{"the machine's alone", MPOL_BIND, nodes({0}), nodes({0}), MPOL_BIND, nodes({0})},
        Row{"a device's alone", MPOL_BIND, nodes({2}), kMachine, MPOL_BIND, nodes({2})},
        Row{"both", MPOL_INTERLEAVE, nodes({1, 2}), nodes({1}), MPOL_INTERLEAVE, nodes({1, 2})},
        Row{"with one that is not there", MPOL_BIND, nodes({2, 9}), kMachine, MPOL_BIND, nodes({2})},
        Row{"static", MPOL_BIND | MPOL_F_STATIC_NODES, nodes({2, 9}), kMachine, MPOL_BIND | MPOL_F_STATIC_NODES,
            nodes({2, 9})},
        Row{"preferred, the machine's first", MPOL_PREFERRED, nodes({1, 2}), nodes({1}), MPOL_PREFERRED, nodes({1, 2})},
        Row{"preferred, a device's first", MPOL_PREFERRED, nodes({2, 5}), kMachine, MPOL_PREFERRED, nodes({2})},
        Row{"relative numbers are no nodes", MPOL_BIND | MPOL_F_RELATIVE_NODES, nodes({2}), nodes({}),
            MPOL_BIND | MPOL_F_RELATIVE_NODES, nodes({2})},
        Row{"a mode without nodes", MPOL_LOCAL, nodes({2}), nodes({}), MPOL_LOCAL, nodes({2})}),
    [](const auto& tested) {
      std::string name = tested.param.name;
      for (char& letter : name) {
        letter = std::isalnum(static_cast<unsigned char>(letter)) != 0 ? letter : '_';
      }
      return name;
    });

TEST(NodeOfPage, IsOneOfThePolicysWhereNoneOfTheMachinesIs) {
  const auto kept = [](int mode, const NodeSet& asked) { return policy_for_kernel({mode, asked}, kOurs, kMachine); };
  EXPECT_EQ(node_of_page(kept(MPOL_BIND, nodes({5})), kMachine, 7), 5);
  EXPECT_EQ(node_of_page(kept(MPOL_INTERLEAVE, nodes({2, 5})), kMachine, 4), 2);
  EXPECT_EQ(node_of_page(kept(MPOL_INTERLEAVE, nodes({2, 5})), kMachine, 5), 5);
  EXPECT_EQ(node_of_page(kept(MPOL_BIND, nodes({0, 5})), kMachine, 7), -1);
  EXPECT_EQ(node_of_page(kept(MPOL_BIND, nodes({0})), kMachine, 7), -1);
}

} // namespace
} // namespace daxemu::dax
