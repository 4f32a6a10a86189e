#include "diagnose/issues.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "diagnose/valid_shapes.h"
#include "edit/address.h"
#include "graph/verify.h"
#include "onnx_io/authority.h"
#include "shape/infer.h"

namespace acuate {

bool is_blocking(const ModelIssue& issue) { return issue.id != "duplicate_node_name"; }

std::vector<ModelIssue> model_issues(const Model& model) {
  std::vector<ModelIssue> issues = verify(model);
  for (ModelIssue& issue : check_operators(model)) issues.push_back(std::move(issue));
  return issues;
}

namespace {

Result<void> refuse(const Model& model, const std::vector<ModelIssue>& issues) {
  constexpr size_t kShown = 3;
  std::string text;
  size_t count = 0;
  for (const ModelIssue& issue : issues) {
    if (!is_blocking(issue) || ++count > kShown) continue;
    text += fmt::format("\n  {}: {}", issue.id, issue.message);
    if (!issue.node.empty() && issue.message.find("'" + issue.node + "'") == std::string::npos)
      text += fmt::format(" (node '{}')", issue.node);
  }
  if (count == 0) return {};
  if (count > kShown) text += fmt::format("\n  and {} more", count - kShown);
  const std::string path = model.path().empty() ? "the model" : model.path().string();
  return fail("{} is not a valid ONNX model; 'acuate diagnose' tells all that is wrong with it:{}",
              path, text);
}

}  // namespace

// Types can be inferred only where the structure holds, so that is judged first.
Result<void> refuse_invalid(const Model& model) {
  if (auto sound = refuse(model, model_issues(model)); !sound) return sound;
  return refuse(model, check_shapes(model).issues);
}

Result<std::unique_ptr<ShapeInference>> infer_valid(Model& model) {
  if (auto sound = refuse(model, model_issues(model)); !sound) return sound.error();
  auto shapes = std::make_unique<ShapeInference>(model);
  if (auto fits = refuse(model, shapes->issues()); !fits) return fits.error();
  return shapes;
}

std::vector<Finding> findings_by_issue(const DiagnoseContext& context, std::string_view id,
                                       Severity severity, std::string_view cause) {
  const auto is_meant = [&](const ModelIssue& issue) { return issue.id == id; };
  if (std::none_of(context.issues.begin(), context.issues.end(), is_meant)) return {};
  std::unordered_map<std::string, const Node*> by_address;
  for (const Graph* graph : context.original.all_graphs())
    for (const Node* node = graph->first(); node != nullptr; node = node->next())
      by_address.try_emplace(node->address(), node);
  std::vector<Finding> findings;
  std::map<std::pair<std::string, std::string>, size_t> index;
  for (const ModelIssue& issue : context.issues) {
    if (!is_meant(issue)) continue;
    const auto node = by_address.find(issue.node);
    const std::string module =
        node == by_address.end() ? "" : context.modules.module_of(*node->second).path;
    const auto [at, is_new] = index.try_emplace({module, issue.message}, findings.size());
    if (is_new) {
      Finding finding;
      finding.id = id;
      finding.severity = severity;
      finding.module = module;
      finding.cause = cause;
      finding.evidence = issue.message;
      findings.push_back(std::move(finding));
    }
    const std::string& where = issue.node.empty() ? issue.value : issue.node;
    auto& nodes = findings[at->second].nodes;
    if (!where.empty() && std::find(nodes.begin(), nodes.end(), where) == nodes.end())
      nodes.push_back(where);
  }
  return findings;
}

}  // namespace acuate
