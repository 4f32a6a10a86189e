#include "quantize/backward.h"

#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "quantize/gradient.h"
#include "shape/inference.h"

namespace acuate {
namespace {

bool is_float_tensor(const Value& value) {
  return value.type.element == ElementType::Float && known_shape(&value).has_value();
}

// Integers and truth values are steps: their derivative is zero wherever there is one.
bool is_step(const Value& value) {
  return value.type.element != ElementType::Undefined && !is_floating_point(value.type.element);
}

class BackwardBuilder {
 public:
  explicit BackwardBuilder(const Model& model)
      : model_(model.clone()), graph_(model_->graph()), shapes_(*model_) {}

  Result<BackwardModel> run(const std::vector<std::string>& tensors) {
    if (model_->opset_version() < 13)
      return fail("gradients need opset 13, the model has {}; convert it first",
                  model_->opset_version());
    if (auto found = find_tensors(tensors); !found) return found.error();
    note_captures();
    mark_dependent();
    mark_relevant();
    if (auto seeded = add_seeds(); !seeded) return seeded.error();
    std::vector<Node*> nodes = graph_.nodes();
    std::erase_if(nodes, [&](const Node* node) { return !is_on_the_way(*node); });
    for (size_t i = nodes.size(); i-- > 0;) go_back(*nodes[i]);
    add_outputs();
    result_.model = std::move(model_);
    return std::move(result_);
  }

 private:
  // What is known so far of the loss by a value.
  struct Sum {
    Value* gradient = nullptr;
    std::string missing;  // why a part of it is; empty: none is
  };

  Result<void> find_tensors(const std::vector<std::string>& tensors) {
    for (const std::string& name : tensors) {
      Value* value = graph_.find(name);
      if (value == nullptr || !value->is_defined())
        return fail("the model has no tensor '{}' to differentiate by", to_valid_utf8(name));
      if (!is_float_tensor(*value))
        return fail("tensor '{}' is {}; gradients need float32 of static shape",
                    to_valid_utf8(name), value->type.text());
      tensors_.push_back(value);
    }
    return {};
  }

  // Which values of the main graph the bodies of a node read.
  void note_captures() {
    std::unordered_map<const Graph*, Node*> owner_in_main;
    for (const Graph* graph : model_->all_graphs()) {
      if (graph->owner() == nullptr) continue;
      const Graph& outer = graph->owner()->graph();
      Node* owner = &outer == &graph_ ? graph->owner() : owner_in_main[&outer];
      owner_in_main[graph] = owner;
      if (owner == nullptr) continue;  // inside a function
      for (const Node* node = graph->first(); node != nullptr; node = node->next())
        for (size_t slot = 0; slot < node->input_count(); ++slot)
          note_capture(*owner, node->input(slot));
      for (Value* output : graph->outputs()) note_capture(*owner, output);
    }
  }

  void note_capture(Node& owner, Value* value) {
    if (value != nullptr && value->graph == &graph_) captures_[&owner].push_back(value);
  }

  template <class Visit>
  void for_each_read(const Node& node, const Visit& visit) const {
    for (size_t slot = 0; slot < node.input_count(); ++slot)
      if (node.input(slot) != nullptr) visit(node.input(slot));
    if (const auto found = captures_.find(&node); found != captures_.end())
      for (Value* value : found->second) visit(value);
  }

  // Values that a tensor asked for changes. What a shape is, no value changes.
  void mark_dependent() {
    dependent_.insert(tensors_.begin(), tensors_.end());
    for (const Node* node = graph_.first(); node != nullptr; node = node->next()) {
      if (node->is_op("Shape") || node->is_op("Size")) continue;
      bool reads = false;
      for_each_read(*node, [&](const Value* value) { reads |= dependent_.count(value) > 0; });
      if (reads) dependent_.insert(node->outputs().begin(), node->outputs().end());
    }
    dependent_.erase(nullptr);
  }

  // Values that change an output.
  void mark_relevant() {
    relevant_.insert(graph_.outputs().begin(), graph_.outputs().end());
    for (const Node* node = graph_.last(); node != nullptr; node = node->previous()) {
      bool is_relevant = false;
      for (const Value* output : node->outputs()) is_relevant |= relevant_.count(output) > 0;
      if (is_relevant && !node->is_op("Shape") && !node->is_op("Size"))
        for_each_read(*node, [&](const Value* value) { relevant_.insert(value); });
    }
  }

  bool counts(const Value* value) const {
    return value != nullptr && !is_step(*value) && dependent_.count(value) > 0 && relevant_.count(value) > 0;
  }

  bool is_on_the_way(const Node& node) const {
    for (const Value* output : node.outputs())
      if (counts(output)) return true;
    return false;
  }

  Result<void> add_seeds() {
    std::vector<Value*> inputs = graph_.inputs();
    std::unordered_set<const Value*> seen;
    for (Value* output : graph_.outputs()) {
      if (!counts(output) || !seen.insert(output).second) continue;
      if (!is_float_tensor(*output)) {
        miss(output, "output '" + to_valid_utf8(output->name) + "' is " + output->type.text() +
                         ", no float32 of static shape");
        continue;
      }
      Value* seed = graph_.add_value(graph_.unused_name(std::string(output->name) + "_seed"));
      graph_.set_type(*seed, output->type);
      inputs.push_back(seed);
      result_.seeds.push_back({std::string(output->name), std::string(seed->name)});
      sums_[output].gradient = seed;
    }
    graph_.set_inputs(std::move(inputs));
    if (result_.seeds.empty() && !tensors_.empty())
      return fail("no float32 output of static shape depends on the tensors");
    return {};
  }

  void miss(const Value* value, const std::string& reason) {
    if (!counts(value)) return;
    std::string& missing = sums_[value].missing;
    if (missing.empty()) missing = reason;
  }

  void miss_all(const Node& node, const std::string& reason) {
    for_each_read(node, [&](const Value* value) { miss(value, reason); });
  }

  // From the gradients of the outputs of a node to those of its inputs.
  void go_back(Node& node) {
    std::vector<Value*> gradients;
    bool has_gradient = false;
    for (const Value* output : node.outputs()) {
      gradients.push_back(nullptr);
      const auto found = sums_.find(output);
      if (output == nullptr || found == sums_.end()) continue;
      if (!found->second.missing.empty()) return miss_all(node, found->second.missing);
      gradients.back() = found->second.gradient;
      has_gradient |= found->second.gradient != nullptr;
    }
    if (!has_gradient) return;
    const std::string name =
        "'" + to_valid_utf8(node.address()) + "' (" + to_valid_utf8(node.op_type()) + ")";
    const GradientRule rule = find_gradient_rule(node);
    if (rule == nullptr || captures_.count(&node) > 0)
      return miss_all(node, "there is no gradient rule for " + name);
    for (const Value* output : node.outputs())
      if (counts(output) && !is_float_tensor(*output))
        return miss_all(node, "an output of " + name + " is " + output->type.text());
    std::vector<bool> wanted;
    for (size_t slot = 0; slot < node.input_count(); ++slot) {
      const Value* input = node.input(slot);
      wanted.push_back(counts(input));
      if (input != nullptr && !known_shape(input))
        return miss_all(node, "an input of " + name + " has no static shape");
      if (wanted.back() && !is_float_tensor(*input))
        return miss_all(node, "an input of " + name + " is " + input->type.text());
    }
    GradientContext context(node, shapes_, std::move(gradients), wanted);
    if (auto reason = rule(context))
      return miss_all(node, "no gradient through " + name + ": " + *reason);
    for (size_t slot = 0; slot < wanted.size(); ++slot) {
      if (!wanted[slot]) continue;
      Value* part = context.given()[slot];
      if (part == nullptr) {
        miss(node.input(slot),
             "there is no gradient rule for input " + std::to_string(slot) + " of " + name);
        continue;
      }
      Value*& sum = sums_[node.input(slot)].gradient;
      sum = sum == nullptr ? part : context.add("Add", {sum, part});
    }
  }

  void add_outputs() {
    std::unordered_set<const Value*> seen;
    for (Value* value : tensors_) {
      if (!seen.insert(value).second) continue;
      std::string name(value->name);
      const auto found = sums_.find(value);
      if (found == sums_.end() ||
          (found->second.gradient == nullptr && found->second.missing.empty())) {
        result_.not_reached.push_back({std::move(name), "no output depends on it"});
        continue;
      }
      if (!found->second.missing.empty()) {
        result_.not_reached.push_back({std::move(name), found->second.missing});
        continue;
      }
      Value* gradient = found->second.gradient;
      const std::string output = graph_.unused_name(name + "_gradient");
      if (gradient->is_input || gradient->is_output()) {  // a seed, or that of two tensors
        Value* same = graph_.add_value(output);
        graph_.add_node("Identity", "", "", {gradient}, {same});
        gradient = same;
      } else {
        graph_.rename(*gradient, output);
      }
      graph_.set_type(*gradient, value->type);
      graph_.add_output(*gradient);
      if (!value->is_input && !value->is_output()) {
        graph_.set_type(*value, value->type);
        graph_.add_output(*value);
      }
      result_.gradients.push_back({std::move(name), std::string(gradient->name)});
    }
  }

  std::unique_ptr<Model> model_;
  Graph& graph_;
  ShapeInference shapes_;
  std::vector<Value*> tensors_;
  std::unordered_map<const Node*, std::vector<Value*>> captures_;
  std::unordered_set<const Value*> dependent_, relevant_;
  std::unordered_map<const Value*, Sum> sums_;
  BackwardModel result_;
};

}  // namespace

Result<BackwardModel> build_backward(const Model& model, const std::vector<std::string>& tensors) {
  return BackwardBuilder(model).run(tensors);
}

}  // namespace acuate
