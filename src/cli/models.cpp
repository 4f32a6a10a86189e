#include "cli/models.h"

#include <algorithm>
#include <map>

#include "base/file.h"
#include "base/text.h"
#include "convert/convert.h"
#include "data/npy.h"
#include "diagnose/issues.h"
#include "graph/module_tree.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"
#include "shape/infer.h"
#include "targets/fold.h"

namespace acuate {
namespace fs = std::filesystem;

Result<std::unique_ptr<Model>> open_valid_model(const fs::path& path) {
  auto model = import_model(path);
  if (!model) return model.error();
  if (auto valid = refuse_invalid(**model); !valid) return valid.error();
  return model;
}

Result<Runnable> open_runnable(const fs::path& path, const Target& target,
                               const EngineOptions& options, const Note& note) {
  std::error_code code;
  if (!fs::is_directory(path, code))
    if (auto model = open_valid_model(path); !model) return model.error();
  return Runnable::open(path, target, options, note);
}

PassContext default_pass_context() {
  PassContext context;
  // The engine's library is opened when there is something to fold.
  context.evaluate =
      [engine = std::make_shared<Evaluator>()](const Model& model) -> Result<std::vector<Tensor>> {
    if (!*engine) {
      auto target = resolve_target("auto");
      if (!target) return target.error();
      *engine = make_evaluator(*target);
      if (!*engine) return Error{target->status().run.reason};
    }
    return (*engine)(model);
  };
  return context;
}

EditContext default_edit_context(const fs::path& folder) {
  EditContext context;
  context.folder = folder;
  context.read_npy = [](const fs::path& path) { return read_npy(path); };
  context.infer = true;
  context.apply_pass = [passes = default_pass_context()](Model& model, std::string_view id,
                                                         ShapeInference* shapes) mutable {
    passes.shapes = shapes;
    return apply_pass_by_name(model, id, passes);
  };
  return context;
}

std::vector<Finding> model_findings(const Model& model) {
  std::vector<ModelIssue> issues = model_issues(model);
  // Types can be inferred only where the structure holds.
  if (std::none_of(issues.begin(), issues.end(), is_blocking))
    for (ModelIssue& issue : check_shapes(model).issues) issues.push_back(std::move(issue));
  const ModelModuleTree tree = ModelModuleTree::of(model);
  std::map<std::string, const Node*> by_address;
  for (const Graph* graph : model.all_graphs())
    for (const Node* node = graph->first(); node != nullptr; node = node->next())
      by_address.try_emplace(node->address(), node);
  std::vector<Finding> findings;
  for (const ModelIssue& issue : issues) {
    Finding finding;
    finding.id = issue.id;
    finding.severity = is_blocking(issue) ? Severity::Error : Severity::Warning;
    if (!issue.node.empty()) finding.nodes.push_back(to_valid_utf8(issue.node));
    if (const auto at = by_address.find(issue.node); at != by_address.end())
      file_under(finding, tree, {at->second});
    finding.module = to_valid_utf8(finding.module);
    for (std::string& module : finding.modules) module = to_valid_utf8(module);
    finding.cause = to_valid_utf8(issue.message);
    if (!issue.value.empty()) finding.evidence = "tensor " + to_valid_utf8(issue.value);
    findings.push_back(std::move(finding));
  }
  return findings;
}

Result<void> save_with_text(const Model& model, const fs::path& model_path, std::string_view text,
                            const fs::path& text_path) {
  auto file = AtomicFile::create(text_path);
  if (!file) return file.error();
  if (auto written = file->write(text); !written) return written;
  if (auto saved = save_model(model, model_path); !saved) return saved;
  return file->commit();
}

Result<void> check_output_file(const fs::path& path) {
  std::error_code code;
  if (fs::is_directory(path, code))
    return fail("cannot write to {}: it is a folder; give the name of a file", path.string());
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, code))
    return fail("cannot write to {}: the folder {} does not exist", path.string(), folder.string());
  return {};
}

}  // namespace acuate
