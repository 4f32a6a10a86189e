#pragma once

#include <deque>
#include <filesystem>
#include <list>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace acuate {

struct OpsetImport {
  std::string_view domain;  // "" for ai.onnx
  int64_t version = 0;
};

// A FunctionProto. Its inputs and outputs are those of the body, which has no types for them; while
// the body is not touched, it is written back as it came.
struct Function {
  std::string_view domain, name, overload;
  std::vector<OpsetImport> opset_imports;
  std::unique_ptr<Graph> body;
  Bytes wire;  // the whole field as it came; empty for one that was added
};

// Something wrong with the model that does not keep it from being opened (duplicate names, a
// dangling input, …). verify() finds them.
struct ModelIssue {
  std::string id;  // the finding it becomes: `duplicate_name`
  std::string node;
  std::string value;
  std::string message;
};

// Nodes whose operator, inputs or attributes changed or that are new (some may be removed by now),
// and values whose declared type or constant changed.
struct ChangeSet {
  std::vector<Node*> nodes;
  std::vector<Value*> values;
  std::vector<Value*> restored;  // an undo took back what inference had written there
  bool all = false;              // too much to name: everything may be another
};

// A network and everything that keeps its bytes alive. Not movable: nodes and values point into it.
class Model {
 public:
  Model();
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  Graph& graph() { return *graph_; }
  const Graph& graph() const { return *graph_; }
  const std::list<Function>& functions() const { return functions_; }
  // With an empty body, and the opsets that it imports.
  Function& add_function(std::string_view domain, std::string_view name, std::string_view overload,
                         const std::vector<OpsetImport>& opset_imports);
  void remove_function(const Function& function);  // its body goes with it
  int64_t ir_version() const { return ir_version_; }
  std::string_view producer_name() const { return producer_name_; }
  std::string_view producer_version() const { return producer_version_; }
  // Of a text of ModelProto by its number, such as the producer's name; empty where there is none.
  std::string_view text_field(uint32_t number) const;
  void set_text_field(uint32_t number, std::string_view text);
  const std::vector<OpsetImport>& opset_imports() const { return opset_imports_; }
  int64_t opset_version(std::string_view domain = "") const;  // 0 where the domain is not imported
  void set_opset(std::string_view domain, int64_t version);
  bool remove_opset(std::string_view domain);  // false where it is not imported
  void set_ir_version(int64_t version);
  const std::vector<std::pair<std::string_view, std::string_view>>& metadata() const {
    return metadata_;
  }
  void set_metadata(std::string_view key, std::string_view value);
  bool remove_metadata(std::string_view key);

  // Where it was read from; empty for a model built here. External data is relative to the folder.
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path folder() const { return path_.parent_path(); }
  bool is_touched() const;

  // From here on every change of the model, its graphs and nodes records its inverse in `log`,
  // which outlives that; null ends it. A copy has none.
  void attach(ChangeLog* log) { change_log_ = log; }
  ChangeLog* change_log() const { return change_log_; }

  std::string_view intern(std::string_view text);
  Bytes own(const WireRope& rope);  // flattened into the model's arena
  // Alive as long as the model; names, attributes and weights may refer into `bytes` of it.
  void keep(std::shared_ptr<const void> storage, Bytes bytes = {});
  // All that names, attributes and weights of `other` refer to, its arena included.
  void keep_storage_of(const Model& other);
  bool is_kept(Bytes bytes) const;  // whether they lie in storage that the model keeps
  Result<Tensor> load(const TensorRef& ref) const { return ref.load(storage_anchor_); }

  Node* new_node();
  Value* new_value();

  // From here on changes are collected for one reader, each node and value once; until then, and
  // with no reader, nothing is.
  void track_changes(bool on);
  bool is_tracking_changes() const { return tracking_; }
  ChangeSet take_changes();  // those since the last call
  void note_change(Node& node);
  void note_change(Value& value);
  void note_restored(Value& value);
  void note_all_changed() { changes_.all = true; }

  // An independent copy that shares the mapped bytes; linear in nodes, no weight is copied.
  std::unique_ptr<Model> clone() const;
  // Every graph: main, function bodies, then the bodies of control flow, each after the graph that
  // holds it.
  std::vector<Graph*> all_graphs() const;

 private:
  friend class ModelImporter;
  friend class GraphImporter;
  friend class ModelExporter;
  friend class ModelCloner;
  friend class Graph;
  friend class Node;
  void touch();

  std::shared_ptr<std::pmr::monotonic_buffer_resource> arena_;
  std::shared_ptr<std::vector<std::shared_ptr<const void>>> storage_anchor_;
  std::vector<std::shared_ptr<const void>>& storage_;
  std::vector<Bytes> kept_;  // what is known to lie in the storage
  std::deque<Node> nodes_;
  std::deque<Value> values_;
  std::unique_ptr<Graph> graph_;
  std::list<Function> functions_;
  std::vector<OpsetImport> opset_imports_;
  std::vector<std::pair<std::string_view, std::string_view>> metadata_;
  int64_t ir_version_ = 0;
  std::string_view producer_name_, producer_version_;
  std::filesystem::path path_;
  std::vector<std::pair<uint32_t, Bytes>> other_fields_;
  std::vector<uint32_t> field_order_;
  Bytes wire_;
  bool touched_ = true;  // a field of the model itself, not of the graph
  ChangeLog* change_log_ = nullptr;
  bool tracking_ = false;
  ChangeSet changes_;
};

}  // namespace acuate
