#include "targets/table.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "graph/model.h"
#include "targets/simulated_engine.h"

namespace acuate {
namespace {

// Inputs whose values decide the shape of an output, by the ONNX operator specification.
struct ShapeInputs {
  std::vector<size_t> slots;
  std::vector<std::string_view> op_types;
};
const std::vector<ShapeInputs>& shape_inputs() {
  static const std::vector<ShapeInputs> all = {
      {{0}, {"BlackmanWindow", "ConstantOfShape", "HammingWindow", "HannWindow"}},
      {{0, 1}, {"MelWeightMatrix"}},
      {{0, 1, 2}, {"Range"}},
      {{1}, {"AffineGrid", "CenterCropPad", "DFT",
             "Expand",     "OneHot",        "ReduceL1",
             "ReduceL2",   "ReduceLogSum",  "ReduceLogSumExp",
             "ReduceMax",  "ReduceMean",    "ReduceMin",
             "ReduceProd", "ReduceSum",     "ReduceSumSquare",
             "Reshape",    "Split",         "Squeeze",
             "Tile",       "TopK",          "Unsqueeze",
             "Upsample"}},
      {{1, 2}, {"Col2Im"}},
      {{1, 2, 3}, {"Resize"}},
      {{1, 2, 3, 4}, {"Slice"}},
      {{1, 3}, {"Pad", "STFT"}},
      {{2}, {"MaxUnpool"}},
  };
  return all;
}

constexpr std::string_view kControlFlow[] = {"If", "Loop", "Scan", "SequenceMap"};
// The size of the result is known only when the values are.
constexpr std::string_view kDataDependent[] = {"NonZero", "NonMaxSuppression", "Unique",
                                               "Compress"};

template <class Range>
bool contains(const Range& range, std::string_view item) {
  return std::find(std::begin(range), std::end(range), item) != std::end(range);
}

bool is_constant(const Value& value) {
  // Before IR version 4 every initializer had to be an input as well, and nobody meant it to be
  // overridden.
  if (value.initializer && (!value.is_input || value.graph->model().ir_version() < 4)) return true;
  return value.producer != nullptr && value.producer->is_op("Constant");
}

// One input or output of the node under judgement.
struct Operand {
  const Value* value;
  bool is_constant;
  bool is_numeric = true;  // no sequence, optional, map, sparse tensor or strings
  ElementType element = ElementType::Undefined;
  std::optional<std::vector<Dim>> shape = {};
  std::string text = {};  // `'x' float32[?, 3]`
};

Operand describe(const Value& value, const NodeContext& context) {
  Operand operand{.value = &value, .is_constant = is_constant(value)};
  ValueType type = value.type;
  if (context.type_of)
    if (auto inferred = context.type_of(value)) type = std::move(*inferred);
  using Kind = ValueType::Kind;
  operand.is_numeric = value.initializer || type.kind == Kind::Unknown || type.kind == Kind::Tensor;
  if (value.initializer) {
    operand.element = value.initializer->type;
    operand.shape.emplace();
    for (int64_t dim : value.initializer->shape) operand.shape->push_back({dim, {}});
    operand.text = fmt::format("'{}' {}[{}]", value.name, element_type_name(operand.element),
                               fmt::join(value.initializer->shape, ", "));
  } else {
    operand.element = type.element;
    operand.shape = type.shape;
    operand.text =
        fmt::format("'{}' {}", value.name,
                    type.kind == ValueType::Kind::Unknown ? "of unknown type" : type.text());
  }
  operand.is_numeric &= operand.element != ElementType::String;
  operand.text = to_valid_utf8(operand.text);
  return operand;
}

// Gathers the reasons of one node.
class Judge {
 public:
  Judge(const CapabilityTable& table, const Node& node, const NodeContext& context)
      : table_(table), node_(node) {
    const auto row =
        table.operators.find(node.domain().empty() || node.domain() == "ai.onnx"
                                 ? std::string(node.op_type())
                                 : fmt::format("{}:{}", node.domain(), node.op_type()));
    row_ = row == table.operators.end() ? nullptr : &row->second;
    inputs_.resize(node.input_count(), kNone);
    for (size_t slot = 0; slot < node.input_count(); ++slot)
      if (const Value* value = node.input(slot)) {
        inputs_[slot] = operands_.size();
        operands_.push_back(describe(*value, context));
      }
    for (const Value* value : node.outputs())
      if (value != nullptr) operands_.push_back(describe(*value, context));
  }

  std::vector<Reason> judge() {
    // A constant is data, whatever holds it.
    if (node_.is_op("Constant")) return {};
    const bool nested =
        !table_.control_flow && node_.domain().empty() && contains(kControlFlow, node_.op_type());
    if (nested)
      add("control_flow", "{} takes no control flow: {} chooses or repeats a graph at run time",
          node_.op_type());
    const bool sized_by_data = judge_data_dependence();
    // The reasons above say more than that the table does not list the operator.
    if (!nested && !sized_by_data) judge_operator();
    judge_values();
    judge_shapes();
    judge_ranks();
    judge_types();
    // Whether it is slow matters where it is taken.
    if (reasons_.empty()) judge_speed();
    return std::move(reasons_);
  }

 private:
  template <class... Args>
  Reason& add(std::string_view id, fmt::format_string<const std::string&, Args...> format,
              Args&&... args) {
    reasons_.push_back(
        {.id = std::string(id),
         .message = to_valid_utf8(fmt::format(format, table_.name, std::forward<Args>(args)...)),
         .evidence = {}});
    return reasons_.back();
  }

  // Where the row's knowledge comes from.
  std::string provenance() const {
    if (row_ == nullptr) return fmt::format("table {} ({})", table_.id, table_.origin);
    std::string text = row_->note;
    for (const std::string& source : row_->sources)
      text += fmt::format("{}{}", text.empty() ? "" : "; ", table_.sources.at(source));
    return text;
  }

  bool judge_data_dependence() {
    if (table_.data_dependent_shapes || !node_.domain().empty()) return false;
    if (contains(kDataDependent, node_.op_type())) {
      add("data_dependent_shape",
          "{} needs every shape when it compiles; {} gives a result whose size follows from the "
          "values",
          node_.op_type())
          .evidence = provenance();
      return true;
    }
    std::vector<std::string> computed;
    for (const ShapeInputs& known : shape_inputs())
      if (contains(known.op_types, node_.op_type()))
        for (size_t slot : known.slots)
          if (const Value* value = node_.input(slot); value != nullptr && !is_constant(*value))
            computed.push_back(fmt::format("'{}'", value->name));
    if (!computed.empty())
      add("data_dependent_shape",
          "{} needs every shape when it compiles; {} takes a shape or position from values "
          "computed at run time",
          node_.op_type())
          .evidence = "computed: " + to_valid_utf8(join(computed, ", "));
    return false;
  }

  void judge_operator() {
    const std::string name =
        fmt::format("{}{}{}", node_.domain(), node_.domain().empty() ? "" : ":", node_.op_type());
    if (row_ == nullptr) {
      add("unknown_support",
          "whether {} takes {} is not known: its table does not name the operator", name)
          .evidence = provenance();
      return;
    }
    if (!row_->supported) {
      add("unsupported_operator", "{} does not take {}", name).evidence = provenance();
      return;
    }
    for (const auto& [attribute, limit] : row_->attributes)
      if (const auto value = attribute_value(node_, attribute);
          value && !is_within(limit, *value, rank()))
        add("unsupported_attribute", "{} takes {} only with {} {}", name, attribute, limit.text())
            .evidence = fmt::format("{} is {}; {}", attribute, value->text, provenance());
    const int64_t opset = node_.graph().opset_version(node_.domain());
    if ((row_->opset_min && opset < *row_->opset_min) ||
        (row_->opset_max && opset > *row_->opset_max))
      add("unsupported_opset", "{} takes {} of opset {} only", name, opset_range()).evidence =
          fmt::format("the model has opset {}; {}", opset, provenance());
  }

  std::string opset_range() const {
    if (row_->opset_min && row_->opset_max)
      return fmt::format("{} to {}", *row_->opset_min, *row_->opset_max);
    return row_->opset_min ? fmt::format("{} or later", *row_->opset_min)
                           : fmt::format("{} or earlier", row_->opset_max.value_or(0));
  }

  // Of the first input.
  std::optional<size_t> rank() const {
    if (inputs_.empty() || inputs_[0] == kNone) return std::nullopt;
    const Operand& operand = operands_[inputs_[0]];
    return operand.shape ? std::optional(operand.shape->size()) : std::nullopt;
  }

  void judge_speed() {
    if (row_ == nullptr || row_->slow.empty()) return;
    std::string seen;
    for (const auto& [attribute, limit] : row_->slow_attributes) {
      const auto value = attribute_value(node_, attribute);
      if (!value || !is_within(limit, *value, rank())) return;
      seen += fmt::format("{} is {}; ", attribute, value->text);
    }
    bool is_fast = !row_->fast_attributes.empty();
    for (const auto& [attribute, limit] : row_->fast_attributes) {
      const auto value = attribute_value(node_, attribute);
      if (!value || is_within(limit, *value, rank())) continue;
      is_fast = false;
      seen += fmt::format("{} is {}; ", attribute, value->text);
    }
    if (is_fast) return;
    Reason& reason =
        add("slow_on_target", "{} takes {}, but slowly: {}", node_.op_type(), row_->slow);
    reason.evidence = seen + provenance();
    reason.blocks = false;
  }

  void judge_values() {
    std::vector<std::string> refused;
    for (const Operand& operand : operands_)
      if (!operand.is_numeric && !(operand.element == ElementType::String && types().empty()))
        note(refused, operand);
    if (!refused.empty())
      add("non_numeric_value", "{} computes on tensors of numbers only").evidence =
          join(refused, ", ");
  }

  void judge_ranks() {
    if (row_ == nullptr) return;
    for (const auto& [slot, ranks] : row_->input_ranks) {
      if (slot >= inputs_.size() || inputs_[slot] == kNone) continue;
      const Operand& operand = operands_[inputs_[slot]];
      if (!operand.shape) continue;
      const auto rank = static_cast<int>(operand.shape->size());
      if (std::find(ranks.begin(), ranks.end(), rank) == ranks.end())
        add("rank_too_high", "{} takes input {} of {} with {} dimensions only", slot,
            node_.op_type(), fmt::join(ranks, " or "))
            .evidence = fmt::format("{}; {}", operand.text, provenance());
    }
  }

  void judge_shapes() {
    const int max_rank = row_ != nullptr && row_->max_rank > 0 ? row_->max_rank : table_.max_rank;
    const bool needs_static =
        row_ != nullptr ? row_->static_shapes.value_or(table_.static_shapes) : table_.static_shapes;
    const bool is_row = row_ != nullptr && row_->static_shapes.value_or(false);
    std::vector<std::string> dynamic, deep;
    for (const Operand& operand : operands_) {
      if (!operand.is_numeric && operand.element != ElementType::String) continue;
      const bool is_static =
          operand.shape && std::all_of(operand.shape->begin(), operand.shape->end(),
                                       [](const Dim& d) { return d.is_known(); });
      if (needs_static && !is_static && !operand.is_constant) note(dynamic, operand);
      if (max_rank > 0 && operand.shape && operand.shape->size() > static_cast<size_t>(max_rank))
        note(deep, operand);
    }
    if (!dynamic.empty())
      add("dynamic_shape", "{} compiles{} for fixed shapes only",
          is_row && !table_.static_shapes ? fmt::format(" {}", node_.op_type()) : "")
          .evidence = join(dynamic, ", ");
    if (!deep.empty())
      add("rank_too_high", "{} takes {} of at most {} dimensions",
          row_ != nullptr && row_->max_rank > 0 ? node_.op_type() : std::string_view("tensors"),
          max_rank)
          .evidence = join(deep, ", ");
  }

  void judge_types() {
    const std::vector<ElementType>& taken = types();
    if (taken.empty()) return;
    std::vector<std::string> refused, narrowed;
    for (const Operand& operand : operands_) {
      if (operand.element == ElementType::Undefined || !operand.is_numeric ||
          std::find(taken.begin(), taken.end(), operand.element) != taken.end())
        continue;
      if (operand.element != ElementType::Int64 || !table_.int64_as_int32) note(refused, operand);
      // Constants are indices, axes and shapes here, which the compiler reads itself.
      else if (!operand.is_constant)
        note(narrowed, operand);
    }
    if (!refused.empty()) {
      std::vector<std::string> names;
      for (ElementType type : taken) names.emplace_back(element_type_name(type));
      add("unsupported_type", "{} computes in {}", join(names, ", ")).evidence =
          join(refused, ", ");
    }
    if (!narrowed.empty()) {
      Reason& reason = add("int64_narrowed",
                           "{} computes 64-bit integers in 32 bits; larger values are damaged");
      reason.evidence = join(narrowed, ", ");
      reason.blocks = false;
    }
  }

  const std::vector<ElementType>& types() const {
    return row_ != nullptr && !row_->types.empty() ? row_->types : table_.types;
  }

  static void note(std::vector<std::string>& evidence, const Operand& operand) {
    if (std::find(evidence.begin(), evidence.end(), operand.text) == evidence.end())
      evidence.push_back(operand.text);
  }

  const CapabilityTable& table_;
  const Node& node_;
  const OperatorRow* row_ = nullptr;
  static constexpr size_t kNone = SIZE_MAX;
  std::vector<Operand> operands_;
  std::vector<size_t> inputs_;  // of each slot: its operand
  std::vector<Reason> reasons_;
};

class TableTarget final : public TargetBackend {
 public:
  TableTarget(CapabilityTable table, std::string missing,
              std::shared_ptr<const TargetBackend> stand_in)
      : table_(std::move(table)), missing_(std::move(missing)), stand_in_(std::move(stand_in)) {}
  TargetStatus status() const override {
    TargetStatus status{.diagnose = {true, "", table_.origin, table_.revision},
                        .build = {false, missing_, "", ""},
                        .run = {false, missing_, "", ""}};
    if (stand_in_ == nullptr) return status;
    status.build = stand_in_->status().build;
    status.run = stand_in_->status().run;
    for (Availability* able : {&status.build, &status.run})
      if (able->available) able->version += fmt::format(" ({}, standing in)", table_.run_on);
    return status;
  }
  std::vector<Reason> why_not(const Node& node, const NodeContext& context) const override {
    return acuate::why_not(table_, node, context);
  }
  Result<QuantizationPlan> plan_quantization(Model& model,
                                             const QuantizationRequest& request) const override {
    return stand_in_ ? stand_in_->plan_quantization(model, request)
                     : acuate::plan_quantization(model, request, rules());
  }
  Result<void> emit_quantized(Model& model, const Encodings& encodings) const override {
    return stand_in_ ? stand_in_->emit_quantized(model, encodings)
                     : emit_qdq(model, encodings, rules());
  }
  Result<std::unique_ptr<Engine>> load(const ModelSource& source,
                                       const EngineOptions& options) const override {
    return stand_in_ ? stand_in_->load(source, options) : load_simulated(source, options);
  }
  bool is_alone() const { return stand_in_ == nullptr; }

 private:
  // Of NPUs that compute on integers of one scale per tensor alone, with the defaults of
  // VeriSilicon's Acuity.
  QuantizationRules rules() const {
    return {.target = table_.name,
            .placement = QuantizationRules::Placement::Everywhere,
            .schemes = {"u8", "s8", "u16", "s16", "dfp8", "dfp16", "fp16", "bf16"},
            .weight_scheme = "",
            .per_channel_weights = false};
  }

  CapabilityTable table_;
  std::string missing_;
  std::shared_ptr<const TargetBackend> stand_in_;
};

}  // namespace

bool simulates(const Target& target) {
  const auto* table = dynamic_cast<const TableTarget*>(target.backend.get());
  return table != nullptr && table->is_alone();
}

std::vector<Reason> why_not(const CapabilityTable& table, const Node& node,
                            const NodeContext& context) {
  return Judge(table, node, context).judge();
}

Target make_table_target(CapabilityTable table, std::string missing,
                         std::shared_ptr<const TargetBackend> stand_in) {
  if (missing.empty())
    missing = fmt::format(
        "{} is a table file, which can only diagnose; with `run_on: onnxruntime` in it that target "
        "builds and runs what it takes",
        table.origin);
  Target target{
      table.id,
      fmt::format("{} ({})", table.name, stand_in ? "runs on " + table.run_on : "diagnose only"),
      nullptr, table.patterns, table.run_on};
  target.backend =
      std::make_shared<TableTarget>(std::move(table), std::move(missing), std::move(stand_in));
  return target;
}

}  // namespace acuate
