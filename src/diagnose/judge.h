#pragma once

#include "diagnose/rule.h"

namespace acuate {

// Asks the target about every node of the main graph and, where it takes the node that holds them,
// of bodies. Reasons that only shape scaffolds bring (integers computed from dimensions, and shapes
// taken from them) are left out with `skip_scaffolds`. Errors: those of ModelVerdict::of().
Result<Judgement> judge(const Model& model, const Target& target, const Origins& origins,
                        bool skip_scaffolds);

// Shape scaffolds: nodes of the main graph whose results depend on constants and on dimensions
// (Shape, Size) alone. With static shapes they fold away.
std::unordered_set<const Node*> shape_scaffold(const Model& model);

// Part of the nodes, without constants, that the target takes: as the model stands, and mended
// (nodes that folded away count as taken). Limited to `among` where that is not null.
struct Coverage {
  size_t total = 0;
  size_t as_it_stands = 0;
  size_t mended = 0;
  double gain() const;
};
Coverage coverage(const DiagnoseContext& context,
                  const std::unordered_set<const Node*>* among = nullptr);

// Findings of the target's reasons of this id: one for each module and sentence, with all nodes
// that it holds for.
std::vector<Finding> findings_by_reason(const DiagnoseContext& context, std::string_view id,
                                        Severity severity);

// The same findings with the cut that leaves to the host whatever sizes by values or holds control
// flow (DiagnoseContext::tail): it removes them all at once.
std::vector<Finding> cut_off(const DiagnoseContext& context, std::vector<Finding> findings);

// The reasons of one id, by module and sentence in graph order.
struct ModuleReasons {
  std::string module;
  std::vector<std::string> modules;  // all that the nodes came of, as Finding::modules
  std::string message;
  std::vector<const Node*> nodes;     // each once
  std::vector<std::string> evidence;  // `node: what was found`; empty beyond the first few
  std::vector<const Node*> judged;    // of the judged model: once for each reason that blocks
};
std::vector<ModuleReasons> group_by_module(const DiagnoseContext& context,
                                           const Judgement& judgement, std::string_view id);

// The same by the outermost modules that tell the nodes apart: the parts of the deepest module that
// holds them all. For what holds for most of the model.
std::vector<ModuleReasons> group_by_part(const DiagnoseContext& context, const Judgement& judgement,
                                         std::string_view id);

// The same by sentence alone, for what is advice rather than a blocker; `module` is empty.
std::vector<ModuleReasons> group_by_sentence(const DiagnoseContext& context,
                                             const Judgement& judgement, std::string_view id);

// The first items, and how many more there are.
std::string summarize(const std::vector<std::string>& items);

std::vector<std::string> addresses(const std::vector<const Node*>& nodes);

}  // namespace acuate
