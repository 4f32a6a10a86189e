#include "targets/onnxruntime/profile.h"

#include <map>

#include <nlohmann/json.hpp>
#include <stdlib.h>

namespace acuate {
namespace {

using nlohmann::json;

constexpr std::string_view kKernelSuffix = "_kernel_time";
constexpr int64_t kMaxEvents =
    1'000'000;  // ONNX Runtime stops recording there (profiler.h, max_num_events)

// Only what is read below is built: an event carries a kilobyte of memory statistics besides.
bool keep_member(int, json::parse_event_t event, json& parsed) {
  static constexpr std::string_view kRead[] = {"cat",     "name",     "dur",       "args",
                                               "op_name", "provider", "node_index"};
  if (event != json::parse_event_t::key) return true;
  const auto& key = parsed.get_ref<const std::string&>();
  return std::find(std::begin(kRead), std::end(kRead), key) != std::end(kRead);
}

std::string text_member(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Result<ProfileFolder> ProfileFolder::create() {
  std::error_code code;
  const auto base = std::filesystem::temp_directory_path(code);
  if (code) return fail("no temporary folder for the profile: {}; set TMPDIR", code.message());
  std::string pattern = (base / "acuate-profile-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr)
    return fail("cannot create a temporary folder for the profile in {}: {}", base.string(),
                std::generic_category().message(errno));
  ProfileFolder folder;
  folder.path_ = pattern;
  return folder;
}

ProfileFolder::~ProfileFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Result<Profile> parse_onnxruntime_profile(std::string_view text) {
  const json trace = json::parse(text, keep_member, false);
  if (!trace.is_array()) return fail("ONNX Runtime's profile is no JSON array of events");
  Profile profile;
  profile.truncated = static_cast<int64_t>(trace.size()) >= kMaxEvents;
  std::map<std::array<std::string, 4>, size_t> places;  // node, its index, kernel type, provider
  for (const json& event : trace) {
    if (!event.is_object()) continue;
    const std::string category = text_member(event, "cat");
    std::string name = text_member(event, "name");
    const auto duration = event.find("dur");
    if (duration == event.end() || !duration->is_number()) continue;
    const double time_us = duration->get<double>();
    if (category == "Session" && name == "model_run") {
      ++profile.runs;
      profile.time_us += time_us;
    }
    const auto args = event.find("args");
    if (category != "Node" || !name.ends_with(kKernelSuffix) || args == event.end() ||
        !args->is_object())
      continue;
    name.resize(name.size() - kKernelSuffix.size());
    const std::array key = {name, text_member(*args, "node_index"), text_member(*args, "op_name"),
                            text_member(*args, "provider")};
    const auto [place, is_new] = places.try_emplace(key, profile.kernels.size());
    if (is_new) profile.kernels.push_back({.node = name, .op_type = key[2], .provider = key[3]});
    KernelRecord& record = profile.kernels[place->second];
    record.time_us += time_us;
    ++record.calls;
  }
  return profile;
}

}  // namespace acuate
