#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "base/check.h"

namespace acuate {

// The caller's mistake or an I/O failure. The message says what, where, found against expected, and
// what to do.
struct Error {
  std::string message;
};

template <class... Args>
Error fail(fmt::format_string<Args...> format, Args&&... args) {
  return Error{fmt::format(format, std::forward<Args>(args)...)};
}

// A value or an Error, shaped like std::expected (C++23). Reading the value of a failed Result is
// our bug.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    ACUATE_CHECK(has_value(), error_text());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    ACUATE_CHECK(has_value(), error_text());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    ACUATE_CHECK(has_value(), error_text());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    ACUATE_CHECK(!has_value(), "error() of a successful Result");
    return *std::get_if<1>(&state_);
  }

 private:
  std::string error_text() const { return has_value() ? "" : std::get_if<1>(&state_)->message; }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const { return !error_; }
  explicit operator bool() const { return has_value(); }
  void value() const { ACUATE_CHECK(has_value(), error_->message); }
  const Error& error() const {
    ACUATE_CHECK(error_.has_value(), "error() of a successful Result");
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace acuate
