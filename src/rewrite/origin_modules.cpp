#include "rewrite/origin_modules.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "graph/module_tree.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

constexpr std::string_view kNameScopes = "pkg.torch.onnx.name_scopes";
constexpr std::string_view kOriginModules = "acuate.origin_modules";

}  // namespace

OriginModules::OriginModules(const Model& model) {
  for (const Graph* graph : model.all_graphs())
    for (const Node* node = graph->first(); node != nullptr; node = node->next()) {
      const std::string_view text = node->metadata(kNameScopes);
      if (text.empty()) continue;
      // The last scope is the call itself.
      if (const auto scopes = parse_text_list(text); scopes && scopes->size() > 1)
        module_of_.emplace(node->address(), (*scopes)[scopes->size() - 2]);
    }
}

void OriginModules::note(Model& model) const {
  if (module_of_.empty()) return;
  for (Graph* graph : model.all_graphs())
    for (Node* node = graph->first(); node != nullptr; node = node->next()) {
      if (node->metadata("acuate.origins").empty()) continue;
      auto modules =
          parse_text_list(node->metadata(kOriginModules)).value_or(std::vector<std::string>());
      const size_t known = modules.size();
      for (const std::string& origin : origins(*node)) {
        const auto found = module_of_.find(origin);
        if (found == module_of_.end()) continue;
        if (std::find(modules.begin(), modules.end(), found->second) == modules.end())
          modules.push_back(found->second);
      }
      if (modules.size() > known)
        node->set_metadata(kOriginModules, nlohmann::json(modules).dump());
    }
}

}  // namespace acuate
