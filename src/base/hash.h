#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace acuate {

// 128-bit XXH3 of the bytes as 32 hex digits; identifies content, not a protection against forgery.
std::string content_hash(std::span<const std::byte> bytes);

}  // namespace acuate
