#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace acuate {

// An exact sum of doubles: one two's-complement integer of 768 bits in units of 2^-300. Addition of
// integers is associative, so the result does not depend on the order of the terms; no rounding
// happens before value(). Holds terms that are multiples of 2^-300 and sums below 2^466 in
// magnitude: any float, any square of a float, and 2^64 of them.
class WideSum {
 public:
  static constexpr size_t kWords = 12;

  void add(double term);
  // Adds count · 2^exponent, exponent from -300 to 399.
  void add(int64_t count, int exponent);
  void merge(const WideSum& other);
  // The exact sum, rounded once, half to even.
  double value() const;

  std::span<const uint64_t, kWords> words() const { return words_; }
  static WideSum from_words(std::span<const uint64_t, kWords> words);
  bool operator==(const WideSum&) const = default;

 private:
  std::array<uint64_t, kWords> words_{};  // least significant first
};

}  // namespace acuate
