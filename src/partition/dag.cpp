#include "partition/dag.h"

#include "base/check.h"
#include "edit/sweep.h"
#include "graph/constants.h"

namespace acuate {

Dag Dag::of(const Graph& graph) {
  Dag dag;
  std::unordered_map<const Value*, uint32_t> index;
  const auto tensor = [&](const Value* value) {
    const auto [at, is_new] = index.try_emplace(value, static_cast<uint32_t>(dag.tensors.size()));
    if (is_new) dag.tensors.push_back({value, kOutside, {}, value->is_output()});
    return at->second;
  };
  for (const Value* input : graph.inputs())
    if (!input->is_constant()) tensor(input);
  for (const Node* node = graph.first(); node != nullptr; node = node->next()) {
    if (node->is_op("Constant")) continue;
    const auto at = static_cast<uint32_t>(dag.nodes.size());
    dag.nodes.push_back(node);
    dag.reads.emplace_back();
    dag.makes.emplace_back();
    for (const Value* value : values_read(*node)) {
      if (is_constant(*value)) continue;
      const uint32_t read = tensor(value);
      ACUATE_CHECK(value->producer == nullptr || dag.tensors[read].producer != kOutside,
                   "nodes to partition are not sorted");
      std::vector<uint32_t>& readers = dag.tensors[read].readers;
      if (!readers.empty() && readers.back() == at) continue;
      readers.push_back(at);
      dag.reads[at].push_back(read);
    }
    for (const Value* value : node->outputs()) {
      if (value == nullptr) continue;
      const uint32_t made = tensor(value);
      dag.tensors[made].producer = at;
      dag.makes[at].push_back(made);
    }
  }
  return dag;
}

}  // namespace acuate
