#include "convert/mend.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"
#include "shape/infer.h"
#include "targets/fold.h"
#include "targets/sizes_within.h"

namespace acuate {
namespace {

std::string quoted_names(const std::vector<const Value*>& values) {
  std::vector<std::string> names;
  for (const Value* value : values) names.push_back("'" + to_valid_utf8(value->name) + "'");
  return join(names, ", ");
}

class Mender {
 public:
  Mender(FixedModel fixed, const ConvertOptions& options, const Target* target)
      : options_(options), target_(target) {
    if (target != nullptr) judging_ = judging_within(*target, fixed.ranges);
    mended_.model = std::move(fixed.model);
    mended_.edits = std::move(fixed.edits);
    passes_.evaluate = fixed.options.evaluate;
  }

  Result<Mended> run() {
    if (cuts_by_name(options_))
      if (auto cut = cut_at_names(); !cut) return cut.error();
    if (target_ != nullptr) {
      if (auto done = simplify(); !done) return done.error();
      if (auto done = legalize(); !done) return done.error();
      if (auto done = cut_automatically(); !done) return done.error();
      if (auto judged = judge(); !judged) return judged.error();
    }
    return std::move(mended_);
  }

 private:
  // With inferred types, which the model itself need not declare.
  static std::unique_ptr<Model> inferred(const Model& model) {
    auto copy = model.clone();
    infer_shapes(*copy);
    return copy;
  }

  Result<void> judge() {
    const auto model = inferred(*mended_.model);
    const auto verdict = ModelVerdict::of(judging_, *model);
    if (!verdict) return verdict.error();
    mended_.refused = mended_.nodes = 0;
    for (const Node* node = model->graph().first(); node != nullptr; node = node->next()) {
      if (node->is_op("Constant")) continue;
      ++mended_.nodes;
      mended_.refused += verdict->refuses(*node);
    }
    return {};
  }

  Result<std::unique_ptr<Model>> apply(const Model& model, const std::string& line) {
    EditContext context;
    context.infer = true;
    context.apply_pass = [this](Model& edited, std::string_view, ShapeInference* shapes) {
      return run_passes(edited, shapes);
    };
    return apply_script(model, line, context);
  }

  // What `apply simplify…` means here, with the bounds of what it did.
  Result<std::string> run_passes(Model& model, ShapeInference* shapes) {
    passes_.shapes = shapes;
    auto records = acuate::simplify(
        model, passes_,
        {.exact_only = options_.exact,
         .patterns = options_.exact ? std::set<std::string>() : target_->patterns});
    if (!records) return records.error();
    for (const PassRecord& record : *records)
      if (const Pass* pass = passes().lookup(record.id);
          record.applied > 0 && pass->exactness == Exactness::Rounding)
        mended_.bounds.emplace(pass->id, pass->bound);
    return std::string();
  }

  // One more command for the model.
  Result<void> edit(const std::string& line) {
    auto edited = apply(*mended_.model, line);
    if (!edited) return fail("{}: {}", line, edited.error().message);
    mended_.model = std::move(*edited);
    mended_.edits.push_back(line);
    return {};
  }

  Result<void> simplify() {
    if (auto judged = judge(); !judged) return judged.error();
    if (mended_.refused == 0) return {};
    return edit(simplify_line(options_, *target_));
  }

  Result<void> legalize() {
    if (auto judged = judge(); !judged) return judged.error();
    if (mended_.refused == 0) return {};
    auto legal = legalize_for(*mended_.model, options_, *target_);
    if (!legal) return legal.error();
    if (!legal->note.empty()) mended_.notes.push_back(legal->note);
    if (legal->model == nullptr) return {};
    mended_.model = std::move(legal->model);
    mended_.edits.insert(mended_.edits.end(), legal->edits.begin(), legal->edits.end());
    mended_.bounds.merge(legal->bounds);
    return {};
  }

  Result<void> cut_at_names() {
    const auto model = inferred(*mended_.model);
    auto cuts = cut_values(*model, options_.cut);
    if (!cuts) return cuts.error();
    TailRequest request;
    request.may_take = [](const Node&) { return true; };
    request.cuts = std::move(*cuts);
    return cut(find_tail(model->graph(), request));
  }

  Result<void> cut_automatically() {
    if (cuts_by_name(options_) || (!options_.cut.empty() && options_.cut[0] == "none")) return {};
    if (auto judged = judge(); !judged) return judged.error();
    // Where the target takes everything, nothing is cut unless that is asked for.
    if (mended_.refused == 0 && !cuts_automatically(options_)) return {};
    const auto model = inferred(*mended_.model);
    const auto verdict = ModelVerdict::of(judging_, *model);
    if (!verdict) return verdict.error();
    TailRequest request;
    request.may_take = [&](const Node& node) { return !verdict->refuses(node); };
    request.fewest_values = request.before_mixing = true;
    const Tail tail = find_tail(model->graph(), request);
    if (tail.tail_nodes == 0) {
      mended_.notes.push_back(
          "nothing is cut: the target takes all, and no Concat mixes value "
          "ranges");
      return {};
    }
    if (tail.prefix_nodes == 0) {
      mended_.notes.push_back("nothing can be cut: the target takes no node that reads the inputs");
      return {};
    }
    if (tail.cuts.empty() && tail.outputs.size() == model->graph().outputs().size()) {
      mended_.notes.push_back("nothing can be cut: no output would be left before the cut");
      return {};
    }
    for (const Node* node : tail.mixing_concats)
      mended_.notes.push_back(
          fmt::format("cut before '{}': it joins values of different ranges, which one 8-bit grid "
                      "would destroy",
                      node_path(*node)));
    return cut(tail);
  }

  // The prefix ends at the cuts; the tail begins there.
  Result<void> cut(const Tail& tail) {
    if (auto useful = check_tail(tail, options_); !useful) return useful;
    for (const Value* value : tail.cuts) mended_.cuts.push_back(to_valid_utf8(value->name));
    for (const Value* value : tail.outputs)
      mended_.tail_outputs.push_back(to_valid_utf8(value->name));
    std::vector<std::string> from, to;
    for (const auto* values : {&tail.inputs, &tail.cuts})
      for (const Value* value : *values) from.push_back(value_path(*value));
    for (const Value* value : tail.outputs) to.push_back(value_path(*value));
    const std::string tail_line = extract_line(from, to);
    auto behind = apply(*mended_.model, tail_line);
    if (!behind) return fail("{}: {}", tail_line, behind.error().message);
    mended_.tail = std::move(*behind);
    mended_.tail_edits = mended_.edits;
    mended_.tail_edits.push_back(tail_line);
    mended_.notes.push_back(fmt::format("cut at {}: {} nodes before it, {} behind",
                                        quoted_names(tail.cuts), tail.prefix_nodes,
                                        tail.tail_nodes));
    return edit(prefix_line(tail));
  }

  static std::string extract_line(std::span<const std::string> from,
                                  std::span<const std::string> to) {
    return format_command("extract", from) + " " + format_command("->", to);
  }

  // `cut-at` drops the outputs that follow from the cuts; where the tail has others, inputs and
  // outputs are told.
  std::string prefix_line(const Tail& tail) const {
    if (tail.ends_at_cuts()) return tail.cut_command();
    std::vector<std::string> cuts, from, to;
    for (const Value* value : tail.cuts) cuts.push_back(value_path(*value));
    const auto contains = [](const auto& list, const auto& item) {
      return std::find(list.begin(), list.end(), item) != list.end();
    };
    for (const Value* input : fed_inputs(*mended_.model)) from.push_back(value_path(*input));
    for (const Value* output : mended_.model->graph().outputs())
      if (!contains(mended_.tail_outputs, to_valid_utf8(output->name)) &&
          !contains(cuts, value_path(*output)))
        to.push_back(value_path(*output));
    to.insert(to.end(), cuts.begin(), cuts.end());
    return extract_line(from, to);
  }

  const ConvertOptions& options_;
  const Target* target_;
  Target judging_;  // the same for verdicts, by the sizes of open inputs
  PassContext passes_;
  Mended mended_;
};

}  // namespace

Result<std::vector<const Value*>> cut_values(const Model& model,
                                             const std::vector<std::string>& names) {
  std::vector<const Value*> values;
  for (const std::string& name : names) {
    const Value* value = model.graph().find(name);
    if (value == nullptr) {
      std::vector<std::string> known;
      for (const Value* each : model.graph().values())
        if (each->producer != nullptr) known.push_back(to_valid_utf8(each->name));
      const auto close = closest_match(name, known);
      return fail("--cut: there is no tensor '{}' in the main graph{}", to_valid_utf8(name),
                  close ? "; did you mean '" + *close + "'?" : "");
    }
    if (value->producer == nullptr)
      return fail("--cut: '{}' is {}; expected a tensor that a node computes", to_valid_utf8(name),
                  value->initializer ? "a constant" : "an input of the model");
    values.push_back(value);
  }
  return values;
}

Result<void> check_tail(const Tail& tail, const ConvertOptions& options) {
  const std::string names = "'" + join(options.cut, "', '") + "'";
  if (tail.tail_nodes == 0)
    return fail(
        "--cut {}: nothing follows from it, so nothing would be cut off; name a tensor that "
        "a node reads",
        names);
  if (tail.prefix_nodes == 0)
    return fail("--cut {}: no node is left before the cut, so nothing would be for the target",
                names);
  return {};
}

Result<Mended> mend(FixedModel fixed, const ConvertOptions& options, const Target* target) {
  return Mender(std::move(fixed), options, target).run();
}

}  // namespace acuate
