// A borrowed callable: two words, no allocation. Valid only while what it refers to lives, so take it as a parameter
// and never keep it.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace daxemu {

template <class Signature>
class FunctionRef;

template <class Value, class... Arguments>
class FunctionRef<Value(Arguments...)> {
public:
  template <class Callable>
  // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): the check does not read constraints
  requires(!std::is_same_v<std::remove_cvref_t<Callable>, FunctionRef>) FunctionRef(Callable&& callable)
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* object, Arguments... arguments) -> Value {
          return (*static_cast<std::remove_reference_t<Callable>*>(object))(std::forward<Arguments>(arguments)...);
        }) {}
  Value operator()(Arguments... arguments) const { return call_(object_, std::forward<Arguments>(arguments)...); }

private:
  void* object_;
  Value (*call_)(void*, Arguments...);
};

} // namespace daxemu
