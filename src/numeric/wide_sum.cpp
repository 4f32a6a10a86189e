#include "numeric/wide_sum.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"

namespace acuate {

namespace {

constexpr int kUnitExponent = -300;

}  // namespace

void WideSum::add(double term) {
  if (term == 0) return;
  ACUATE_CHECK(std::isfinite(term), "only finite terms can be summed");
  int exponent = 0;
  auto mantissa = static_cast<int64_t>(std::ldexp(std::frexp(term, &exponent), 53));
  const int trailing_zeros = std::countr_zero(static_cast<uint64_t>(mantissa));
  add(mantissa >> trailing_zeros, exponent - 53 + trailing_zeros);
}

void WideSum::add(int64_t count, int exponent) {
  const int position = exponent - kUnitExponent;
  ACUATE_CHECK(position >= 0 && position < 700, "term outside the range of the sum");
  const auto word = static_cast<size_t>(position) / 64;
  const int bit = position % 64;
  // Two's complement: the words above the term repeat its sign.
  const uint64_t sign = count < 0 ? ~uint64_t{0} : 0;
  const auto shifted = static_cast<unsigned __int128>(static_cast<__int128>(count)) << bit;
  uint64_t carry = 0;
  for (size_t i = word; i < kWords; ++i) {
    const uint64_t part = i == word       ? static_cast<uint64_t>(shifted)
                          : i == word + 1 ? static_cast<uint64_t>(shifted >> 64)
                                          : sign;
    const auto sum = static_cast<unsigned __int128>(words_[i]) + part + carry;
    words_[i] = static_cast<uint64_t>(sum);
    carry = static_cast<uint64_t>(sum >> 64);
  }
}

void WideSum::merge(const WideSum& other) {
  uint64_t carry = 0;
  for (size_t i = 0; i < kWords; ++i) {
    const auto sum = static_cast<unsigned __int128>(words_[i]) + other.words_[i] + carry;
    words_[i] = static_cast<uint64_t>(sum);
    carry = static_cast<uint64_t>(sum >> 64);
  }
}

double WideSum::value() const {
  std::array<uint64_t, kWords> magnitude = words_;
  const bool negative = (words_[kWords - 1] >> 63) != 0;
  if (negative) {
    uint64_t carry = 1;
    for (uint64_t& word : magnitude) {
      word = ~word + carry;
      carry = carry != 0 && word == 0 ? 1 : 0;
    }
  }
  size_t top = kWords;
  while (top > 0 && magnitude[top - 1] == 0) --top;
  if (top == 0) return 0;
  // The leading 64 bits, with every lower bit folded into the last one, round to 53 bits as the
  // whole number would.
  const int lead = std::countl_zero(magnitude[top - 1]);
  uint64_t leading = magnitude[top - 1] << lead;
  bool sticky = false;
  if (top >= 2) {
    if (lead > 0) leading |= magnitude[top - 2] >> (64 - lead);
    sticky = lead == 0 ? magnitude[top - 2] != 0 : (magnitude[top - 2] << lead) != 0;
    for (size_t i = 0; i + 2 < top; ++i) sticky = sticky || magnitude[i] != 0;
  }
  if (sticky) leading |= 1;
  const int exponent = kUnitExponent + static_cast<int>(top - 1) * 64 - lead;
  const double rounded = std::ldexp(static_cast<double>(leading), exponent);
  return negative ? -rounded : rounded;
}

WideSum WideSum::from_words(std::span<const uint64_t, kWords> words) {
  WideSum sum;
  std::copy(words.begin(), words.end(), sum.words_.begin());
  return sum;
}

}  // namespace acuate
