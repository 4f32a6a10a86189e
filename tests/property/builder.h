#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <onnx/defs/attr_proto_util.h>
#include <onnx/onnx_pb.h>

#include "property/onnx_run.h"
#include "property/random.h"

namespace acuate::property {

// A value of the graph that is being built, with what it is on the first inputs.
struct Item {
  std::string name;
  Tensor value;
  bool is_constant = false;
  bool is_smooth = true;  // no rounding error before it can have jumped (comparison, Floor, ArgMax)

  ElementType type() const { return value.type(); }
  const Shape& shape() const { return value.shape(); }
  int64_t rank() const { return static_cast<int64_t>(value.shape().size()); }
  std::vector<int64_t> integers() const;  // of an int64 tensor
};
using Items = std::vector<const Item*>;
using Attributes = std::vector<onnx::AttributeProto>;
using onnx::MakeAttribute;

// Grows a valid graph node by node: ONNX Runtime runs each node alone on the values at hand, and
// what it refuses is not added. So every value is known while the next node is chosen.
class Builder {
 public:
  // `tame`: float values stay moderate and no operator amplifies rounding errors, so that outputs
  // may be compared with a tolerance.
  Builder(uint64_t seed, int64_t opset, bool tame);

  Random& random() { return random_; }
  int64_t opset() const { return opset_; }
  bool tame() const { return tame_; }

  // A visible value that fits, the later ones more often; null where there is none.
  const Item* pick(const std::function<bool(const Item&)>& fits);
  const Item* pick_float(int64_t min_rank = 0, int64_t max_rank = 8);
  Tensor random_tensor(ElementType type, const Shape& shape);
  // A new constant of the innermost graph: an initializer or a Constant node.
  const Item* constant(const Tensor& value);
  const Item* ints(const std::vector<int64_t>& values) {
    return constant(Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, std::span(values)));
  }
  const Item* scalar(int64_t value) { return constant(Tensor::of<int64_t>({}, {value})); }

  // A node with its outputs; null inputs are omitted ones. Empty where the engine refuses it, the
  // values grow too large, or they leave what `tame` allows.
  Items nodes(const std::string& op, const Items& inputs, const Attributes& attributes = {},
              size_t outputs = 1, const std::string& domain = "");
  const Item* node(const std::string& op, const Items& inputs, const Attributes& attributes = {},
                   const std::string& domain = "") {
    const Items outputs = nodes(op, inputs, attributes, 1, domain);
    return outputs.empty() ? nullptr : outputs[0];
  }

  // Bodies: what is added between begin and end belongs to the body.
  void begin_body();
  const Item* body_input(const Tensor& example);
  onnx::GraphProto end_body(const Items& outputs);
  size_t depth() const { return scopes_.size() - 1; }
  bool is_inner(const Item& item) const;  // of the innermost graph

  const Item* graph_input(const Tensor& value, const std::vector<std::string>& dims);
  // Finishes the main graph: what nobody reads, and some of the middle, become outputs.
  onnx::ModelProto finish();
  double largest() const { return largest_; }
  size_t node_count() const { return static_cast<size_t>(scopes_[0].graph.node_size()); }

 private:
  struct Scope {
    onnx::GraphProto graph;
    std::deque<Item> items;
    size_t names = 0;
  };
  std::string fresh_name(const std::string& stem);
  const Item* add_item(const std::string& name, Tensor value);
  const Item* visible(const std::string& name) const;
  void add_outputs(onnx::GraphProto& graph);
  onnx::ModelProto empty_model() const;

  Random random_;
  int64_t opset_;
  bool tame_;
  int name_style_;
  std::deque<Scope> scopes_;
  double largest_ = 1;
};

}  // namespace acuate::property
