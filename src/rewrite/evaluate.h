#pragma once

#include <functional>
#include <span>
#include <string>
#include <unordered_set>

#include "rewrite/pass.h"

namespace acuate {

// Runs `nodes` (which depend on constants and on each other alone; producers first) by the
// evaluator, some hundreds of nodes in one model, and hands over the results that are wanted, after
// which the caller may remove their nodes. A part that the evaluator refuses is halved until the
// node is found that it refuses; what needs that one is left out, with a word to `refused`.
void evaluate_nodes(const Model& model, std::span<Node* const> nodes,
                    const std::unordered_set<const Value*>& wanted, const Evaluator& evaluate,
                    const std::function<void(const Node&, const std::string& reason)>& refused,
                    const std::function<void(Value&, const Tensor&)>& deliver);

}  // namespace acuate
