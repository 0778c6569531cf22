// What the processor can, asked of it when it is first wanted. Not by the compiler's __builtin_cpu_supports(): that
// asks in a constructor, in every process that a library with it is loaded into.
#pragma once

namespace daxemu {

// AVX2, and a kernel that keeps its registers.
[[nodiscard]] bool has_avx2() noexcept;

} // namespace daxemu
