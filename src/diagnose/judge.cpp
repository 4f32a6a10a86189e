#include "diagnose/judge.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/worth.h"
#include "edit/address.h"

namespace acuate {
namespace {

constexpr size_t kShownEvidence = 3;

bool is_constant(const Value& value) {
  return value.initializer.has_value() ||
         (value.producer != nullptr && value.producer->is_op("Constant"));
}

class Judge {
 public:
  Judge(const ModelVerdict& verdict, const Origins& origins,
        std::unordered_set<const Node*> scaffold)
      : verdict_(verdict), origins_(origins), scaffold_(std::move(scaffold)) {}

  Judgement run(const Model& model) {
    judge_graph(model.graph());
    return std::move(judgement_);
  }

 private:
  void judge_graph(const Graph& graph) {
    for (const Node* node = graph.first(); node != nullptr; node = node->next()) {
      if (scaffold_.count(node) > 0) continue;
      const auto nodes = origins_(*node);
      bool blocked = false;
      for (Reason& reason : verdict_.why_not(*node)) {
        if (is_of_scaffold(*node, reason)) continue;
        blocked |= reason.blocks;
        judgement_.reasons.push_back({nodes, node, std::move(reason)});
      }
      if (blocked) judgement_.blocked.insert(nodes.begin(), nodes.end());
      for (const Attribute& attribute : node->attributes())
        for (const auto& body : attribute.graphs) blocked ? block(*body) : judge_graph(*body);
    }
  }

  // A refused node takes its bodies along; they need no reasons of their own.
  void block(const Graph& graph) {
    for (const Node* node = graph.first(); node != nullptr; node = node->next()) {
      const auto nodes = origins_(*node);
      judgement_.blocked.insert(nodes.begin(), nodes.end());
      for (const Attribute& attribute : node->attributes())
        for (const auto& body : attribute.graphs) block(*body);
    }
  }

  // Whether what is held against the node are operands that become constants with static shapes.
  bool is_of_scaffold(const Node& node, const Reason& reason) const {
    if (scaffold_.empty()) return false;
    const bool is_shape = reason.id == "data_dependent_shape";
    if (!is_shape && reason.id != "int64_narrowed") return false;
    bool found = false;
    for (size_t slot = 0; slot < node.input_count(); ++slot) {
      const Value* value = node.input(slot);
      if (value == nullptr || value->initializer) continue;
      if (value->producer != nullptr &&
          (scaffold_.count(value->producer) > 0 || value->producer->is_op("Constant")))
        found |= scaffold_.count(value->producer) > 0;
      else if (is_shape ? slot > 0 : value->type.element == ElementType::Int64)
        return false;
    }
    const auto is_narrowed = [](const Value* value) {
      return value != nullptr && value->type.element == ElementType::Int64;
    };
    if (!is_shape && std::any_of(node.outputs().begin(), node.outputs().end(), is_narrowed))
      return false;
    return found;
  }

  const ModelVerdict& verdict_;
  const Origins& origins_;
  const std::unordered_set<const Node*> scaffold_;
  Judgement judgement_;
};

std::vector<ModuleReasons> group(const DiagnoseContext& context, const Judgement& judgement,
                                 std::string_view id,
                                 const std::function<std::string(const std::string&)>& part_of) {
  std::vector<ModuleReasons> groups;
  std::map<std::pair<std::string, std::string>, size_t> index;
  struct Seen {
    std::unordered_set<const Node*> nodes;
    std::unordered_set<std::string> modules;
  };
  std::vector<Seen> seen;
  for (const auto& [nodes, judged, reason] : judgement.reasons) {
    if (reason.id != id || nodes.empty()) continue;
    const std::string module = part_of(context.modules.module_of(*nodes[0]).path);
    const auto [at, is_new] = index.try_emplace({module, reason.message}, groups.size());
    if (is_new) {
      groups.push_back({module, {}, reason.message, {}, {}, {}});
      seen.emplace_back();
    }
    ModuleReasons& group = groups[at->second];
    if (reason.blocks) group.judged.push_back(judged);
    for (const Node* node : nodes)
      if (seen[at->second].nodes.insert(node).second) {
        group.nodes.push_back(node);
        for (const ModuleInfo* origin : context.modules.modules_of(*node)) {
          const auto part = seen[at->second].modules.insert(part_of(origin->path));
          if (part.second && (group.modules.empty() || !part.first->empty()))
            group.modules.push_back(*part.first);
        }
      }
    if (reason.evidence.empty()) continue;
    // Of those beyond what a finding shows only the number matters.
    const bool shown = group.evidence.size() < kShownEvidence;
    group.evidence.push_back(shown ? fmt::format("{}: {}", node_path(*nodes[0]), reason.evidence)
                                   : std::string());
  }
  for (ModuleReasons& group : groups)
    if (group.modules.size() == 1) group.modules.clear();
  return groups;
}

// The `apply` lines that replace nodes of the group, and what they are worth: a replacement rids
// its node of whatever else the target has against it, but for dynamic shapes.
bool offer_legalizers(const DiagnoseContext& context, const ModuleReasons& group,
                      Finding& finding) {
  if (!context.legalize) return false;
  auto offer = context.legalize(group.nodes);
  if (offer.edits.empty()) return false;
  const std::unordered_set<const Node*> replaced(offer.replaced.begin(), offer.replaced.end()),
      kept(offer.kept.begin(), offer.kept.end());
  std::unordered_set<const Node*> freed;
  for (const Node* judged : group.judged) {
    const auto nodes = context.origins(*judged);
    const auto is_in = [&nodes](const auto& set) {
      return std::any_of(nodes.begin(), nodes.end(),
                         [&set](const Node* node) { return set.count(node) > 0; });
    };
    if (is_in(replaced) && !is_in(kept)) freed.insert(judged);
  }
  std::vector<const Node*> gone;
  for (const auto& [nodes, judged, reason] : context.mended.reasons)
    if (reason.blocks && reason.id != "dynamic_shape" && freed.count(judged) > 0)
      gone.push_back(judged);
  finding.worth = worth_of(context, gone);
  finding.fix = std::move(offer.edits);
  if (!kept.empty())
    finding.evidence += fmt::format("; the fix replaces {} of {} nodes", replaced.size(),
                                    replaced.size() + kept.size());
  return true;
}

}  // namespace

std::unordered_set<const Node*> shape_scaffold(const Model& model) {
  std::unordered_set<const Node*> scaffold;
  for (const Node* node = model.graph().first(); node != nullptr; node = node->next()) {
    const bool has_bodies =
        std::any_of(node->attributes().begin(), node->attributes().end(),
                    [](const Attribute& attribute) { return !attribute.graphs.empty(); });
    if (node->is_op("Constant") || has_bodies) continue;
    const bool measures = node->is_op("Shape") || node->is_op("Size");
    bool known = node->input_count() > 0;
    for (size_t slot = 0; slot < node->input_count() && !measures; ++slot) {
      const Value* input = node->input(slot);
      known &= input == nullptr || is_constant(*input) ||
               (input->producer != nullptr && scaffold.count(input->producer) > 0);
    }
    if (known) scaffold.insert(node);
  }
  return scaffold;
}

Result<Judgement> judge(const Model& model, const Target& target, const Origins& origins,
                        bool skip_scaffolds) {
  const auto verdict = ModelVerdict::of(target, model);
  if (!verdict) return verdict.error();
  return Judge(*verdict, origins,
               skip_scaffolds ? shape_scaffold(model) : std::unordered_set<const Node*>())
      .run(model);
}

double Coverage::gain() const {
  if (total == 0) return 0;
  return (static_cast<double>(mended) - static_cast<double>(as_it_stands)) /
         static_cast<double>(total);
}

Coverage coverage(const DiagnoseContext& context, const std::unordered_set<const Node*>* among) {
  Coverage result;
  for (const Graph* graph : context.original.all_graphs())
    for (const Node* node = graph->first(); node != nullptr; node = node->next()) {
      if (node->is_op("Constant")) continue;
      ++result.total;
      if (among != nullptr && among->count(node) == 0) continue;
      result.as_it_stands += context.as_it_stands.blocked.count(node) == 0 ? 1 : 0;
      result.mended += context.mended.blocked.count(node) == 0 ? 1 : 0;
    }
  return result;
}

std::vector<ModuleReasons> group_by_module(const DiagnoseContext& context,
                                           const Judgement& judgement, std::string_view id) {
  return group(context, judgement, id, [](const std::string& module) { return module; });
}

std::vector<ModuleReasons> group_by_part(const DiagnoseContext& context, const Judgement& judgement,
                                         std::string_view id) {
  std::optional<std::vector<std::string>> common;
  for (const auto& [nodes, judged, reason] : judgement.reasons) {
    if (reason.id != id || nodes.empty()) continue;
    const auto scopes = split(context.modules.module_of(*nodes[0]).path, '.');
    if (!common) common = scopes;
    const auto end = std::mismatch(common->begin(), common->end(), scopes.begin(), scopes.end());
    common->erase(end.first, common->end());
  }
  const size_t depth = common ? common->size() + 1 : 1;
  return group(context, judgement, id, [&](const std::string& module) {
    const auto scopes = split(module, '.');
    return join(std::span(scopes).first(std::min(depth, scopes.size())), ".");
  });
}

std::vector<ModuleReasons> group_by_sentence(const DiagnoseContext& context,
                                             const Judgement& judgement, std::string_view id) {
  return group(context, judgement, id, [](const std::string&) { return std::string(); });
}

std::vector<Finding> findings_by_reason(const DiagnoseContext& context, std::string_view id,
                                        Severity severity) {
  std::vector<Finding> findings;
  for (const ModuleReasons& group : group_by_module(context, context.mended, id)) {
    Finding finding;
    finding.id = id;
    finding.severity = severity;
    finding.target = context.target.id;
    finding.module = group.module;
    finding.modules = group.modules;
    finding.nodes = addresses(group.nodes);
    finding.cause = group.message;
    finding.evidence = summarize(group.evidence);
    if (group.judged.empty() || !offer_legalizers(context, group, finding))
      finding.worth = worth_of(context, group.judged);
    findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<Finding> cut_off(const DiagnoseContext& context, std::vector<Finding> findings) {
  if (!context.tail) return findings;
  for (Finding& finding : findings) {
    if (!finding.fix.empty()) continue;
    finding.fix = {context.tail->cut_command()};
    finding.evidence += (finding.evidence.empty() ? "" : "; ") + context.tail->text();
  }
  return findings;
}

std::string summarize(const std::vector<std::string>& items) {
  const size_t count = std::min(kShownEvidence, items.size());
  std::string text = join(std::span(items).first(count), "; ");
  if (items.size() > count) text += fmt::format("; and {} more", items.size() - count);
  return text;
}

std::vector<std::string> addresses(const std::vector<const Node*>& nodes) {
  std::vector<std::string> out;
  for (const Node* node : nodes) out.push_back(node_path(*node));
  return out;
}

}  // namespace acuate
