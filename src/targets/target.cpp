#include "targets/target.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "targets/table.h"

namespace acuate {
namespace {

// What `auto` is where nothing is measured: the first that runs. `convert` tries all candidates.
constexpr std::string_view kAutoOrder[] = {"onnxruntime"};

Result<Target> choose() {
  std::string reasons;
  for (std::string_view id : kAutoOrder) {
    const Target* target = targets().lookup(id);
    ACUATE_CHECK(target != nullptr, "an unknown target in the order of auto");
    const Availability run = target->status().run;
    if (run.available) return *target;
    reasons += fmt::format("\n  {}: {}", id, run.reason);
  }
  return fail("--target auto: no target runs here:{}", reasons);
}

Result<Target> from_table_file(const std::filesystem::path& path) {
  auto text = read_text_file(path, uint64_t{16} << 20);
  if (!text) return text.error();
  auto table = parse_table(*text, path.string());
  if (!table) return table.error();
  std::shared_ptr<const TargetBackend> stand_in;
  if (!table->run_on.empty()) {
    const Target* engine = targets().lookup(table->run_on);
    if (engine == nullptr)
      return fail("{}: run_on is '{}', which is no target; `acuate targets` lists them",
                  path.string(), table->run_on);
    stand_in = engine->backend;
  }
  return make_table_target(std::move(*table), "", std::move(stand_in));
}

}  // namespace

Result<std::vector<Refusal>> TargetBackend::probe(const Model&) const {
  return std::vector<Refusal>();
}

Result<std::optional<BuiltEngine>> TargetBackend::build(const Model&, const BuildOptions&) const {
  return std::optional<BuiltEngine>();
}

Result<std::string> TargetBackend::engine_maker() const { return std::string(); }

Result<ModelVerdict> ModelVerdict::of(const Target& target, const Model& model) {
  auto refusals = target.backend->probe(model);
  if (!refusals) return refusals.error();
  ModelVerdict verdict(target);
  for (Refusal& refusal : *refusals)
    verdict.probed_.emplace(refusal.node, std::move(refusal.reason));
  return verdict;
}

std::vector<Reason> ModelVerdict::why_not(const Node& node) const {
  std::vector<Reason> reasons = target_->why_not(node);
  const auto [first, last] = probed_.equal_range(&node);
  for (auto it = first; it != last; ++it) reasons.push_back(it->second);
  return reasons;
}

bool ModelVerdict::refuses(const Node& node) const {
  const auto reasons = why_not(node);
  return std::any_of(reasons.begin(), reasons.end(), [](const Reason& r) { return r.blocks; });
}

Result<QuantizationPlan> TargetBackend::plan_quantization(Model&,
                                                          const QuantizationRequest&) const {
  return fail("this target does not quantize: {}", status().build.reason);
}

Result<void> TargetBackend::emit_quantized(Model&, const Encodings&) const {
  return fail("this target does not quantize: {}", status().build.reason);
}

Result<std::unique_ptr<Engine>> TargetBackend::load(const ModelSource& source,
                                                    const EngineOptions&) const {
  return fail("{} cannot be loaded: {}", source.text(), status().run.reason);
}

const TargetRegistry& targets() {
  static const TargetRegistry registry = [] {
    TargetRegistry all;
    register_all_targets(all);
    return all;
  }();
  return registry;
}

Result<Target> resolve_target(std::string_view name) {
  if (name == "auto") return choose();
  const bool is_path =
      name.find('/') != name.npos || name.ends_with(".yaml") || name.ends_with(".yml");
  if (is_path) return from_table_file(name);
  auto found = targets().find(name, "target");
  if (!found)
    return fail("{}, auto; or give the path of a table file (.yaml)", found.error().message);
  return **found;
}

}  // namespace acuate
