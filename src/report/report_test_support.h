#pragma once

#include <string>
#include <string_view>

#include "base/file.h"
#include "report/writer.h"

// What the tests of this room share.
namespace acuate {

// testdata/example_report.json: every part of a report is filled in.
inline Report example_report() {
  return *parse_report(
      *read_text_file(ACUATE_SOURCE_DIR "/src/report/testdata/example_report.json"));
}

inline size_t count_of(std::string_view text, std::string_view part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace acuate
