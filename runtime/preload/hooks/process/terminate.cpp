// What the C++ library does with an exception nobody caught, for those thrown inside this library: end the process. Its
// own way to do so names the exception's type, and would bring a demangler into every program. (Not with sanitizers,
// where the C++ library is outside of this one.)
#include <cstdlib>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace __gnu_cxx {

__attribute__((visibility("hidden"))) void __verbose_terminate_handler() { // NOLINT(bugprone-reserved-identifier)
  std::abort();
}

} // namespace __gnu_cxx

#endif
