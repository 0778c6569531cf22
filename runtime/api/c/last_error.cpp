#include "runtime/api/c/last_error.hpp"

#include <cstring>

namespace daxemu::api {
namespace {

thread_local std::string text;

} // namespace

int report(const Problem& problem) {
  text = problem.what + "; " + problem.remedy;
  return -problem.code;
}

int report(Errno error, const char* what) {
  text = std::string(what) + ": " + ::strerror(error.value);
  return -error.value;
}

const char* last_error() {
  return text.c_str();
}

} // namespace daxemu::api
