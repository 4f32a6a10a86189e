#pragma once

#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "shape/inference.h"
#include "shape/rule.h"

namespace onnx {
class TypeProto;
}

namespace acuate {

// One call of a local function that is being inferred.
struct FunctionCall {
  const Function* function = nullptr;
  const Node* node = nullptr;  // the call
  const FunctionCall* caller = nullptr;
  std::string path;  // tells symbols of different calls apart
};

// The machinery behind ShapeInference: a worklist in graph order for each graph. A node whose
// result changed puts its users on the list, and the node that holds their body on the list of its
// graph.
class ShapeEngine {
 public:
  // Without `writes` the model stays as it is, its types included, and edits are not followed.
  explicit ShapeEngine(Model& model, bool writes = true);
  ~ShapeEngine();

  size_t update();

  Model& model() { return model_; }
  ExprPool& pool() { return pool_; }
  const FunctionCall* call() const { return call_; }
  int64_t opset(std::string_view domain) const;

  const SymbolicType* type(const Value& value);
  const ShapeData* data(const Value& value);
  std::vector<SymbolicType> infer_body(Graph& body, std::span<const SymbolicType> inputs);
  std::string describe(const Value& value);
  void add_issue(const Node& node, std::string value, std::string message);
  // Symbols for the unknown dimensions of a type that `value` gets.
  void name_unknown(const Value& value, SymbolicType& type);
  void name_unknown(const Value& value, ShapeData& data);
  SymbolicType from_value_type(const Value& value, const ValueType& type);

  std::vector<ModelIssue> issues() const;
  std::vector<const Node*> contradictory_nodes() const;
  size_t inferred_nodes() const { return inferred_nodes_; }
  std::vector<const Value*> unknown() const;

 private:
  struct ValueState {
    SymbolicType type;
    std::optional<ShapeData> data;
    bool data_looked_up = false;
  };
  struct Later {
    bool operator()(const Node* a, const Node* b) const { return b->precedes(*a); }
  };
  struct GraphState {
    Node* walk = nullptr;  // it and all behind it are to be visited anyhow
    std::priority_queue<Node*, std::vector<Node*>, Later> queue;
    bool started = false;
    size_t visits_left = 0;  // in this drain; a cycle must end
  };

  void infer_all();
  void start(Graph& graph);
  void drain(Graph& graph);
  void enqueue(Node& node);  // and outward the nodes whose bodies hold it
  void users_changed(const Value& value);
  void infer_node(Node& node);
  bool infer_function(RuleContext& context, const Function& function);
  std::optional<SymbolicType> declared(const Node& node, const Value& value, bool has_type);
  void settle(Node& node, size_t slot, RuleContext& context);
  void assign(const Value& value, SymbolicType type, std::optional<ShapeData> data);
  void read_source(const Value& value);  // an input, initializer or undefined value
  void look_up_constant(const Value& value, ValueState& state);
  void write_type(Value& value, const SymbolicType& type);
  void write_again(Value& value);
  bool stands_in_function(const Graph& graph) const;
  bool is_believed(const Value& value) const { return first_ || declared_anew_.count(&value) > 0; }
  std::string_view interned_name(const Expr& dim);
  std::string symbol_stem(const Value& value) const;
  const Function* function_of(const Node& node) const;

  Model& model_;
  const bool writes_;
  ExprPool pool_;
  std::unordered_map<const Value*, ValueState> states_;
  std::unordered_map<const Graph*, GraphState> graphs_;
  std::unordered_set<const Node*> queued_;
  std::unordered_map<const Value*, ValueType> declarations_;  // what the model said, until an edit
  std::unordered_set<const Value*> declared_anew_;            // in this update
  std::unordered_map<const Node*, std::string> believed_;     // nodes whose declared results hold:
                                                              // what they were made of
  std::unordered_map<const Node*, std::vector<ModelIssue>> issues_;
  std::unordered_set<const Value*> unknown_;
  std::unordered_map<std::string, std::string_view> names_;
  std::unordered_map<std::string, std::vector<std::pair<SymbolicType, std::optional<ShapeData>>>>
      function_results_;
  const FunctionCall* call_ = nullptr;
  int function_depth_ = 0;
  bool first_ = true;  // nothing was edited yet: declared types may be believed
  size_t inferred_nodes_ = 0;
};

// The onnx library's rule of the operator, asked through its inference context. False where it has
// none; its complaints become issues.
bool infer_by_library(ShapeEngine& engine, RuleContext& context);

}  // namespace acuate
