#include "edit/diff_types.h"

#include <memory>

#include "edit/graph_keys.h"
#include "edit/sweep.h"

namespace acuate {
namespace {

// The types that a model has once they are inferred on a copy of it; else as they are declared.
class Types {
 public:
  Types(const Model& model, const std::function<void(Model&)>& infer) {
    if (!infer) return;
    copy_ = model.clone();
    infer(*copy_);
    const auto graphs = model.all_graphs(), copies = copy_->all_graphs();
    for (size_t i = 0; i < std::min(graphs.size(), copies.size()); ++i) {
      const auto values = graphs[i]->values(), twins = copies[i]->values();
      for (size_t k = 0; k < std::min(values.size(), twins.size()); ++k)
        if (values[k]->name == twins[k]->name) twins_.emplace(values[k], twins[k]);
    }
  }

  const ValueType& of(const Value& value) const {
    const auto found = twins_.find(&value);
    return found == twins_.end() ? value.type : found->second->type;
  }

 private:
  std::unique_ptr<Model> copy_;
  std::unordered_map<const Value*, const Value*> twins_;
};

class TypeComparer {
 public:
  TypeComparer(const Model& a, const Model& b, const ModelMatch& match,
               const std::function<void(Model&)>& infer)
      : main_(a.graph()), match_(match), a_(a, infer), b_(b, infer) {}

  void run(const std::function<void(const TypeDifference&)>& tell) {
    for (const ModelMatch::Graphs& graphs : match_.graphs) {
      if (graphs.a != &main_) visit_inputs(*graphs.a);
      for (const Node* node = graphs.a->first(); node != nullptr; node = node->next())
        if (const Node* other = match_.of(node)) visit(*node, *other);
    }
    for (const TypeDifference& source : sources_) tell(source);
    if (followers_of_others_ > 0) tell({nullptr, "", "", false, followers_of_others_});
  }

 private:
  static constexpr size_t kTold = ~size_t{0};  // elsewhere: an input, a node that is not matched

  bool differ(const Value& a, const Value& b) const {
    const ValueType &x = a_.of(a), &y = b_.of(b);
    if (x.kind == ValueType::Kind::Unknown || y.kind == ValueType::Kind::Unknown) return false;
    if (x.kind != y.kind || x.element != y.element) return true;
    return x.shape && y.shape && x.shape != y.shape;
  }

  // What the inputs of a body are follows from what the node that holds it reads.
  void visit_inputs(const Graph& body) {
    for (const Value* input : body.inputs()) {
      const Value* other = match_.of(input);
      if (other == nullptr || !differ(*input, *other)) continue;
      const Node* owner = body.owner();
      const Node* holder = owner ? match_.of(owner) : nullptr;
      add(*input, *other, holder ? source_of_operands(*owner, *holder) : std::nullopt);
    }
  }

  void visit(const Node& a, const Node& b) {
    for (size_t slot = 0; slot < std::min(a.outputs().size(), b.outputs().size()); ++slot) {
      const Value *x = a.output(slot), *y = b.output(slot);
      if (x == nullptr || y == nullptr || !differ(*x, *y)) continue;
      auto source = source_of_operands(a, b);
      // A constant is told as a weight, and what a body gives inside of it.
      if (!source && (constant_of(a) || is_told_inside(a, b))) source = kTold;
      if (x->is_output() && &a.graph() == &main_ && x->name == y->name)
        sources_by_value_[x] = source.value_or(kTold);  // told as the model's output
      else
        add(*x, *y, source);
    }
  }

  bool is_told_inside(const Node& a, const Node& b) const {
    for (const Attribute& attribute : a.attributes()) {
      const Attribute* other = b.attribute(attribute.name);
      if (other == nullptr || other->graphs.size() != attribute.graphs.size()) continue;
      for (size_t i = 0; i < attribute.graphs.size(); ++i)
        for (const Value* output : attribute.graphs[i]->outputs())
          if (const Value* twin = match_.of(output); twin && differ(*output, *twin)) return true;
    }
    return false;
  }

  void add(const Value& a, const Value& b, std::optional<size_t> source) {
    if (source) {
      sources_by_value_[&a] = *source;
      ++(*source == kTold ? followers_of_others_ : sources_[*source].followers);
      return;
    }
    sources_by_value_[&a] = sources_.size();
    sources_.push_back({&a, a_.of(a).text(), b_.of(b).text(), true, 0});
  }

  // Where a difference among what the nodes read began; nothing where there is none.
  std::optional<size_t> source_of_operands(const Node& a, const Node& b) const {
    const auto source = [&](const Value* x, const Value* y) -> std::optional<size_t> {
      if (x == nullptr || y == nullptr || !differ(*x, *y)) return std::nullopt;
      const auto found = sources_by_value_.find(x);
      return found == sources_by_value_.end() || match_.of(x) != y ? kTold : found->second;
    };
    for (size_t slot = 0; slot < std::min(a.input_count(), b.input_count()); ++slot)
      if (const auto found = source(a.input(slot), b.input(slot))) return found;
    for (const Attribute& attribute : a.attributes()) {
      if (attribute.graphs.empty()) continue;
      for (const Value* value : values_read(a))
        if (const auto found = source(value, match_.of(value))) return found;
      break;
    }
    return std::nullopt;
  }

  const Graph& main_;
  const ModelMatch& match_;
  Types a_, b_;
  std::vector<TypeDifference> sources_;
  std::unordered_map<const Value*, size_t> sources_by_value_;
  size_t followers_of_others_ = 0;
};

}  // namespace

void compare_types(const Model& a, const Model& b, const ModelMatch& match,
                   const std::function<void(Model&)>& infer,
                   const std::function<void(const TypeDifference&)>& tell) {
  TypeComparer(a, b, match, infer).run(tell);
}

}  // namespace acuate
