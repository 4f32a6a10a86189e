#include "edit/diff_script.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "edit/script_writer.h"
#include "shape/infer.h"

namespace acuate {
namespace {

void infer_types(Model& model) { infer_shapes(model); }

// With types as the end of a script leaves them.
std::unique_ptr<Model> inferred(const Model& model, const EditContext& context) {
  ModelHistory history(model.clone(), ModelHistory::Undo::No);
  Edit edit(history, context);
  edit.types_changed();
  edit.refresh_types();
  return history.release();
}

bool is_complete(const ValueType& type) {
  return type.kind != ValueType::Kind::Tensor ||
         (type.shape && std::ranges::all_of(*type.shape, [](const Dim& dim) {
            return dim.is_known() || !dim.name.empty();
          }));
}

void declare_outputs(Model& model, const Model& from,
                     const std::function<bool(const Value& to, const Value& from)>& where) {
  const auto &to = model.graph().outputs(), &ports = from.graph().outputs();
  for (size_t i = 0; i < std::min(to.size(), ports.size()); ++i)
    if (where(*to[i], *ports[i])) model.graph().set_type(*to[i], ports[i]->type);
}

// What differs where the types of inner values are inferred in both, and those of outputs may be.
ModelDiff diff_inferred(const Model& made, Model& known, const Model& b,
                        const EditContext& context) {
  const auto mine = inferred(made, context);
  declare_outputs(*mine, made, [](const Value&, const Value&) { return true; });
  size_t i = 0;
  declare_outputs(known, b, [&](const Value&, const Value& declared) {
    const size_t place = i++;
    return place < made.graph().outputs().size() &&
           made.graph().outputs()[place]->type.text() == declared.type.text();
  });
  return diff_models(*mine, known);
}

struct Attempt {
  const Model& a;
  const Model& start;  // `a`, or what the converter made of it by `head`
  const std::string& head;
  const Model& b;
  Model& known;  // `b` with types inferred
  const EditContext& context;
  const std::string& weights;
};

Result<DiffScript> attempt(const Attempt& with, const ModelMatch& match,
                           ScriptWriter::Bodies bodies) {
  DiffScript script;
  ScriptWriter writer(with.start, with.b, with.known, match, with.context, with.weights, bodies);
  auto text = writer.run();
  if (!text) return text.error();
  script.text = with.head + *text;
  const auto made = apply_script(with.a, script.text, with.context);
  if (!made) {
    script.left.push_back("the script does not apply: " + made.error().message);
    if (!writer.refused().empty()) script.left.push_back(writer.refused());
    return script;
  }
  ModelDiff left = diff_models(**made, with.b, {with.context.infer ? infer_types : nullptr});
  if (!left.empty() && !script.text.empty()) {
    left = diff_inferred(**made, with.known, with.b, with.context);
    if (left.empty())
      script.notes.push_back(
          "Types are left as inferred where the second model declares others; a diff tells these.");
  }
  if (left.empty()) return script;
  script.left = to_lines(left);
  if (!writer.refused().empty()) script.left.push_back(writer.refused());
  return script;
}

}  // namespace

Result<DiffScript> write_diff_script(const Model& a, const Model& b, const EditContext& context,
                                     const std::string& weights) {
  // What the converter makes of `a` is what the rest of the script works on.
  std::unique_ptr<Model> converted;
  std::string head;
  if (a.opset_version() != b.opset_version() && a.opset_version() != 0) {
    const std::string line = fmt::format("set-opset {}\n", b.opset_version());
    if (auto made = apply_script(a, line, context)) {
      converted = *std::move(made);
      head = line;
    }
  }
  const Model& start = converted ? *converted : a;
  const auto known = inferred(b, context);
  declare_outputs(*known, b, [](const Value& to, const Value&) { return !is_complete(to.type); });
  const ModelMatch match = match_models(start, b);
  const Attempt with{a, start, head, b, *known, context, weights};
  auto script = attempt(with, match, ScriptWriter::Bodies::ByNode);
  if (!script || script->left.empty()) return script;
  if (b.all_graphs().size() == 1) return script;
  std::error_code ignored;
  if (!weights.empty()) std::filesystem::remove_all(context.folder / weights, ignored);
  return attempt(with, match, ScriptWriter::Bodies::Whole);
}

}  // namespace acuate
