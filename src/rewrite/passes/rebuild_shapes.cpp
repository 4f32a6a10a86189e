#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "rewrite/facts.h"
#include "rewrite/known_shapes.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"
#include "shape/inference.h"

namespace acuate {
namespace {

constexpr size_t kMaxCone = 256;  // nodes looked at behind one shape

// The inputs that hold dimensions, one-dimensional int64 each.
std::vector<size_t> shape_slots(const Node& node) {
  if (!node.domain().empty()) return {};
  const std::string_view op = node.op_type();
  if (op == "Reshape" || op == "Expand" || op == "Tile" || op == "Pad") return {1};
  if (op == "ConstantOfShape") return {0};
  if (op == "Slice") return {1, 2};
  if (op == "Resize") return {3};
  return {};
}

// Shapes that are computed by a long way round (reversed, padded, gathered from other shapes) are
// put together again by one Concat of constants and of dimensions that are there already.
class Rebuilder {
 public:
  Rebuilder(Graph& graph, const ShapeInference& shapes) : graph_(graph), shapes_(shapes) {}

  PassOutcome run() {
    for (Node* node : graph_.nodes()) {
      if (node->is_removed()) continue;
      for (const size_t slot : shape_slots(*node)) visit(*node, slot);
      for (Value* output : node->outputs())
        if (output != nullptr) note(*output);
    }
    return std::move(outcome_);
  }

 private:
  // One dimension by itself: a scalar, or a vector of one element.
  void note(Value& value) {
    const ShapeData* data = shapes_.data(value);
    if (data == nullptr || data->values.size() != 1 || data->denominator != 1 ||
        value.type.element != ElementType::Int64 || data->values[0].is_number() ||
        data->values[0].is_unknown())
      return;
    const auto rank = rank_of(&value);
    if (rank == 0) scalars_.emplace(data->values[0].text(), &value);
    if (rank == 1) vectors_.emplace(data->values[0].text(), &value);
  }

  void visit(Node& node, size_t slot) {
    Value* old = node.input(slot);
    if (old == nullptr || old->producer == nullptr || old->producer->is_removed() ||
        old->graph != &graph_ || old->type.element != ElementType::Int64 || rank_of(old) != 1)
      return;
    const ShapeData* data = shapes_.data(*old);
    if (data == nullptr || data->denominator != 1 || data->values.empty()) return;
    auto target = node.is_op("Reshape") ? reshape_target(node, shapes_) : std::nullopt;
    const Dims& wanted = target ? *target : data->values;
    const auto pieces = pieces_of(wanted);
    if (!pieces) return;
    // What it costs, and what it saves.
    size_t added = pieces->size() > 1 ? 1 : 0;
    std::unordered_set<const Value*> kept;
    for (const Piece& piece : *pieces) {
      added += piece.vector == nullptr && piece.scalar != nullptr ? 1 : 0;
      kept.insert(piece.vector);
      kept.insert(piece.scalar);
    }
    const auto built = built_.find(text_of(wanted));
    if (built != built_.end()) added = 0;
    if (saved_nodes(*old, kept) <= added) return;
    Value& fresh = built != built_.end() ? *built->second : build(*pieces, *old, node);
    built_.emplace(text_of(wanted), &fresh);
    node.set_input(slot, &fresh);
    remove_unused(*old);
    ++outcome_.applied;
  }

  struct Piece {
    std::vector<int64_t> numbers;  // or one of:
    Value* vector = nullptr;
    Value* scalar = nullptr;
    std::string text;
  };

  // Nothing where a dimension is not there by itself.
  std::optional<std::vector<Piece>> pieces_of(const Dims& wanted) const {
    std::vector<Piece> pieces;
    for (const Expr& element : wanted) {
      if (const auto number = element.as_number()) {
        if (pieces.empty() || pieces.back().numbers.empty()) pieces.emplace_back();
        pieces.back().numbers.push_back(*number);
        continue;
      }
      if (element.is_unknown()) return std::nullopt;
      Piece piece;
      piece.text = element.text();
      if (const auto found = vectors_.find(piece.text);
          found != vectors_.end() && is_alive(*found->second))
        piece.vector = found->second;
      else if (const auto scalar = scalars_.find(piece.text);
               scalar != scalars_.end() && is_alive(*scalar->second))
        piece.scalar = scalar->second;
      else
        return std::nullopt;
      pieces.push_back(std::move(piece));
    }
    return pieces;
  }

  static bool is_alive(const Value& value) { return value.producer != nullptr; }

  static std::string text_of(const Dims& dims) {
    std::string text;
    for (const Expr& dim : dims) text += dim.text() + ',';
    return text;
  }

  static bool is_shape_of(const Use& use) {
    const auto slots = shape_slots(*use.node);
    return std::find(slots.begin(), slots.end(), use.slot) != slots.end();
  }

  // How many nodes go when `value` is nobody's shape any more, though `kept` stay.
  static size_t saved_nodes(const Value& value, const std::unordered_set<const Value*>& kept) {
    std::unordered_set<const Node*> gone;
    std::vector<const Value*> open{&value};
    while (!open.empty() && gone.size() < kMaxCone) {
      const Value* next = open.back();
      open.pop_back();
      const Node* producer = next->producer;
      if (producer == nullptr || gone.count(producer) > 0) continue;
      const bool is_read = std::any_of(
          producer->outputs().begin(), producer->outputs().end(), [&](const Value* output) {
            if (output == nullptr) return false;
            if (output->is_output() || kept.count(output) > 0) return true;
            return std::any_of(output->uses().begin(), output->uses().end(), [&](const Use& use) {
              return gone.count(use.node) == 0 && (output != &value || !is_shape_of(use));
            });
          });
      if (is_read) continue;
      gone.insert(producer);
      for (size_t slot = 0; slot < producer->input_count(); ++slot)
        if (const Value* input = producer->input(slot)) open.push_back(input);
    }
    return gone.size();
  }

  Value& build(const std::vector<Piece>& pieces, const Value& old, Node& before) {
    const std::string name = std::string(old.name) + "_built";
    std::vector<Value*> inputs;
    for (const Piece& piece : pieces) {
      if (piece.vector != nullptr)
        inputs.push_back(piece.vector);
      else if (piece.scalar != nullptr)
        inputs.push_back(&unsqueeze(*piece.scalar, piece.text, before));
      else
        inputs.push_back(&constant(piece.numbers, name));
    }
    if (inputs.size() == 1) return *inputs[0];
    Value* built = graph_.add_value(graph_.unused_name(name));
    built->type = old.type;
    Node* concat = graph_.add_node("Concat", "", "", inputs, {built}, &before);
    concat->set_attribute(encode_attribute("axis", int64_t{0}));
    set_origins(*concat, origins(*old.producer));
    return *built;
  }

  Value& constant(const std::vector<int64_t>& numbers, const std::string& name) {
    Value* value = graph_.add_value(graph_.unused_name(name));
    graph_.set_initializer(*value, Tensor::of<int64_t>({static_cast<int64_t>(numbers.size())},
                                                       std::span<const int64_t>(numbers)));
    return *value;
  }

  Value& unsqueeze(Value& scalar, const std::string& text, Node& before) {
    Value* vector = graph_.add_value(graph_.unused_name(std::string(scalar.name) + "_vector"));
    vector->type = scalar.type;
    vector->type.shape = std::vector<Dim>{{1, {}}};
    Value& axis = constant({0}, std::string(vector->name) + "_axis");
    Node* node = graph_.model().opset_version() >= 13
                     ? graph_.add_node("Unsqueeze", "", "", {&scalar, &axis}, {vector}, &before)
                     : graph_.add_node("Unsqueeze", "", "", {&scalar}, {vector}, &before);
    if (graph_.model().opset_version() < 13)
      node->set_attribute(encode_attribute("axes", std::span<const int64_t>(kFirst)));
    set_origins(*node, origins(*scalar.producer));
    vectors_[text] = vector;
    return *vector;
  }

  static constexpr int64_t kFirst[] = {0};
  Graph& graph_;
  const ShapeInference& shapes_;
  PassOutcome outcome_;
  std::unordered_map<std::string, Value*> scalars_, vectors_, built_;
};

}  // namespace

void register_rewrite_rebuild_shapes(PassRegistry& registry) {
  registry.add(
      {.id = "rebuild_shapes",
       .doc = "A shape that is computed by a long way round is put together from constants and "
              "from dimensions that are there already, where that takes fewer nodes; of a Reshape "
              "only the dimensions that 0 and -1 do not give.",
       .phase = Phase::Clean,
       .after = {"eliminate_dead_code"},
       .run = [](Model& model, const PassContext& context) -> Result<PassOutcome> {
         PassOutcome outcome;
         for (Graph* graph : model.all_graphs())
           if (graph->owner() != nullptr || graph == &model.graph())
             outcome.applied += Rebuilder(*graph, *context.shapes).run().applied;
         return outcome;
       }});
}

}  // namespace acuate
