// Random edits of real models: the diff finds them all and nothing else, names changed or not.
#include <algorithm>
#include <filesystem>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "edit/diff.h"
#include "edit/test_support.h"

namespace acuate {
namespace {

std::vector<std::filesystem::path> fixtures() {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(ACUATE_FIXTURES))
    if (entry.path().extension() == ".onnx") out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  EXPECT_GE(out.size(), 5U) << "the fixtures are missing";
  return out;
}

std::string text_of(ModelDiff diff) {
  diff.nodes_renamed.clear();
  diff.values_renamed.clear();
  std::string out;
  for (const std::string& line : to_lines(diff, true)) out += line + "\n";
  return out;
}

// Everything but the inputs and outputs of the model, in a random order of numbers, so that most
// new names are the old names of something else.
void rename_all(Model& model, std::mt19937& random) {
  size_t count = 0;
  for (Graph* graph : model.all_graphs()) {
    if (graph->owner() == nullptr && graph != &model.graph()) continue;  // a function
    std::vector<Node*> nodes = graph->nodes();
    std::vector<Value*> values;
    for (Value* value : graph->values())
      if (!value->is_sparse_initializer && !value->is_input &&
          !(value->is_output() && graph == &model.graph()))
        values.push_back(value);
    std::shuffle(nodes.begin(), nodes.end(), random);
    std::shuffle(values.begin(), values.end(), random);
    for (Node* node : nodes) node->set_name("node_" + std::to_string(count++));
    for (Value* value : values) graph->rename(*value, "value_" + std::to_string(count++));
  }
}

TEST(DiffProperty, AFixtureWithOtherNamesHasOnlyOtherNames) {
  std::mt19937 random(1);
  for (const auto& path : fixtures()) {
    const auto model = import_model(path);
    ASSERT_TRUE(model) << model.error().message;
    const auto first = (*model)->clone(), second = (*model)->clone();
    rename_all(*first, random);
    rename_all(*second, random);
    for (const Model* a : {(*model).get(), first.get()}) {
      const ModelDiff diff = diff_models(*a, *second);
      EXPECT_FALSE(diff.nodes_renamed.empty());
      EXPECT_FALSE(diff.values_renamed.empty());
      EXPECT_TRUE(diff.model.empty() && diff.interface.empty() && diff.nodes_added.empty() &&
                  diff.nodes_removed.empty() && diff.nodes_changed.empty() &&
                  diff.weights_added.empty() && diff.weights_removed.empty() &&
                  diff.weights_changed.empty() && diff.weights_moved.empty() &&
                  diff.types_changed.empty())
          << path << "\n"
          << text_of(diff);
    }
  }
}

struct Expected {
  size_t added = 0, removed = 0, weights = 0;
  std::set<const Node*> touched;  // nodes of the edited model with other attributes or inputs
};

// A new node between a value and all who read it.
void insert(Model& model, Node& after, Expected& expected) {
  Graph& graph = model.graph();
  Value& value = *after.output();
  Value* fresh = graph.add_value(graph.unused_name("inserted"));
  for (const Use& use : value.uses()) expected.touched.insert(use.node);
  graph.replace_uses(value, *fresh);
  graph.add_node("Erf", "", graph.unused_name("inserted"), {&value}, {fresh}, after.next());
  ++expected.added;
}

void bypass(Model& model, Node& node, Expected& expected) {
  for (const Use& use : node.output()->uses()) expected.touched.insert(use.node);
  expected.touched.erase(&node);
  Value& input = *node.input(0);
  model.graph().replace_uses(*node.output(), input);
  model.graph().remove_node(node);
  ++expected.removed;
}

void add_noise(Model& model, Value& weight) {
  const auto old = model.load(*weight.initializer);
  ASSERT_TRUE(old) << old.error().message;
  Tensor tensor = Tensor::allocate(old->type(), old->shape());
  std::copy(old->bytes().begin(), old->bytes().end(), tensor.mutable_bytes().begin());
  for (float& x : tensor.mutable_values<float>()) x += 0.125F;
  model.graph().set_initializer(weight, tensor);
}

// Nodes far enough from each other that edits do not touch.
bool is_free_for_edit(const Node& node, const std::set<const Node*>& used) {
  if (node.input_count() == 0 || node.input(0) == nullptr || node.outputs().size() != 1 ||
      node.output()->is_output() || node.output()->uses().empty() || used.count(&node) != 0 ||
      node.input(0)->graph != &node.graph() || node.input(0)->is_input)
    return false;
  for (const Use& use : node.output()->uses())
    if (used.count(use.node) != 0 || use.node->graph().owner() != nullptr) return false;
  return true;
}

Expected edit(Model& model, std::mt19937& random, size_t count) {
  Expected expected;
  std::set<const Node*> used;
  std::vector<Node*> nodes = model.graph().nodes();
  std::shuffle(nodes.begin(), nodes.end(), random);
  for (Node* node : nodes) {
    if (count == 0) break;
    if (!is_free_for_edit(*node, used)) continue;
    used.insert(node);
    for (const Use& use : node->output()->uses()) used.insert(use.node);
    if (node->input(0)->producer != nullptr) used.insert(node->input(0)->producer);
    switch (random() % 4) {
      case 0:
        insert(model, *node, expected);
        break;
      case 1: {
        size_t inputs = 0;
        for (size_t slot = 0; slot < node->input_count(); ++slot)
          if (node->input(slot) && !node->input(slot)->initializer) ++inputs;
        if (inputs != 1 || node->input(0)->initializer || node->input_count() != 1) continue;
        bypass(model, *node, expected);
        break;
      }
      case 2:
        node->set_attribute(encode_attribute("other", int64_t{1}));
        expected.touched.insert(node);
        break;
      default: {
        Value* weight = node->input_count() > 1 ? node->input(1) : nullptr;
        if (weight == nullptr || !weight->initializer || weight->uses().size() != 1 ||
            weight->initializer->type != ElementType::Float || weight->initializer->size() == 0)
          continue;
        add_noise(model, *weight);
        ++expected.weights;
        break;
      }
    }
    --count;
  }
  return expected;
}

// With their names kept, edits are found exactly. Where all names changed, edits that touch each
// other can be told in more than one way: few models are, and then by a node or two more.
TEST(DiffProperty, RandomEditsAreFoundAndNothingElse) {
  size_t edits = 0, renamed = 0, told_otherwise = 0;
  for (const auto& path : fixtures()) {
    const auto model = import_model(path);
    ASSERT_TRUE(model) << model.error().message;
    if ((*model)->graph().node_count() < 50) continue;
    for (uint32_t seed = 0; seed < 16; ++seed) {
      std::mt19937 random(seed);
      const auto other = (*model)->clone();
      const Expected expected = edit(*other, random, 1 + seed / 2);
      if (seed % 2 == 1) rename_all(*other, random);
      const ModelDiff diff = diff_models(**model, *other);
      const auto where = [&] {
        return path.string() + " " + std::to_string(seed) + "\n" + text_of(diff);
      };
      const size_t count =
          expected.added + expected.removed + expected.weights + expected.touched.size();
      const size_t told = diff.nodes_added.size() + diff.nodes_removed.size() +
                          diff.weights_changed.size() + diff.nodes_changed.size();
      edits += count;
      EXPECT_TRUE(diff.weights_added.empty() && diff.weights_removed.empty() &&
                  diff.interface.empty())
          << where();
      EXPECT_EQ(diff.weights_changed.size(), expected.weights) << where();
      if (seed % 2 == 0) {
        EXPECT_EQ(diff.nodes_added.size(), expected.added) << where();
        EXPECT_EQ(diff.nodes_removed.size(), expected.removed) << where();
        EXPECT_EQ(told, count) << where();
        EXPECT_TRUE(diff.nodes_renamed.empty() && diff.values_renamed.empty()) << where();
      } else {
        ++renamed;
        told_otherwise += told > count ? 1 : 0;
        EXPECT_LE(told, count + 3) << where();
      }
    }
  }
  EXPECT_GT(edits, 1000U);
  EXPECT_LE(told_otherwise * 25, renamed) << told_otherwise << " of " << renamed;
  RecordProperty("told_otherwise", static_cast<int>(told_otherwise));
}

}  // namespace
}  // namespace acuate
