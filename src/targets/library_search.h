#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace acuate {

// A vendor's shared library, looked for in the order that every target keeps: ACUATE_<TARGET>_HOME,
// the environment beside the binary, the system.
struct LibrarySearch {
  std::string home_variable;                 // `ACUATE_ONNXRUNTIME_HOME`
  std::string stem;                          // `libonnxruntime.so.`: the file name starts with it
  std::vector<std::string> home_folders;     // below the home variable; "" is the folder itself
  std::vector<std::string> package_folders;  // below site-packages: `onnxruntime/capi`
};

struct FoundLibrary {
  std::filesystem::path path;  // empty: not found
  std::string home;  // the home variable's value, when it is set; then nothing else is searched
  std::vector<std::string> searched;  // the folders looked into, for messages
};

// The folders where Python packages of the environment beside this program lie, best first.
std::vector<std::filesystem::path> site_packages_beside_us();

FoundLibrary find_library(const LibrarySearch& search);

// A shared object of acuate's own, which lies beside the program or the Python package; empty where
// this build has none.
std::filesystem::path find_module(std::string_view file);

// The newest file of the folder whose name starts with `stem` and goes on with a version (`1.31.1`,
// `2640`), by the numbers of that version; empty where there is none.
std::filesystem::path newest_library(const std::filesystem::path& folder, std::string_view stem);

// -1, 0, 1: dotted numbers compared number by number; missing ones count as 0.
int compare_versions(std::string_view a, std::string_view b);

}  // namespace acuate
