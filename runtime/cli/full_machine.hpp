// Signals that the kernel sends when something is full, turned into errors or words.
#pragma once

namespace daxemu::cli {

// For the daxemu command itself; what it starts has its own ways back with exec. RLIMIT_FSIZE: SIGXFSZ ends nothing,
// the call fails with EFBIG. SIGBUS, which here means a page of a memory file that cannot be had: a line that says so,
// and exit status 125.
void prepare_for_full_machine();

} // namespace daxemu::cli
