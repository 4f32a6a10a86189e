#pragma once

namespace acuate {

// Of the command line, the Python package and what they write; CHANGELOG.md tells the versions.
inline constexpr const char* kVersion = "0.1.0";

}  // namespace acuate
