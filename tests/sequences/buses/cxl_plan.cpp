// The steps that make a region, in the order of cxl(1): with words drawn by themselves hardly any would be committed.
#include "tests/sequences/buses/cxl.hpp"

#include <algorithm>
#include <initializer_list>

namespace sequences::cxl {
namespace {

bool is_put(const Call& call) {
  return call.name == "cxl-put";
}

bool makes_region(const Call& call) {
  return is_put(call) && call.word(1).rfind("create_", 0) == 0 && call.word(2) == "next";
}

struct Plan {
  const std::vector<Call>& calls;
  std::size_t begin; // behind what made the region
  bool pmem;

  // With one of `values`: noise counts for nothing.
  [[nodiscard]] bool did(const std::string& place, const std::string& attribute,
                         std::initializer_list<const char*> values) const {
    return std::any_of(calls.begin() + static_cast<std::ptrdiff_t>(begin), calls.end(), [&](const Call& call) {
      return is_put(call) && call.word(0) == place && call.word(1) == attribute &&
             std::find(values.begin(), values.end(), call.word(2)) != values.end();
    });
  }
};

// Of this region, the decoder of a memdev's endpoint: the first that no other region has had as a target.
std::string decoder_at(const Plan& plan, unsigned endpoint) {
  unsigned index = 0;
  for (std::size_t at = 0; at < plan.begin; ++at) {
    const Call& call = plan.calls[at];
    if (!is_put(call)) {
      continue;
    }
    const std::string prefix = "d" + std::to_string(endpoint) + ".";
    if (call.word(1).rfind("target", 0) == 0 && call.word(2).rfind(prefix, 0) == 0) {
      index = std::max(index, static_cast<unsigned>(call.word(2).back() - '0') + 1);
    }
    if (call.word(1) == "delete_region") {
      index = 0;
    }
  }
  return "d" + std::to_string(endpoint) + "." + std::to_string(std::min(index, 3U));
}

std::optional<Plan> plan_of(const Making& making) {
  for (std::size_t at = making.calls.size(); at-- > 0;) {
    if (makes_region(making.calls[at])) {
      return Plan{making.calls, at + 1, making.calls[at].word(1) == "create_pmem_region"};
    }
  }
  return std::nullopt;
}

std::string granularity(Making& making) {
  static const Weighted table[] = {{"=256", 16}, {"=512", 1}, {"=1024", 2}, {"=4096", 2}, {"=16384", 1}};
  return pick(making.random, table);
}

// Both orders that are right, and uuid anywhere among them.
bool add_shape(Making& making, const Plan& plan) {
  std::vector<std::string> missing;
  if (!plan.did("rl", "interleave_granularity", {"=256", "=512", "=1024", "=4096", "=16384"})) {
    missing.push_back("interleave_granularity");
  }
  if (!plan.did("rl", "interleave_ways", {"=1", "=2"})) {
    missing.push_back("interleave_ways");
  }
  if (plan.pmem && !plan.did("rl", "uuid", {"u1", "u2", "u3"})) {
    missing.push_back("uuid");
  }
  if (missing.empty()) {
    return false;
  }
  const std::string& attribute = missing[making.random.below(missing.size())];
  making.add("cxl-put", {"rl", attribute,
                         attribute == "uuid"              ? "u" + std::to_string(1 + making.random.below(3))
                         : attribute == "interleave_ways" ? (making.random.chance(plan.pmem ? 4 : 40) ? "=2" : "=1")
                                                          : granularity(making)});
  return true;
}

bool add_members(Making& making, const Plan& plan) {
  const bool two = plan.did("rl", "interleave_ways", {"=2"});
  const bool small = plan.did("rl", "size", {two ? "=0x20000000" : "=0x10000000"});
  const unsigned only = plan.pmem ? 4 : 2 + static_cast<unsigned>(plan.begin % 2);
  for (unsigned member = 0; member < (two ? 2U : 1U); ++member) {
    const std::string decoder = decoder_at(plan, two && !plan.pmem ? 2 + member : only);
    if (!plan.did(decoder, "mode", {plan.pmem ? "=pmem" : "=ram"})) {
      making.add("cxl-put", {decoder, "mode", plan.pmem ? "=pmem" : "=ram"});
      return true;
    }
    if (!plan.did(decoder, "dpa_size", {"=0x10000000", "=0x20000000"})) {
      making.add("cxl-put", {decoder, "dpa_size", small ? "=0x10000000" : "=0x20000000"});
      return true;
    }
    if (!plan.did("rl", "target" + std::to_string(member), {decoder.c_str()})) {
      making.add("cxl-put", {"rl", "target" + std::to_string(member), decoder});
      return true;
    }
  }
  return false;
}

} // namespace

bool add_next_step(Making& making) {
  const std::optional<Plan> plan = plan_of(making);
  if (!plan || plan->did("cxl_region", "bind", {"rl"}) || plan->did("d0.0", "delete_region", {"rl"}) ||
      plan->did("d0.1", "delete_region", {"rl"})) {
    return false;
  }
  if (add_shape(making, *plan)) {
    return true;
  }
  if (!plan->did("rl", "size", {"=0x10000000", "=0x20000000"})) {
    const bool two = plan->did("rl", "interleave_ways", {"=2"});
    making.add("cxl-put", {"rl", "size", making.random.chance(75) != two ? "=0x10000000" : "=0x20000000"});
    return true;
  }
  if (add_members(making, *plan)) {
    return true;
  }
  if (!plan->did("rl", "commit", {"=1"})) {
    making.add("cxl-put", {"rl", "commit", "=1"});
  } else {
    making.add("cxl-put", {"cxl_region", "bind", "rl"});
  }
  return true;
}

bool has_targets(const Making& making) {
  const std::optional<Plan> plan = plan_of(making);
  return plan && std::any_of(making.calls.begin() + static_cast<std::ptrdiff_t>(plan->begin), making.calls.end(),
                             [](const Call& call) { return is_put(call) && call.word(1).rfind("target", 0) == 0; });
}

} // namespace sequences::cxl
