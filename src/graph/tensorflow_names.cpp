#include "graph/tensorflow_names.h"

#include <algorithm>

#include "base/text.h"

namespace acuate {
namespace {

constexpr size_t kMaxDepth = 32;
constexpr size_t kMaxNames = 64;  // that were joined

bool has_scopes(std::string_view name) {
  return name.find('/') != name.npos && name[0] != '/' && name.find("__/") == name.npos &&
         name.find("//") == name.npos && name.back() != '/';
}

std::string_view told_by(const Node& node) {
  if (!node.name().empty() && has_scopes(node.name())) return node.name();
  const Value* output = node.output();
  if (output != nullptr && has_scopes(output->name)) return output->name;
  return {};
}

}  // namespace

TensorFlowNames::TensorFlowNames(const Model& model) {
  std::vector<std::string> shared;
  bool is_first = true;
  // With the merged names whole: only what all begin with counts here.
  for (const Graph* graph : model.all_graphs())
    for (const Node* node = graph->first(); node != nullptr; node = node->next())
      for (const std::vector<std::string>& scopes : scopes_of(told_by(*node))) {
        if (is_first) shared = scopes;
        is_first = false;
        const auto end =
            std::mismatch(shared.begin(), shared.end(), scopes.begin(), scopes.end()).first;
        shared.erase(end, shared.end());
      }
  if (shared.empty()) return;
  model_scope_ = shared[0];
  shared_scopes_ = shared.size();
}

// The scopes of each of the names that were joined.
std::vector<std::vector<std::string>> TensorFlowNames::scopes_of(std::string_view name) const {
  std::vector<std::vector<std::string>> all;
  if (name.empty() || !has_scopes(name)) return all;
  for (const std::string& part : split(name, ';')) {
    if (all.size() >= kMaxNames) break;
    std::vector<std::string> scopes = split(part, '/');
    std::vector<std::string> own;
    const std::string again = "_" + model_scope_;
    for (size_t i = 0; i + 1 < scopes.size() && own.size() < kMaxDepth; ++i) {
      // The operator of one name and the model of the next.
      if (!model_scope_.empty() && i > 0 && all.size() < kMaxNames && scopes[i].ends_with(again)) {
        all.push_back(std::move(own));
        own = {model_scope_};
        continue;
      }
      own.push_back(scopes[i]);
    }
    if (scopes.size() > 1) all.push_back(std::move(own));
  }
  return all;
}

std::vector<std::string> TensorFlowNames::read(const Node& node) const {
  return read(told_by(node));
}

std::vector<std::string> TensorFlowNames::read(std::string_view name) const {
  std::vector<std::string> paths;
  for (const std::vector<std::string>& scopes : scopes_of(name)) {
    const size_t first = std::min(shared_scopes_, scopes.size());
    std::string path = join(std::span(scopes).subspan(first), ".");
    if (std::find(paths.begin(), paths.end(), path) == paths.end())
      paths.push_back(std::move(path));
  }
  return paths;
}

}  // namespace acuate
