#include "cli/steps.h"

#include <algorithm>
#include <unordered_map>

#include "onnx_io/export.h"
#include "rewrite/pass.h"

namespace acuate {
namespace {

class StepModel {
 public:
  StepModel(const Model& model, const std::set<std::string>& given)
      : model_(model.clone()), graph_(model_->graph()) {
    for (const std::string& name : given) {
      Value* value = graph_.find(name);
      ACUATE_CHECK(value != nullptr && value->producer != nullptr, "a step that no node makes");
      find_pairs(*value, given);
    }
    for (const std::string& name : given) give(*graph_.find(name));
  }

  // Leaves what the wanted tensors need.
  Result<void> keep(std::span<const std::string> wanted) {
    std::vector<Value*> outputs;
    for (const std::string& name : wanted) outputs.push_back(read_form(*graph_.find(name)));
    for (const Value* output : outputs) wanted_.emplace_back(output->name);
    graph_.set_outputs(outputs);
    for (Value* output : outputs) graph_.set_type(*output, output->type);
    if (auto done = run_pass(*passes().lookup("eliminate_dead_code"), *model_, {}); !done)
      return done.error();
    std::vector<Value*> inputs = graph_.inputs();
    for (const auto& [value, name] : given_) {
      if (value->is_unused()) continue;
      inputs.push_back(value);
      needed_.push_back(name);
    }
    graph_.set_inputs(std::move(inputs));
    return {};
  }

  const Model& model() const { return *model_; }
  const std::vector<std::string>& needed() const { return needed_; }  // inputs after the model's
  const std::vector<std::string>& wanted() const { return wanted_; }  // names of the outputs

 private:
  struct Pair {
    Node* quantize;
    Value* dequantized;
  };

  void find_pairs(Value& value, const std::set<std::string>& given) {
    for (const Use& use : value.uses()) {
      if (!use.node->is_op("QuantizeLinear") || use.slot != 0) continue;
      for (const Use& code : use.node->output()->uses()) {
        if (!code.node->is_op("DequantizeLinear") || code.slot != 0) continue;
        Value* dequantized = code.node->output();
        // One that the reference has as well is a step of its own.
        if (dequantized->type.element == value.type.element &&
            given.count(std::string(dequantized->name)) == 0)
          pairs_[&value].push_back({use.node, dequantized});
      }
    }
  }

  Value* read_form(Value& value) const {
    const auto pairs = pairs_.find(&value);
    return pairs == pairs_.end() ? &value : pairs->second.front().dequantized;
  }

  // Who reads the tensor reads the reference's from here on, but for its own quantization.
  void give(Value& value) {
    Value* given = graph_.add_value(graph_.unused_name(std::string(value.name) + "_given"));
    graph_.set_type(*given, value.type);
    given_.emplace_back(given, value.name);
    const std::vector<Pair>& pairs = pairs_[&value];
    const auto redirect = [&](const Value& from, const auto& stays) {
      const std::vector<Use> uses = from.uses();
      for (const Use& use : uses)
        if (!stays(*use.node)) use.node->set_input(use.slot, given);
    };
    redirect(value, [&](const Node& node) {
      return std::any_of(pairs.begin(), pairs.end(),
                         [&](const Pair& pair) { return pair.quantize == &node; });
    });
    for (const Pair& pair : pairs) redirect(*pair.dequantized, [](const Node&) { return false; });
    if (pairs.empty()) pairs_.erase(&value);
  }

  std::unique_ptr<Model> model_;
  Graph& graph_;
  std::unordered_map<const Value*, std::vector<Pair>> pairs_;
  std::vector<std::pair<Value*, std::string>> given_;
  std::vector<std::string> needed_, wanted_;
};

}  // namespace

Result<std::vector<Tensor>> run_steps(const Model& model, const std::set<std::string>& given,
                                      std::span<const std::string> wanted,
                                      std::span<const Tensor> inputs, const GivenValues& values,
                                      const Target& target, int threads) {
  StepModel steps(model, given);
  if (auto kept = steps.keep(wanted); !kept) return kept.error();
  auto bytes = model_bytes(steps.model());
  if (!bytes) return bytes.error();
  auto engine = target.load(ModelSource::memory(as_bytes(*bytes)),
                            {.threads = threads, .optimization = Optimization::None});
  if (!engine) return engine.error();
  auto fed = values(steps.needed());
  if (!fed) return fed.error();
  std::vector<Tensor> all(inputs.begin(), inputs.end());
  for (Tensor& tensor : *fed) all.push_back(std::move(tensor));
  return (*engine)->run(all, steps.wanted());
}

}  // namespace acuate
