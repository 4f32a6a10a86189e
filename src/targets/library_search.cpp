#include "targets/library_search.h"

#include <algorithm>
#include <cstdlib>

#include <dlfcn.h>

#include "base/text.h"

namespace acuate {
namespace {

namespace fs = std::filesystem;

// <prefix>/lib/python3.*/site-packages, however many Pythons the environment holds.
void append_site_packages(const fs::path& prefix, std::vector<fs::path>& folders) {
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(prefix / "lib", code))
    if (entry.path().filename().string().starts_with("python3"))
      folders.push_back(entry.path() / "site-packages");
}

constexpr const char* kSystemFolders[] = {"/usr/local/lib", "/usr/lib/x86_64-linux-gnu",
                                          "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"};

// Where the object file lies that holds this code: the program, or a Python module.
fs::path folder_of_this_code() {
  std::error_code code;
  Dl_info info = {};
  if (dladdr(reinterpret_cast<const void*>(&folder_of_this_code), &info) == 0 ||
      info.dli_fname == nullptr)
    return {};
  return fs::weakly_canonical(info.dli_fname, code).parent_path();
}

fs::path folder_of_program() {
  std::error_code code;
  return fs::read_symlink("/proc/self/exe", code).parent_path();
}

}  // namespace

// The environment that this code was installed into or built beside: the program may lie in
// <env>/bin, or in <tree>/build/…/bin with the environment in <tree>/.venv; a Python module lies in
// site-packages itself, libacuate in <env>/lib.
std::vector<fs::path> site_packages_beside_us() {
  std::vector<fs::path> folders;
  const fs::path program = folder_of_program();
  const fs::path module = folder_of_this_code();
  if (!module.empty() && module != program) {
    folders.push_back(module.parent_path());
    append_site_packages(module.parent_path(), folders);
  }
  if (program.empty()) return folders;
  append_site_packages(program.parent_path(), folders);
  fs::path folder = program;
  for (int up = 0; up < 3; ++up) {
    folder = folder.parent_path();
    append_site_packages(folder / ".venv", folders);
  }
  return folders;
}

int compare_versions(std::string_view a, std::string_view b) {
  const auto left = split(a, '.'), right = split(b, '.');
  for (size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    const int64_t x = i < left.size() ? parse_int(left[i]).value_or(0) : 0;
    const int64_t y = i < right.size() ? parse_int(right[i]).value_or(0) : 0;
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

fs::path newest_library(const fs::path& folder, std::string_view stem) {
  fs::path newest;
  std::string newest_version;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(stem)) continue;
    const std::string version = name.substr(stem.size());
    if (version.empty() || version.find_first_not_of("0123456789.") != version.npos) continue;
    if (newest.empty() || compare_versions(version, newest_version) > 0) {
      newest = entry.path();
      newest_version = version;
    }
  }
  return newest;
}

FoundLibrary find_library(const LibrarySearch& search) {
  FoundLibrary found;
  const auto look_in = [&](const fs::path& folder) {
    found.searched.push_back(folder.string());
    found.path = newest_library(folder, search.stem);
    return !found.path.empty();
  };
  if (const char* home = std::getenv(search.home_variable.c_str());
      home != nullptr && *home != '\0') {
    found.home = home;
    for (const std::string& below : search.home_folders)
      if (look_in(below.empty() ? fs::path(home) : fs::path(home) / below)) return found;
    std::vector<fs::path> packages;
    append_site_packages(home, packages);
    for (const fs::path& site : packages)
      for (const std::string& below : search.package_folders)
        if (look_in(site / below)) return found;
    return found;
  }
  for (const fs::path& site : site_packages_beside_us())
    for (const std::string& below : search.package_folders)
      if (look_in(site / below)) return found;
  for (const char* folder : kSystemFolders)
    if (look_in(folder)) return found;
  return found;
}

fs::path find_module(std::string_view file) {
  std::vector<fs::path> folders = {folder_of_this_code()};
  // A build tree: <build>/lib/acuate, the programs one or two folders below <build>.
  for (const fs::path& below : {folder_of_program(), folder_of_this_code()})
    for (const fs::path& tree : {below.parent_path(), below.parent_path().parent_path()})
      folders.push_back(tree / "lib" / "acuate");
  for (const fs::path& site : site_packages_beside_us()) folders.push_back(site / "acuate");
  std::error_code code;
  for (const fs::path& folder : folders)
    if (fs::exists(folder / file, code)) return folder / file;
  return {};
}

}  // namespace acuate
