#pragma once

#include <string>
#include <string_view>

// The pieces of `report.html`. Everything that stands in a report is escaped on its way in: names
// are hostile input. There are no `style` attributes and no event attributes, which the page's
// content security policy forbids.
namespace acuate {

// Text for element content and for attributes in double quotes; control characters, bidirectional
// overrides and bytes that are not UTF-8 become U+FFFD.
std::string escape_html(std::string_view text);

// `<tag class="classes">escaped text</tag>`; tag and classes are literals of ours.
std::string element(std::string_view tag, std::string_view classes, std::string_view text);

// Escaped text in a cell, with the number that it sorts by; an empty `value` sorts last. `wide`:
// only where the page is wide.
std::string number_cell(std::string_view text, std::string_view value, bool wide = false);

// Base64 (RFC 4648) of bytes given as hex digits.
std::string base64_of_hex(std::string_view hex);

}  // namespace acuate
