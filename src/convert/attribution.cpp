#include "convert/attribution.h"

#include <algorithm>
#include <unordered_map>

#include "shape/macs.h"

namespace acuate {
namespace {

constexpr size_t kNone = SIZE_MAX;

class Attribution {
 public:
  Attribution(const Graph& graph, const Profile& profile)
      : graph_(graph), nodes_(profile.kernels.size()) {
    for (size_t i = 0; i < profile.kernels.size(); ++i) {
      const KernelRecord& kernel = profile.kernels[i];
      for (const std::string& origin : kernel.origins) claim(find(origin), i);
      if (kernel.origins.empty()) claim(find(without_engine_suffix(kernel.node)), i);
    }
    // One sweep each way: what stands before a claimed node may itself be read by an unclaimed one.
    for (const Node* node = graph.last(); node != nullptr; node = node->previous())
      if (owner_of(*node) == kNone) claim(node, sole_reader(*node));
    for (const Node* node = graph.first(); node != nullptr; node = node->next())
      if (const Value* data = node->input(0);
          owner_of(*node) == kNone && data != nullptr && data->producer != nullptr)
        claim(node, owner_of(*data->producer));
  }

  std::vector<std::vector<KernelShare>> shares() const {
    std::vector<std::vector<KernelShare>> out;
    for (const auto& nodes : nodes_) {
      std::vector<KernelShare>& shares = out.emplace_back();
      double sum = 0;
      for (const Node* node : nodes) {
        const auto macs = multiply_accumulates(*node);
        shares.push_back({node, macs ? static_cast<double>(*macs) : 0});
        sum += shares.back().part;
      }
      for (KernelShare& share : shares)
        share.part = sum > 0 ? share.part / sum : 1 / static_cast<double>(shares.size());
    }
    return out;
  }

 private:
  const Node* find(std::string_view name) const {
    if (const auto nodes = graph_.nodes_called(name); !nodes.empty()) return nodes[0];
    // A kernel of several nodes may have the name of the tensor that the last one makes.
    if (const Value* tensor = graph_.find(name); tensor != nullptr && tensor->producer != nullptr)
      return tensor->producer;
    for (const std::string_view suffix : {"_QuantizeLinear", "_DequantizeLinear"}) {
      if (!name.ends_with(suffix)) continue;
      name.remove_suffix(suffix.size());
      const Value* tensor = graph_.find(name);
      if (tensor == nullptr) return nullptr;
      if (tensor->producer != nullptr) return tensor->producer;
      for (const Use& use : tensor->uses())
        if (&use.node->graph() == &graph_) return use.node;
    }
    return nullptr;
  }

  size_t owner_of(const Node& node) const {
    const auto found = owner_.find(&node);
    return found == owner_.end() ? kNone : found->second;
  }

  // The one kernel that reads all that the node makes.
  size_t sole_reader(const Node& node) const {
    size_t reader = kNone;
    for (const Value* output : node.outputs()) {
      if (output == nullptr) continue;
      if (output->is_output()) return kNone;
      for (const Use& use : output->uses()) {
        const size_t owner = owner_of(*use.node);
        if (owner == kNone || (reader != kNone && owner != reader)) return kNone;
        reader = owner;
      }
    }
    return reader;
  }

  void claim(const Node* node, size_t kernel) {
    if (node == nullptr || kernel == kNone) return;
    // Two kernels may each do a part of a node's work.
    auto& nodes = nodes_[kernel];
    if (std::find(nodes.begin(), nodes.end(), node) == nodes.end()) nodes.push_back(node);
    owner_.emplace(node, kernel);
  }

  const Graph& graph_;
  std::vector<std::vector<const Node*>> nodes_;  // of each kernel
  std::unordered_map<const Node*, size_t> owner_;
};

}  // namespace

std::string_view without_engine_suffix(std::string_view name) {
  for (const std::string_view suffix : {"_nchwc", "_kernel_time", "_quant"})
    if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
  const size_t token = name.find("_token_");
  return token == name.npos ? name : name.substr(0, token);
}

std::vector<std::vector<KernelShare>> attribute_kernels(const Graph& graph,
                                                        const Profile& profile) {
  return Attribution(graph, profile).shares();
}

}  // namespace acuate
