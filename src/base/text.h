#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace acuate {

std::string join(std::span<const std::string> parts, std::string_view separator);
std::vector<std::string> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);

// `vsi-npu` ↔ `vsi_npu`: ids are snake_case inside and kebab-case where a person reads or types
// them.
std::string to_snake_case(std::string_view id);
std::string to_kebab_case(std::string_view id);

// Whole-text conversions; nothing where the text is anything else or out of range.
std::optional<int64_t> parse_int(std::string_view text);
std::optional<double> parse_double(std::string_view text);

// JSON string escapes with surrounding quotes; bytes that are not UTF-8 become U+FFFD so that the
// output is always text.
std::string json_quote(std::string_view text);

// The same text with invalid UTF-8 sequences replaced by U+FFFD; for names of untrusted models in
// messages and reports.
std::string to_valid_utf8(std::string_view text);

// `1.9 MB`, `640 B`; decimal units.
std::string format_bytes(uint64_t size_bytes);

// The candidate closest to `text` by edit distance, if it is close enough to be a likely typo.
std::optional<std::string> closest_match(std::string_view text,
                                         std::span<const std::string> candidates);

// Shell-style match with `*` and `?`.
bool matches_pattern(std::string_view text, std::string_view pattern);

}  // namespace acuate
