#include "targets/openvino/library.h"

#include <cstdlib>
#include <map>
#include <mutex>

#include <dlfcn.h>

#include "base/text.h"
#include "targets/library_search.h"

namespace acuate::openvino {
namespace {

constexpr std::string_view kStem = "libopenvino.so.";
constexpr std::string_view kModuleFile = "acuate_openvino.so";
constexpr std::string_view kHowToGet =
    "install it with `pip install openvino==2026.4.1` into the environment beside acuate, or set "
    "ACUATE_OPENVINO_HOME";

Library refuse(Library library, std::string reason) {
  library.reason = std::move(reason);
  return library;
}

std::string last_error() {
  const char* text = dlerror();
  return text == nullptr ? "no reason given" : text;
}

Library find_and_open() {
  const FoundLibrary found =
      find_library({.home_variable = "ACUATE_OPENVINO_HOME",
                    .stem = std::string(kStem),
                    .home_folders = {"", "lib", "libs", "openvino/libs", "runtime/lib/intel64"},
                    .package_folders = {"openvino/libs"}});
  Library library;
  if (found.path.empty() && !found.home.empty())
    return refuse(library,
                  fmt::format("ACUATE_OPENVINO_HOME is '{}', but no {}* lies there; looked into {}",
                              found.home, kStem, join(found.searched, ", ")));
  if (found.path.empty())
    return refuse(library, fmt::format("OpenVINO was not found ({}*; looked into {}); {}", kStem,
                                       join(found.searched, ", "), kHowToGet));
  library.file = found.path.string();
  library.version = found.path.filename().string().substr(kStem.size());
  const auto module_file = find_module(kModuleFile);
  if (module_file.empty())
    return refuse(library, fmt::format("this acuate was built without OpenVINO: {} is missing; run "
                                       "scripts/bootstrap and build it again",
                                       kModuleFile));
  // Neither is closed again: networks may live as long as the process. The library comes first, by
  // its own path, so that the module is bound to this one and to no other of its name.
  if (dlopen(library.file.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr)
    return refuse(library,
                  fmt::format("OpenVINO at {} cannot be opened: {}", library.file, last_error()));
  void* handle = dlopen(module_file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr)
    return refuse(library, fmt::format("OpenVINO at {} is not the version that acuate was built "
                                       "for ({}); {}",
                                       library.file, last_error(), kHowToGet));
  const auto entry = reinterpret_cast<Entry>(dlsym(handle, kEntryName));
  const Module* module = entry == nullptr ? nullptr : entry(kInterfaceVersion);
  if (module == nullptr)
    return refuse(library, fmt::format("{} belongs to another version of acuate; build or install "
                                       "acuate again",
                                       module_file.string()));
  library.module = module;
  library.version = module->version();
  return library;
}

}  // namespace

const Library& library() {
  // Leaked on purpose: engines may be destroyed after the statics of this file.
  static auto* mutex = new std::mutex();
  static auto* opened = new std::map<std::string, Library>();
  const char* home = std::getenv("ACUATE_OPENVINO_HOME");
  const std::lock_guard lock(*mutex);
  const auto [place, is_new] = opened->try_emplace(home == nullptr ? "" : home);
  if (is_new) place->second = find_and_open();
  return place->second;
}

}  // namespace acuate::openvino
