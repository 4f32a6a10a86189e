#include "property/properties.h"

#include <cmath>

#include <fmt/format.h>

#include "edit/command.h"
#include "edit/diff.h"
#include "graph/verify.h"
#include "onnx_io/authority.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"
#include "partition/cut.h"
#include "partition/partition.h"
#include "rewrite/legalizer.h"
#include "shape/infer.h"
#include "targets/fold.h"
#include "targets/target.h"

namespace acuate::property {
namespace {

// Rounding passes state their bounds per value; a chain of tame operators carries an error on at
// most a few times. Relative to the largest value anywhere in the model.
constexpr double kTolerance = 1e-4;

const PassContext& context() {
  static const PassContext made = [] {
    PassContext with;
    with.evaluate = make_evaluator(*targets().lookup("onnxruntime"));
    return with;
  }();
  return made;
}

// NaN is NaN, whatever its bits.
template <class T>
bool equal_values(const Tensor& a, const Tensor& b) {
  for (int64_t i = 0; i < a.size(); ++i) {
    const T x = a.values<T>()[static_cast<size_t>(i)], y = b.values<T>()[static_cast<size_t>(i)];
    if (std::memcmp(&x, &y, sizeof(T)) != 0 && !(std::isnan(x) && std::isnan(y))) return false;
  }
  return true;
}

std::string difference(const Tensor& before, const Tensor& after, double tolerance) {
  if (before.type() != after.type() || before.shape() != after.shape())
    return fmt::format("{} {} became {} {}", element_type_name(before.type()),
                       format_shape(before.shape()), element_type_name(after.type()),
                       format_shape(after.shape()));
  if (std::ranges::equal(before.bytes(), after.bytes())) return {};
  if (before.type() == ElementType::Double && equal_values<double>(before, after)) return {};
  if (before.type() != ElementType::Float) return "other values";
  if (equal_values<float>(before, after)) return {};
  double error = 0;
  for (int64_t i = 0; i < before.size(); ++i) {
    const double x = before.values<float>()[static_cast<size_t>(i)],
                 y = after.values<float>()[static_cast<size_t>(i)];
    if (std::isnan(x) != std::isnan(y)) return "a NaN came or went";
    if (!std::isnan(x) && x != y) error = std::max(error, std::abs(x - y));
  }
  return error <= tolerance ? std::string()
                            : fmt::format("off by {}, allowed {}", error, tolerance);
}

std::string difference(const Values& before, const Values& after, double tolerance) {
  for (const auto& [name, value] : before) {
    const auto found = after.find(name);
    if (found == after.end()) return fmt::format("output '{}' is gone", name);
    if (const std::string text = difference(value, found->second, tolerance); !text.empty())
      return fmt::format("output '{}': {}", name, text);
  }
  return after.size() == before.size() ? std::string() : "another number of outputs";
}

// Inferred types against the values that there are: dimension names stand for one number each.
std::string contradiction(const Model& model, const Values& values) {
  std::map<std::string, std::pair<int64_t, std::string>> bound;
  for (const Value* value : model.graph().values()) {
    const auto found = values.find(std::string(value->name));
    const ValueType& type = value->type;
    if (found == values.end() || type.kind == ValueType::Kind::Unknown) continue;
    const Tensor& real = found->second;
    const auto complain = [&](const std::string& why) {
      return fmt::format("'{}' is {} {}, inferred {}{}", value->name,
                         element_type_name(real.type()), format_shape(real.shape()), type.text(),
                         why);
    };
    if (type.kind != ValueType::Kind::Tensor || type.element != real.type()) return complain("");
    if (!type.shape) continue;
    if (type.shape->size() != real.shape().size()) return complain("");
    for (size_t i = 0; i < type.shape->size(); ++i) {
      const Dim& dim = (*type.shape)[i];
      if (dim.is_known() && dim.value != real.shape()[i]) return complain("");
      if (dim.is_known() || dim.name.empty()) continue;
      const auto [entry, is_new] = bound.emplace(
          std::string(dim.name), std::pair(real.shape()[i], std::string(value->name)));
      if (!is_new && entry->second.first != real.shape()[i])
        return complain(fmt::format("; but '{}' is {} in '{}'", dim.name, entry->second.first,
                                    entry->second.second));
    }
  }
  return {};
}

// All values of the main graph that are tensors, as the engine computes them.
std::optional<Values> all_values(onnx::ModelProto model, const Values& inputs) {
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.clear_output();
  for (const auto& node : graph.node())
    for (const std::string& name : node.output())
      if (!name.empty()) graph.add_output()->set_name(name);
  auto values = run_model(model, inputs);
  if (!values) return std::nullopt;
  for (const auto& [name, value] : inputs) values->emplace(name, value);
  return std::move(*values);
}

std::string interface_of(const Model& model) {
  std::string text;
  for (const auto* list : {&model.graph().inputs(), &model.graph().outputs()}) {
    for (const Value* value : *list)
      text += fmt::format("{}:{},", value->name, element_type_name(value->type.element));
    text += ";";
  }
  return text;
}

// Initializers that are inputs become required ones, with other values.
bool override_defaults(onnx::ModelProto& model, Values& inputs) {
  onnx::GraphProto& graph = *model.mutable_graph();
  std::set<std::string> names;
  for (const auto& input : graph.input()) names.insert(input.name());
  bool any = false;
  for (int i = graph.initializer_size() - 1; i >= 0; --i) {
    const std::string name = graph.initializer(i).name();
    if (names.count(name) == 0) continue;
    auto ref = parse_tensor(as_bytes(graph.initializer(i).SerializeAsString()), {});
    Tensor value = Tensor::allocate(ref->type, ref->shape);
    if (value.type() == ElementType::Float)
      for (float& x : value.mutable_values<float>()) x = 0.75F;
    inputs[name] = value;
    graph.mutable_initializer()->DeleteSubrange(i, 1);
    any = true;
  }
  return any;
}

class Checker {
 public:
  Checker(const Case& made, std::string only) : case_(made), only_(std::move(only)) {}

  Verdict run() {
    bytes_ = case_.model.SerializeAsString();
    auto expected = run_model(bytes_, case_.inputs);
    if (!expected) {
      verdict_.is_valid = false;
      return verdict_;
    }
    expected_ = std::move(*expected);
    if (auto other = run_model(bytes_, case_.other_inputs)) other_ = std::move(*other);
    verdict_.other_runs = other_.has_value();
    try {
      property("import", [&] { return importing(); });
      property("round trip", [&] { return round_trip(); });
      property("edit and diff", [&] { return edit_and_diff(); });
      property("inference", [&] { return inference(); });
      property("targets", [&] { return target_answers(); });
      for (const Pass* pass : ordered_passes(passes()))
        property("pass " + pass->id, [&] { return single_pass(*pass); });
      for (const Legalizer& legalizer : legalizers().all())
        property(legalizer.id, [&] { return legalized(legalizer); });
      SimplifyOptions options{.exact_only = true, .disabled = {}};
      property("exact", [&] { return all_passes(options); });
      options.exact_only = false;
      property("all", [&] { return all_passes(options); });
      for (const Pass& pass : passes().all())
        if (pass.phase == Phase::Pattern) options.patterns.insert(pass.id);
      property("all with patterns", [&] { return all_passes(options); });
      property("override", [&] { return overriding(); });
      property("partition", [&] { return divided(); });
    } catch (const std::exception& error) {
      verdict_.failure = Failure{current_, fmt::format("throws: {}", error.what())};
    }
    return verdict_;
  }

 private:
  template <class Check>
  void property(const std::string& name, Check check) {
    if (verdict_.failure || (!only_.empty() && only_ != name)) return;
    current_ = name;
    if (std::string text = check(); !text.empty())
      verdict_.failure = Failure{name, std::move(text)};
  }

  std::unique_ptr<Model> imported(const std::string& bytes) const {
    const auto owner = std::make_shared<std::string>(bytes);
    auto model = import_model(as_bytes(*owner), owner, {});
    if (!model) throw std::runtime_error("import: " + model.error().message);
    return std::move(*model);
  }

  std::string importing() const {
    const auto model = imported(bytes_);
    check_invariants(*model);
    for (const ModelIssue& issue : verify(*model)) return issue.id + ": " + issue.message;
    for (const ModelIssue& issue : check_operators(*model)) return issue.id + ": " + issue.message;
    return encode_model(*model).flatten() == bytes_ ? ""
                                                    : "untouched, it comes out with other bytes";
  }

  std::string round_trip() {
    const auto model = imported(bytes_);
    for (Graph* graph : model->all_graphs())
      for (Node* node = graph->first(); node != nullptr; node = node->next()) node->touch();
    model->graph().touch();
    const std::string again = encode_model(*model).flatten();
    if (encode_model(*model->clone()).flatten() != again) return "the clone has other bytes";
    return runs_like(again, 0);
  }

  std::string edit_and_diff() const {
    const auto model = imported(bytes_);
    auto same = apply_script(*model, "", {});
    if (!same) return "an empty script: " + same.error().message;
    if (encode_model(**same).flatten() != bytes_) return "an empty script changes bytes";
    const ModelDiff diff = diff_models(*model, **same);
    return diff.empty() ? "" : "differs from itself: " + to_text(diff);
  }

  std::string inference() {
    const auto model = imported(bytes_);
    for (const ModelIssue& issue : infer_shapes(*model).issues)
      return fmt::format("{} at {}: {}", issue.id, issue.node, issue.message);
    check_invariants(*model);
    for (const Values* inputs : {&case_.inputs, &case_.other_inputs}) {
      const auto values = all_values(case_.model, *inputs);
      if (!values) continue;
      ++verdict_.compared;
      if (std::string text = contradiction(*model, *values); !text.empty()) return text;
    }
    return {};
  }

  // Every target answers for every node, in known words and the same twice.
  std::string target_answers() const {
    const auto model = imported(bytes_);
    infer_shapes(*model);
    const auto same = [](const Reason& a, const Reason& b) {
      return a.id == b.id && a.message == b.message && a.evidence == b.evidence;
    };
    for (const Target& target : targets().all())
      for (const Graph* graph : model->all_graphs())
        for (const Node* node = graph->first(); node != nullptr; node = node->next()) {
          const auto reasons = target.why_not(*node);
          for (const Reason& reason : reasons)
            if (!std::ranges::binary_search(kReasonIds, std::string_view(reason.id)) ||
                reason.message.empty())
              return fmt::format("{} gives {} the reason '{}' {}", target.id, node->address(),
                                 reason.id, reason.message);
          if (!std::ranges::equal(reasons, target.why_not(*node), same))
            return fmt::format("{} answers differently for {} the second time", target.id,
                               node->address());
        }
    return {};
  }

  std::string single_pass(const Pass& pass) {
    const auto model = imported(bytes_);
    infer_shapes(*model);
    const std::string interface = interface_of(*model);
    auto outcome = run_pass(pass, *model, context());
    if (!outcome) return outcome.error().message;
    if (outcome->applied == 0) return {};
    if (std::string text = still_sound(*model, interface); !text.empty()) return text;
    return runs_like(encode_model(*model).flatten(), pass.exactness == Exactness::Exact ? 0 : 1);
  }

  // Every node that it fits.
  std::string legalized(const Legalizer& legalizer) {
    const auto model = imported(bytes_);
    infer_shapes(*model);
    const std::string interface = interface_of(*model);
    if (run_legalizer(legalizer, *model).applied == 0) return {};
    if (std::string text = still_sound(*model, interface); !text.empty()) return text;
    return runs_like(encode_model(*model).flatten(),
                     legalizer.exactness == Exactness::Exact ? 0 : 1);
  }

  std::string all_passes(const SimplifyOptions& options) {
    const auto model = imported(bytes_);
    infer_shapes(*model);
    const std::string interface = interface_of(*model);
    auto records = simplify(*model, context(), options);
    if (!records) return records.error().message;
    if (std::string text = still_sound(*model, interface); !text.empty()) return text;
    const std::string once = encode_model(*model).flatten();
    if (std::string text = runs_like(once, options.exact_only ? 0 : 1); !text.empty()) return text;
    // What comes out is simple: nothing is left to do, for a fresh reader either.
    const auto again = imported(once);
    auto more = simplify(*again, context(), options);
    if (!more) return "again: " + more.error().message;
    for (const PassRecord& record : *more)
      if (record.applied > 0)
        return fmt::format("simplified again, {} applies {} times", record.id, record.applied);
    return {};
  }

  // Divided by chance, piece by piece, it computes the same to the bit.
  std::string divided() {
    const auto model = imported(bytes_);
    infer_shapes(*model);
    if (!verify(*model).empty()) return {};
    std::unordered_map<const Node*, bool> chance;
    uint64_t state = case_.seed * 0x9E3779B97F4A7C15ULL + 1;
    for (const Node* node : model->graph().nodes()) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      chance.emplace(node, (state >> 62) != 0);
    }
    const auto may_take = [&](const Node& node) { return chance.at(&node); };
    auto parted = partition(
        model->graph(), {.may_take = may_take, .group = {}, .costs = nullptr, .max_engines = {}});
    if (!parted) return parted.error().message;
    Values known = case_.inputs;
    for (const Part& part : parts_of(model->graph(), parted->dag, parted->pieces)) {
      auto piece = cut_out(*model, part);
      if (!piece) {
        // The type of what passes a border has to be known.
        if (piece.error().message.find("its type is not known") != std::string::npos) return {};
        return piece.error().message;
      }
      check_invariants(**piece);
      if (const auto issues = verify(**piece); !issues.empty()) return issues[0].message;
      auto values = run_model(encode_model(**piece).flatten(), known);
      if (!values) return "a piece does not run: " + values.error().message;
      for (auto& [name, value] : *values) known.insert_or_assign(name, std::move(value));
    }
    ++verdict_.compared;
    Values found;
    for (const auto& [name, value] : expected_) {
      const auto at = known.find(name);
      if (at != known.end()) found.emplace(name, at->second);
    }
    return difference(expected_, found, 0);
  }

  std::string overriding() {
    onnx::ModelProto before = case_.model;
    Values inputs = case_.inputs;
    if (!override_defaults(before, inputs)) return {};
    auto expected = run_model(before, inputs);
    if (!expected) return {};
    const auto model = imported(bytes_);
    if (auto records = simplify(*model, context(), {.exact_only = true, .disabled = {}}); !records)
      return records.error().message;
    onnx::ModelProto after;
    after.ParseFromString(encode_model(*model).flatten());
    Values unused;
    override_defaults(after, unused);
    auto found = run_model(after, inputs);
    if (!found) return "with other values for its initializers: " + found.error().message;
    ++verdict_.compared;
    const std::string text = difference(*expected, *found, 0);
    return text.empty() ? text : "with other values for its initializers, " + text;
  }

  std::string still_sound(const Model& model, const std::string& interface) const {
    check_invariants(model);
    for (const ModelIssue& issue : verify(model)) return issue.id + ": " + issue.message;
    for (const ModelIssue& issue : check_operators(model)) return issue.id + ": " + issue.message;
    const std::string now = interface_of(model);
    return now == interface ? std::string() : "interface " + interface + " became " + now;
  }

  // `rounding`: 0 where every bit must agree. Values of graphs that are not tame may differ by any
  // amount once one bit does; there the shapes must agree.
  std::string runs_like(const std::string& bytes, int rounding) {
    const double tolerance = rounding == 0 ? 0
                             : case_.tame  ? kTolerance * case_.largest
                                           : std::numeric_limits<double>::infinity();
    onnx::ModelProto proto;
    proto.ParseFromString(bytes);
    const auto compare = [&](const Values& inputs, const Values& expected,
                             const char* which) -> std::string {
      auto found = run_model(bytes, inputs);
      ++verdict_.compared;
      if (!found) return fmt::format("on {} inputs: {}", which, found.error().message);
      if (rounding > 0 && !case_.tame) return {};
      const std::string text = difference(expected, *found, tolerance);
      return text.empty() ? text : fmt::format("on {} inputs: {}", which, text);
    };
    if (std::string text = compare(case_.inputs, expected_, "the first"); !text.empty())
      return text;
    return other_ ? compare(case_.other_inputs, *other_, "the other") : std::string();
  }

  const Case& case_;
  std::string only_, bytes_, current_;
  Values expected_;
  std::optional<Values> other_;
  Verdict verdict_;
};

}  // namespace

Verdict check(const Case& made, const std::string& only) { return Checker(made, only).run(); }

}  // namespace acuate::property
