#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace acuate {

// 128-bit XXH3 of the bytes as 32 hex digits; identifies content, not a protection against forgery.
std::string content_hash(std::span<const std::byte> bytes);

// 64-bit XXH3 of the bytes: a key for tables, where equal keys are checked or do no harm.
uint64_t hash_key(std::span<const std::byte> bytes, uint64_t seed = 0);
uint64_t hash_key(std::string_view text, uint64_t seed = 0);

// The key of a sequence that goes on with `next`; the order counts.
constexpr uint64_t hash_combine(uint64_t key, uint64_t next) {
  // The finalizer of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
  // generators", 2014, figure 18).
  uint64_t x = key * 0x9E3779B97F4A7C15 + next + 0x632BE59BD9B4E019;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
  x = (x ^ x >> 27) * 0x94D049BB133111EB;
  return x ^ x >> 31;
}

}  // namespace acuate
