#include <algorithm>
#include <unordered_set>
#include <utility>

#include "graph/module_tree.h"

namespace acuate {
namespace {

constexpr std::string_view kOrigins = "acuate.origins";
constexpr size_t kMaxFurther = 64;  // as of a merged node of one model

std::vector<std::string> origins_of(const Node& node) {
  auto names = parse_text_list(node.metadata(kOrigins));
  if (!names || names->empty()) return {node.address()};
  return *std::move(names);
}

template <class Visit>
void for_each_node(const Model& model, const Visit& visit) {
  for (const Graph* graph : model.all_graphs())
    for (const Node* node = graph->first(); node != nullptr; node = node->next()) visit(*node);
}

}  // namespace

class ModuleTreeCarrier {
 public:
  explicit ModuleTreeCarrier(const Model& original) : tree_(ModelModuleTree::of(original)) {
    for_each_node(original, [&](const Node& node) { known_.try_emplace(node.address(), &node); });
    // A model that was simplified before names those that its own nodes stand for.
    for_each_node(original, [&](const Node& node) {
      if (node.metadata(kOrigins).empty()) return;
      for (std::string& name : origins_of(node)) known_.try_emplace(std::move(name), &node);
    });
  }

  ModelModuleTree run(const Model& model) {
    std::unordered_map<const Node*, Place> places;
    std::unordered_map<const Node*, std::vector<Place>> further;
    std::vector<const Node*> strangers;
    for_each_node(model, [&](const Node& node) {
      const std::vector<Place> found = places_of(node);
      if (found.empty()) return strangers.push_back(&node);
      places.emplace(&node, found[0]);
      if (found.size() > 1)
        further.emplace(&node, std::vector<Place>(found.begin() + 1, found.end()));
    });
    if (!strangers.empty()) place_by_own_tree(model, strangers, places);
    tree_.places_ = std::move(places);
    tree_.further_places_ = std::move(further);
    return std::move(tree_);
  }

 private:
  using Place = ModelModuleTree::Place;

  std::vector<Place> places_of(const Node& node) const {
    std::vector<Place> all;
    std::unordered_set<uint32_t> seen;
    const auto add = [&](Place place) {
      if (all.size() <= kMaxFurther && seen.insert(place.module).second) all.push_back(place);
    };
    for (const std::string& name : origins_of(node)) {
      const auto found = known_.find(name);
      if (found == known_.end()) continue;
      add(tree_.places_.at(found->second));
      if (const auto more = tree_.further_places_.find(found->second);
          more != tree_.further_places_.end())
        for (const Place place : more->second) add(place);
    }
    return all;
  }

  void place_by_own_tree(const Model& model, const std::vector<const Node*>& strangers,
                         std::unordered_map<const Node*, Place>& places) const {
    const ModelModuleTree own = ModelModuleTree::of(model);
    std::unordered_map<std::string_view, uint32_t> by_path;
    for (uint32_t i = 0; i < tree_.modules_.size(); ++i) by_path.emplace(tree_.modules_[i].path, i);
    for (const Node* node : strangers)
      if (const auto found = by_path.find(own.module_of(*node).path); found != by_path.end())
        places.emplace(node, Place{found->second, true});
  }

  ModelModuleTree tree_;
  std::unordered_map<std::string, const Node*> known_;  // of the original, by name
};

ModelModuleTree ModelModuleTree::carried_over(const Model& model, const Model& original) {
  return ModuleTreeCarrier(original).run(model);
}

}  // namespace acuate
