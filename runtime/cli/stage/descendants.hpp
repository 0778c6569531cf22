// What this process has started, and what those have: found by /proc. With PR_SET_CHILD_SUBREAPER who has lost his
// parent becomes ours, so nobody gets away.
#pragma once

namespace daxemu::cli {

// Ends them all (SIGKILL). Returns how many there were.
int end_descendants();

} // namespace daxemu::cli
