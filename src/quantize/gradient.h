#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/registry.h"
#include "rewrite/expansion.h"

namespace acuate {

// What a rule sees of one node, and where it writes: at the end of the graph, where all values of
// the forward part are known. All tensors of the node have static shapes.
class GradientContext : public GraphWriter {
 public:
  GradientContext(Node& node, ShapeInference& shapes, std::vector<Value*> gradients,
                  std::vector<bool> wanted);

  Node& node() const { return node_; }
  Value* input(size_t slot) const { return node_.input(slot); }
  Value* output(size_t slot = 0) const { return node_.output(slot); }
  // Of the loss by an output; null where it does not depend on that.
  Value* gradient(size_t slot = 0) const {
    return slot < gradients_.size() ? gradients_[slot] : nullptr;
  }
  // Whether the gradient by this input is of use.
  bool wants(size_t slot) const { return slot < wanted_.size() && wanted_[slot]; }
  // Has the input's shape. A wanted input that gets none is not reached.
  void give(size_t slot, Value* gradient) { given_[slot] = gradient; }
  const std::vector<Value*>& given() const { return given_; }

  static Shape shape(const Value* value);
  const LegalizeContext& constants() const { return constants_; }  // for known_ints() and the like
  int64_t opset() const { return opset_; }

  Value* multiply(Value* a, Value* b) { return add("Mul", {a, b}); }
  Value* scale(Value* x, double factor) { return multiply(x, number(factor)); }
  Value* sum(Value* x, const std::vector<int64_t>& axes) { return reduce("ReduceSum", x, axes); }
  Value* expand(Value* x, const Shape& to) { return add("Expand", {x, ints(to)}); }
  // 1 where the condition holds, else 0.
  Value* mask(Value* condition) { return add("Cast", {condition}, {{"to", int64_t{1}}}); }
  // Of shape `from`, to which `to` was broadcast: summed over what was repeated.
  Value* sum_to(Value* x, const Shape& from, const Shape& to);
  // Zeros around it, counts by axis.
  Value* pad(Value* x, const std::vector<int64_t>& begins, const std::vector<int64_t>& ends);
  // Each spread[i] − 1 zeros behind each index of axis i: sizes grow by these factors.
  Value* spread(Value* x, const Shape& shape, const std::vector<int64_t>& spread);
  // x[..., indices, ...] += updates on zeros of that shape; `repeats`: an index may occur twice.
  // Null where the opset cannot.
  Value* scatter(const Shape& shape, int64_t axis, Value* indices, Value* updates, bool repeats);

 private:
  Node& node_;
  LegalizeContext constants_;
  std::vector<Value*> gradients_;
  std::vector<bool> wanted_;
  std::vector<Value*> given_;
};

// Gives the gradients of the wanted inputs. The reason where it cannot, and then nothing of what it
// wrote is read.
using GradientRule = std::optional<std::string> (*)(GradientContext&);

struct OperatorGradient {
  std::string_view op_type;  // of the standard domain
  GradientRule rule;
};

// The rules of gradients/<id>.cpp.
struct GradientFamily {
  std::string id;
  std::string doc;
  std::vector<OperatorGradient> operators;
};
using GradientRegistry = Registry<GradientFamily>;

void register_all_gradients(GradientRegistry& registry);
const GradientRegistry& gradient_families();
// Null where there is none.
GradientRule find_gradient_rule(const Node& node);

}  // namespace acuate
