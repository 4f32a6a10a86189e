#include "shape/engine.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "shape/data_tensor.h"

namespace acuate {
namespace {

constexpr int64_t kMaxDataElements = 1024;
constexpr int kMaxFunctionDepth = 32;
constexpr size_t kVisitsPerNode = 8;  // of a graph out of order or with a cycle, in one drain

// What decides a node's result besides its inputs' types.
std::string signature(const Node& node, ShapeEngine& engine) {
  std::string text(node.op_type());
  for (const Attribute& attribute : node.attributes()) text += as_text(attribute.wire);
  for (size_t slot = 0; slot < node.input_count(); ++slot) {
    text += '|';
    const Value* input = node.input(slot);
    const SymbolicType* type = input ? engine.type(*input) : nullptr;
    if (type != nullptr) text += type->text();
  }
  return text;
}

// Declared and inferred contradict each other: another element type, rank or known dimension.
bool contradicts(const SymbolicType& declared, const SymbolicType& inferred) {
  if (!declared.is_tensor() || !inferred.is_tensor()) return false;
  if (declared.element != ElementType::Undefined && inferred.element != ElementType::Undefined &&
      declared.element != inferred.element)
    return true;
  if (!declared.shape || !inferred.shape) return false;
  if (declared.shape->size() != inferred.shape->size()) return true;
  for (size_t i = 0; i < declared.shape->size(); ++i) {
    const Expr &a = (*declared.shape)[i], &b = (*inferred.shape)[i];
    if (a.is_number() && b.is_number() && !(a == b)) return true;
  }
  return false;
}

}  // namespace

ShapeEngine::ShapeEngine(Model& model, bool writes) : model_(model), writes_(writes) {
  ACUATE_CHECK(!writes || !model.is_tracking_changes(),
               "the model's changes have a reader already");
  if (writes_) model_.track_changes(true);
  infer_all();
  if (writes_) model_.take_changes();  // our own
  first_ = false;
}

ShapeEngine::~ShapeEngine() {
  if (writes_) model_.track_changes(false);
}

void ShapeEngine::infer_all() {
  states_.clear();
  graphs_.clear();
  queued_.clear();
  issues_.clear();
  unknown_.clear();
  believed_.clear();
  function_results_.clear();
  states_.reserve(model_.graph().node_count() + model_.graph().node_count() / 2);
  start(model_.graph());
  drain(model_.graph());
}

size_t ShapeEngine::update() {
  const size_t inferred_before = inferred_nodes_;
  const ChangeSet changes = model_.take_changes();
  if (changes.all) {  // declared types went with it
    declarations_.clear();
    first_ = true;
    infer_all();
    first_ = false;
  } else if (std::any_of(changes.nodes.begin(), changes.nodes.end(),
                         [&](Node* node) { return stands_in_function(node->graph()); }) ||
             std::any_of(changes.values.begin(), changes.values.end(), [&](Value* value) {
               return value->graph != nullptr && stands_in_function(*value->graph);
             })) {
    infer_all();  // any call may change
  } else {
    for (Value* value : changes.values) {
      if (value->graph == nullptr) {
        states_.erase(value);
        continue;
      }
      if (value->producer != nullptr) {  // declared anew
        declarations_[value] = value->type;
        declared_anew_.insert(value);
        believed_.erase(value->producer);
        enqueue(*value->producer);
        continue;
      }
      if (!value->is_defined() && value->uses().empty()) {  // left over from a removed node
        states_.erase(value);
        continue;
      }
      const bool is_body_input = value->is_input && value->graph->owner() != nullptr;
      if (is_body_input) {
        enqueue(*value->graph->owner());
      } else {
        read_source(*value);
        users_changed(*value);
      }
    }
    for (Node* node : changes.nodes) {
      if (node->is_removed()) {
        issues_.erase(node);
        continue;
      }
      enqueue(*node);
    }
    drain(model_.graph());
    // Declared anew, or taken back: what is known is written even where that did not change.
    for (Value* value : changes.values) write_again(*value);
    for (Value* value : changes.restored) write_again(*value);
    declared_anew_.clear();
  }
  model_.take_changes();  // types that were written
  return inferred_nodes_ - inferred_before;
}

void ShapeEngine::write_again(Value& value) {
  if (!writes_ || value.graph == nullptr || stands_in_function(*value.graph)) return;
  const bool is_body_input = value.is_input && value.graph->owner() != nullptr;
  if (value.producer == nullptr && !is_body_input) return;
  if (const auto state = states_.find(&value); state != states_.end())
    write_type(value, state->second.type);
}

bool ShapeEngine::stands_in_function(const Graph& graph) const {
  const Graph* outermost = &graph;
  while (outermost->owner() != nullptr) outermost = &outermost->owner()->graph();
  return outermost != &model_.graph();
}

int64_t ShapeEngine::opset(std::string_view domain) const {
  if (call_ == nullptr) return model_.opset_version(domain);
  for (const OpsetImport& import : call_->function->opset_imports)
    if (import.domain == domain) return import.version;
  return model_.opset_version(domain);
}

const SymbolicType* ShapeEngine::type(const Value& value) {
  auto found = states_.find(&value);
  if (found == states_.end()) {
    if (value.producer != nullptr) return nullptr;
    read_source(value);
    found = states_.find(&value);
  }
  return found->second.type.kind == ValueType::Kind::Unknown ? nullptr : &found->second.type;
}

const ShapeData* ShapeEngine::data(const Value& value) {
  if (type(value) == nullptr) return nullptr;
  ValueState& state = states_.at(&value);
  if (!state.data_looked_up) look_up_constant(value, state);
  return state.data ? &*state.data : nullptr;
}

void ShapeEngine::look_up_constant(const Value& value, ValueState& state) {
  state.data_looked_up = true;
  if (!value.is_constant() || value.initializer->size() > kMaxDataElements) return;
  if (const auto tensor = model_.load(*value.initializer)) state.data = shape_data_of(*tensor);
}

void ShapeEngine::read_source(const Value& value) {
  ValueState& state = states_[&value];
  state = {};
  state.type = from_value_type(value, value.type);
}

// --- the worklist -------------------------------------------------------------------------------

void ShapeEngine::start(Graph& graph) {
  GraphState& state = graphs_[&graph];
  state.started = true;
  state.walk = graph.first();
}

void ShapeEngine::enqueue(Node& first) {
  for (Node* node = &first; node != nullptr; node = node->graph().owner()) {
    const auto state = graphs_.find(&node->graph());
    // A body that its node did not ask for yet: it will look at everything.
    if (state == graphs_.end() || !state->second.started) continue;
    const Node* walk = state->second.walk;
    if (walk != nullptr && !node->precedes(*walk)) continue;
    if (queued_.insert(node).second) state->second.queue.push(node);
  }
}

void ShapeEngine::users_changed(const Value& value) {
  for (const Use& use : value.uses()) enqueue(*use.node);
  // What a body hands out is what its node gives.
  if (value.is_output() && value.graph->owner() != nullptr) enqueue(*value.graph->owner());
}

void ShapeEngine::drain(Graph& graph) {
  // References into the map stay valid while bodies add theirs.
  GraphState& state = graphs_[&graph];
  state.visits_left = kVisitsPerNode * graph.node_count() + 64;
  while (state.walk != nullptr || !state.queue.empty()) {
    const bool walks =
        state.queue.empty() || (state.walk != nullptr && state.walk->precedes(*state.queue.top()));
    Node& node = walks ? *state.walk : *state.queue.top();
    if (walks) {
      state.walk = node.next();
    } else {
      state.queue.pop();
      queued_.erase(&node);
    }
    if (node.is_removed() || &node.graph() != &graph) continue;
    if (state.visits_left == 0) continue;
    --state.visits_left;
    infer_node(node);
  }
}

std::vector<SymbolicType> ShapeEngine::infer_body(Graph& body,
                                                  std::span<const SymbolicType> inputs) {
  GraphState& state = graphs_[&body];
  if (!state.started || call_ != nullptr) start(body);
  for (size_t i = 0; i < body.inputs().size(); ++i) {
    const Value& input = *body.inputs()[i];
    SymbolicType type = i < inputs.size() ? inputs[i] : SymbolicType();
    // What the body declares adds what its node does not know.
    const SymbolicType said = from_value_type(input, input.type);
    if (type.kind == ValueType::Kind::Unknown && first_)
      type = said;
    else if (type.is_tensor() && type.element == ElementType::Undefined)
      type.element = said.element;
    name_unknown(input, type);
    assign(input, std::move(type), std::nullopt);
  }
  drain(body);
  std::vector<SymbolicType> out;
  for (const Value* output : body.outputs()) {
    const SymbolicType* found = type(*output);
    out.push_back(found ? *found : SymbolicType());
  }
  return out;
}

// --- one node -----------------------------------------------------------------------------------

const Function* ShapeEngine::function_of(const Node& node) const {
  for (const Function& function : model_.functions())
    if (function.name == node.op_type() && function.domain == node.domain() &&
        function.overload == node.overload())
      return function.body ? &function : nullptr;
  return nullptr;
}

void ShapeEngine::infer_node(Node& node) {
  ++inferred_nodes_;
  issues_.erase(&node);
  RuleContext context(*this, node);
  context.types_.resize(node.outputs().size());
  context.data_.resize(node.outputs().size());
  const Function* function = model_.functions().empty() ? nullptr : function_of(node);
  bool has_rule = true;
  if (function != nullptr) {
    has_rule = infer_function(context, *function);
  } else {
    const OperatorRule* rule = find_rule(node.domain(), node.op_type());
    const bool done = rule != nullptr && rule->infer(context);
    if (!done && !context.is_refused()) {
      for (SymbolicType& type : context.types_) type = {};
      for (auto& data : context.data_) data.reset();
      has_rule = infer_by_library(*this, context);
    }
  }
  for (size_t slot = 0; slot < node.outputs().size(); ++slot) {
    const Value* output = node.output(slot);
    if (output == nullptr) continue;
    if (has_rule || context.types_[slot].shape)
      unknown_.erase(output);
    else
      unknown_.insert(output);
    settle(node, slot, context);
  }
}

// Joins what was inferred with what the model declares.
void ShapeEngine::settle(Node& node, size_t slot, RuleContext& context) {
  const Value& output = *node.output(slot);
  SymbolicType type = std::move(context.types_[slot]);
  const bool complete = type.kind != ValueType::Kind::Unknown && (!type.is_tensor() || type.shape);
  if (call_ != nullptr) {
    name_unknown(output, type);
    assign(output, std::move(type), std::move(context.data_[slot]));
    return;
  }
  // At its first visit: what the value has later was inferred.
  if (first_ && output.type.kind != ValueType::Kind::Unknown && states_.count(&output) == 0)
    declarations_.emplace(&output, output.type);
  const auto said = declarations_.find(&output);
  if (said != declarations_.end() && said->second.kind != ValueType::Kind::Unknown) {
    const SymbolicType declared = from_value_type(output, said->second);
    if (first_ && contradicts(declared, type)) {
      std::string inputs;
      for (size_t i = 0; i < node.input_count(); ++i)
        if (node.input(i) != nullptr)
          inputs += (inputs.empty() ? " from " : ", ") + describe(*node.input(i));
      add_issue(node, to_valid_utf8(output.name),
                fmt::format("'{}' is declared {} by the model, but its producer {} '{}' makes {}{}",
                            to_valid_utf8(output.name), declared.text(),
                            to_valid_utf8(node.op_type()), node.address(), type.text(), inputs));
    } else if (!complete && declared.kind != ValueType::Kind::Unknown) {
      // Believed as long as nothing that it depends on changes.
      std::string made_of = signature(node, *this);
      const auto [place, added] = believed_.try_emplace(&node, made_of);
      if (first_ || added || place->second == made_of) {
        const ElementType element = type.element;
        const bool has_element = type.is_tensor() && element != ElementType::Undefined;
        type = declared;
        if (has_element && type.is_tensor()) type.element = element;
      } else {
        place->second = std::move(made_of);
        declarations_.erase(said);
      }
    } else if (is_believed(output) && type.shape && declared.shape &&
               type.shape->size() == declared.shape->size()) {
      // A name that the model gives to what nothing better is known of.
      for (size_t i = 0; i < type.shape->size(); ++i) {
        const Expr& name = (*declared.shape)[i];
        if ((*type.shape)[i].is_anonymous() && !name.is_number() && !name.is_anonymous())
          (*type.shape)[i] = name;
      }
    }
  }
  name_unknown(output, type);
  assign(output, std::move(type), std::move(context.data_[slot]));
}

void ShapeEngine::assign(const Value& value, SymbolicType type, std::optional<ShapeData> data) {
  const auto [place, added] = states_.try_emplace(&value);
  ValueState& state = place->second;
  const bool same_type = !added && state.type == type;
  if (same_type && state.data == data) return;
  state.type = std::move(type);
  state.data = std::move(data);
  state.data_looked_up = true;
  if (!same_type && call_ == nullptr && writes_) write_type(const_cast<Value&>(value), state.type);
  users_changed(value);
}

// A function's body is inferred for each call with other types anew.
bool ShapeEngine::infer_function(RuleContext& context, const Function& function) {
  if (function_depth_ >= kMaxFunctionDepth) return false;
  const Node& node = context.node();
  std::string key = fmt::format("{}", static_cast<const void*>(&function));
  for (const Attribute& attribute : node.attributes()) {
    if (!attribute.graphs.empty() || !attribute.ref_attr_name.empty())
      key += fmt::format("|{}", node.address());
    key += as_text(attribute.wire);
  }
  for (size_t slot = 0; slot < node.input_count(); ++slot) {
    key += '|';
    if (const SymbolicType* type = context.type(slot)) key += type->text();
    if (const ShapeData* data = context.data(slot))
      for (const Expr& value : data->values)
        key += fmt::format(",{}/{}", value.text(), data->denominator);
  }
  auto found = function_results_.find(key);
  if (found == function_results_.end()) {
    const FunctionCall call{&function, &node, call_,
                            (call_ ? call_->path : "") + to_valid_utf8(node.address()) + "/"};
    const FunctionCall* caller = std::exchange(call_, &call);
    ++function_depth_;
    Graph& body = *function.body;
    start(body);
    for (size_t i = 0; i < body.inputs().size(); ++i) {
      SymbolicType type;
      std::optional<ShapeData> data;
      if (const Value* input = node.input(i)) {
        if (const SymbolicType* known = this->type(*input)) type = *known;
        if (const ShapeData* known = this->data(*input)) data = *known;
      }
      assign(*body.inputs()[i], std::move(type), std::move(data));
    }
    drain(body);
    std::vector<std::pair<SymbolicType, std::optional<ShapeData>>> results;
    for (const Value* output : body.outputs()) {
      const SymbolicType* type = this->type(*output);
      const ShapeData* data = this->data(*output);
      results.emplace_back(type ? *type : SymbolicType(),
                           data ? std::optional(*data) : std::nullopt);
    }
    --function_depth_;
    call_ = caller;
    found = function_results_.emplace(std::move(key), std::move(results)).first;
  }
  for (size_t slot = 0; slot < found->second.size() && slot < context.types_.size(); ++slot) {
    context.types_[slot] = found->second[slot].first;
    context.data_[slot] = found->second[slot].second;
  }
  return true;
}

// --- names and types ----------------------------------------------------------------------------

std::string ShapeEngine::symbol_stem(const Value& value) const {
  std::string stem = call_ != nullptr ? call_->path : "";
  // A body's names are its own.
  for (const Node* owner = value.graph->owner(); owner != nullptr; owner = owner->graph().owner())
    stem += owner->address() + "/";
  return stem + std::string(value.name);
}

void ShapeEngine::name_unknown(const Value& value, SymbolicType& type) {
  if (!type.shape) return;
  for (size_t i = 0; i < type.shape->size(); ++i)
    if ((*type.shape)[i].is_unknown()) (*type.shape)[i] = pool_.anonymous(symbol_stem(value), i);
}

void ShapeEngine::name_unknown(const Value& value, ShapeData& data) {
  for (size_t i = 0; i < data.values.size(); ++i)
    if (data.values[i].is_unknown()) data.values[i] = pool_.anonymous(symbol_stem(value), i, true);
}

std::string_view ShapeEngine::interned_name(const Expr& dim) {
  if (dim.is_anonymous()) return {};
  const auto [place, added] = names_.try_emplace(dim.text());
  if (added) place->second = model_.intern(place->first);
  return place->second;
}

std::string ShapeEngine::describe(const Value& value) {
  const SymbolicType* known = type(value);
  std::string source = "undefined";
  if (value.producer != nullptr)
    source =
        fmt::format("{} '{}'", to_valid_utf8(value.producer->op_type()), value.producer->address());
  else if (value.is_input)
    source = "input";
  else if (value.initializer)
    source = "initializer";
  return fmt::format("'{}' {} ({})", to_valid_utf8(value.name),
                     known ? known->text() : "of unknown type", source);
}

void ShapeEngine::add_issue(const Node& node, std::string value, std::string message) {
  issues_[&node].push_back({"type_mismatch", node.address(), std::move(value), std::move(message)});
}

std::vector<ModelIssue> ShapeEngine::issues() const {
  std::vector<ModelIssue> all;
  if (issues_.empty()) return all;
  for (const Graph* graph : model_.all_graphs())
    for (const Node* node = graph->first(); node != nullptr; node = node->next())
      if (const auto found = issues_.find(node); found != issues_.end())
        all.insert(all.end(), found->second.begin(), found->second.end());
  return all;
}

std::vector<const Node*> ShapeEngine::contradictory_nodes() const {
  std::vector<const Node*> all;
  if (issues_.empty()) return all;
  for (const Graph* graph : model_.all_graphs())
    for (const Node* node = graph->first(); node != nullptr; node = node->next())
      if (issues_.count(node) > 0) all.push_back(node);
  return all;
}

std::vector<const Value*> ShapeEngine::unknown() const {
  std::vector<const Value*> all;
  if (unknown_.empty()) return all;
  for (const Graph* graph : model_.all_graphs())
    for (const Node* node = graph->first(); node != nullptr; node = node->next())
      for (const Value* output : node->outputs())
        if (output != nullptr && unknown_.count(output) > 0) all.push_back(output);
  return all;
}

}  // namespace acuate
