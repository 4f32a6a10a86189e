#include "cli/model_summary.h"

#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "graph/module_tree.h"
#include "shape/macs.h"

namespace acuate {
namespace {

// Paths of the module and of all that hold it, up to the root (the empty path).
std::vector<std::string> holders(const std::string& path) {
  std::vector<std::string> out = {""};
  for (size_t at = 0; at < path.size();) {
    at = path.find_first_of("./", at + 1);
    if (at == path.npos) at = path.size();
    out.push_back(path.substr(0, at));
  }
  return out;
}

void add(std::optional<int64_t>& sum, std::optional<int64_t> value) {
  sum = sum && value ? std::optional(*sum + *value) : std::nullopt;
}

class Modules {
 public:
  explicit Modules(const Model& typed) : tree_(ModelModuleTree::of(typed)) {
    for (const ModuleInfo& info : tree_.modules()) {
      int depth = 0;
      for (const std::string& path : holders(info.path)) depth += index_.count(path) > 0 ? 1 : 0;
      index_.emplace(info.path, rows_.size());
      rows_.push_back(
          {to_valid_utf8(info.path), to_valid_utf8(info.class_name), info.guessed, depth, 0, 0, 0});
    }
  }

  // A merged node counts in every module that it comes from.
  void add_node(const Node& node, std::optional<int64_t> macs) {
    std::set<std::string> paths;
    for (const ModuleInfo* module : tree_.modules_of(node))
      for (std::string& path : holders(module->path)) paths.insert(std::move(path));
    for (const std::string& path : paths) {
      const auto found = index_.find(path);
      if (found == index_.end()) continue;
      ModuleSummary& row = rows_[found->second];
      ++row.nodes;
      add(row.macs, macs);
      for (size_t slot = 0; slot < node.input_count(); ++slot) {
        const Value* input = node.input(slot);
        if (input != nullptr && input->initializer && counted_.emplace(&row, input).second)
          row.parameters += input->initializer->size();
      }
    }
  }

  // Each behind what holds it, otherwise in order of appearance.
  std::vector<ModuleSummary> take() {
    std::map<std::string, std::vector<size_t>> below;
    for (size_t i = rows_.size(); i-- > 1;) {
      std::string holder;
      for (const std::string& path : holders(tree_.modules()[i].path))
        if (path != tree_.modules()[i].path && index_.count(path) > 0) holder = path;
      below[holder].push_back(i);
    }
    std::vector<ModuleSummary> sorted;
    std::vector<size_t> open = {0};
    while (!open.empty()) {
      const size_t i = open.back();
      open.pop_back();
      const auto& children = below[tree_.modules()[i].path];
      open.insert(open.end(), children.begin(), children.end());
      sorted.push_back(std::move(rows_[i]));
    }
    return sorted;
  }

 private:
  ModelModuleTree tree_;
  std::vector<ModuleSummary> rows_;
  std::map<std::string, size_t> index_;
  std::set<std::pair<const ModuleSummary*, const Value*>> counted_;
};

std::vector<DynamicDim> dynamic_dims(const std::vector<const Value*>& inputs) {
  std::vector<DynamicDim> out;
  for (const Value* input : inputs) {
    if (!input->type.shape) continue;
    for (size_t axis = 0; axis < input->type.shape->size(); ++axis) {
      const Dim& dim = (*input->type.shape)[axis];
      if (dim.is_known()) continue;
      const std::string place = fmt::format("{}[{}]", to_valid_utf8(input->name), axis);
      const std::string name = to_valid_utf8(dim.name);
      auto known = out.begin();
      while (known != out.end() && (name.empty() || known->name != name)) ++known;
      if (known == out.end()) known = out.insert(out.end(), {name, {}});
      known->places.push_back(place);
    }
  }
  return out;
}

void add_weight(const TensorRef& weight, ModelSummary& summary) {
  summary.parameters += weight.size();
  summary.weight_bytes += weight.size_bytes();
  if (!weight.external) return;
  ExternalFile& file = summary.external[to_valid_utf8(weight.external->location)];
  ++file.tensors;
  file.size_bytes += weight.external->size_bytes;
}

}  // namespace

ModelSummary summarize_model(const Model& model, const Model& typed) {
  ModelSummary summary;
  for (const Value* input : model.graph().inputs())
    if (!input->initializer) summary.inputs.push_back(input);
  for (const Value* output : model.graph().outputs()) summary.outputs.push_back(output);
  summary.dynamic_dims = dynamic_dims(summary.inputs);
  for (const Function& function : model.functions())
    summary.functions.push_back(
        to_valid_utf8(fmt::format("{}:{}", function.domain, function.name)));
  for (const Graph* graph : model.all_graphs()) {
    for (const Node* node = graph->first(); node != nullptr; node = node->next()) {
      ++summary.nodes;
      ++summary.operators[{to_valid_utf8(node->domain()), to_valid_utf8(node->op_type())}];
    }
  }
  Modules modules(typed);
  summary.macs = 0;
  for (const Graph* graph : typed.all_graphs()) {
    for (const Value* value : graph->initializers()) add_weight(*value->initializer, summary);
    for (const Node* node = graph->first(); node != nullptr; node = node->next()) {
      const auto macs = multiply_accumulates(*node);
      add(summary.macs, macs);
      modules.add_node(*node, macs);
    }
  }
  summary.modules = modules.take();
  return summary;
}

}  // namespace acuate
