#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <utility>

namespace acuate {

// A measured number, or none with the reason ("infinite: no error", "not measured").
class Measure {
 public:
  Measure() : reason_("not measured") {}
  // Infinity and NaN become none with a reason, since JSON and readers know neither.
  Measure(double value) {
    if (std::isfinite(value))
      value_ = value;
    else
      reason_ = std::isnan(value) ? "undefined" : value > 0 ? "infinite" : "minus infinite";
  }
  static Measure none(std::string reason) {
    Measure measure;
    if (!reason.empty()) measure.reason_ = std::move(reason);
    return measure;
  }

  bool has_value() const { return value_.has_value(); }
  explicit operator bool() const { return has_value(); }
  double operator*() const { return *value_; }
  double value_or(double other) const { return value_.value_or(other); }
  const std::string& reason() const { return reason_; }  // empty where there is a value
  bool operator==(const Measure&) const = default;

 private:
  std::optional<double> value_;
  std::string reason_;
};

}  // namespace acuate
