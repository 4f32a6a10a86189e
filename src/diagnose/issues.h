#pragma once

#include "diagnose/rule.h"

namespace acuate {

// Whether every command but inspect, diagnose, edit, diff and studio refuses a model with it.
bool is_blocking(const ModelIssue& issue);

// What verify() and check_operators() say.
std::vector<ModelIssue> model_issues(const Model& model);

// An error that tells the first few blocking issues, those of shape inference too, and how many
// there are.
Result<void> refuse_invalid(const Model& model);

// Findings of the model's own trouble of this id: one for each module and message, with all nodes.
// `cause` says in general what is wrong.
std::vector<Finding> findings_by_issue(const DiagnoseContext& context, std::string_view id,
                                       Severity severity, std::string_view cause);

}  // namespace acuate
