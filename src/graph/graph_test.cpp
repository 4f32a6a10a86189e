#include "graph/graph.h"

#include <gtest/gtest.h>

#include "graph/model.h"
#include "graph/verify.h"

namespace acuate {
namespace {

// x → Relu → y, twice, built by hand.
struct Chain {
  Chain() {
    Graph& g = model.graph();
    x = g.add_value("x");
    g.set_inputs({x});
    a = g.add_value("a");
    y = g.add_value("y");
    first = g.add_node("Relu", "", "first", {x}, {a});
    second = g.add_node("Relu", "", "second", {a}, {y});
    g.add_output(*y);
  }
  Model model;
  Value *x, *a, *y;
  Node *first, *second;
};

TEST(Graph, KeepsUsesAndProducers) {
  Chain c;
  EXPECT_EQ(c.a->producer, c.first);
  ASSERT_EQ(c.a->uses().size(), 1U);
  EXPECT_EQ(c.a->uses()[0].node, c.second);
  EXPECT_TRUE(c.y->is_output());
  check_invariants(c.model);
  EXPECT_TRUE(verify(c.model).empty());
}

TEST(Graph, ReplaceUsesReachesOutputs) {
  Chain c;
  c.model.graph().replace_uses(*c.y, *c.a);
  EXPECT_EQ(c.model.graph().outputs()[0], c.a);
  EXPECT_FALSE(c.y->is_output());
  c.model.graph().remove_node(*c.second);
  EXPECT_TRUE(c.a->uses().empty());
  EXPECT_EQ(c.model.graph().node_count(), 1U);
  check_invariants(c.model);
}

TEST(Graph, ManyUsesOfOneValueComeAndGoInConstantTime) {
  Model model;
  Graph& g = model.graph();
  Value* x = g.add_value("x");
  g.set_inputs({x});
  std::vector<Node*> nodes;
  for (int i = 0; i < 20'000; ++i)
    nodes.push_back(g.add_node("Add", "", "", {x, x}, {g.add_value("v" + std::to_string(i))}));
  EXPECT_EQ(x->uses().size(), 40'000U);
  for (Node* node : nodes) g.remove_node(*node);
  EXPECT_TRUE(x->uses().empty());
}

TEST(Graph, SortsStablyAndFindsCycles) {
  Chain c;
  Graph& g = c.model.graph();
  g.move_before(*c.second, c.first);
  ASSERT_EQ(verify(c.model).size(), 1U);
  EXPECT_EQ(verify(c.model)[0].id, "unsorted_nodes");
  EXPECT_TRUE(g.sort_topologically());
  EXPECT_EQ(g.first(), c.first);
  c.first->set_input(0, c.y);
  EXPECT_FALSE(g.sort_topologically());
  ASSERT_EQ(verify(c.model).size(), 1U);
  EXPECT_EQ(verify(c.model)[0].id, "cycle");
}

TEST(Graph, OnlyWhatAReaderNeedsMovesInFrontOfIt) {
  Model model;
  Graph& g = model.graph();
  Value* x = g.add_value("x");
  std::vector<Node*> nodes;
  std::vector<Value*> values{x};
  for (int i = 0; i < 5; ++i) {
    values.push_back(g.add_value("v" + std::to_string(i)));
    nodes.push_back(g.add_node("Neg", "", "", {i < 3 ? values.end()[-2] : x}, {values.back()}));
  }
  nodes[4]->set_input(0, values[4]);  // v4 = Neg(v3), v3 = Neg(x): behind v0, v1, v2
  ASSERT_TRUE(g.is_sorted());
  nodes[1]->set_input(0, values[5]);
  EXPECT_FALSE(g.is_sorted());
  EXPECT_TRUE(g.move_in_front(*nodes[4], *nodes[1]));
  EXPECT_EQ(g.nodes(), (std::vector<Node*>{nodes[0], nodes[3], nodes[4], nodes[1], nodes[2]}));
  EXPECT_TRUE(g.is_sorted());
  nodes[3]->set_input(0, values[3]);  // v3 = Neg(v2), which needs v3
  EXPECT_FALSE(g.move_in_front(*nodes[2], *nodes[3]));
  EXPECT_FALSE(g.move_in_front(*nodes[2], *nodes[2]));
}

TEST(Graph, BodiesAreFoundThroughTheirNodes) {
  Model model;
  Graph& g = model.graph();
  Node* plain = g.add_node("Neg", "", "", {}, {});
  Node* second = g.add_node("Loop", "", "", {}, {});
  Node* first = g.add_node("If", "", "", {}, {}, second);
  second->add_body("body");
  Graph& inner = first->add_body("then_branch");
  first->add_body("else_branch");
  inner.add_node("Scan", "", "", {}, {})->add_body("body");
  EXPECT_EQ(g.body_owners(), (std::vector<Node*>{first, second}));
  EXPECT_EQ(model.all_graphs().size(), 5U);
  EXPECT_EQ(model.clone()->all_graphs().size(), 5U);
  second->remove_attribute("body");
  EXPECT_EQ(g.body_owners(), std::vector<Node*>{first});
  g.remove_node(*first);
  EXPECT_TRUE(g.body_owners().empty());
  EXPECT_EQ(g.node_count(), 2U);
  EXPECT_TRUE(plain->attributes().empty());
}

TEST(Graph, RenameKeepsLookup) {
  Chain c;
  c.model.graph().rename(*c.a, "b");
  EXPECT_EQ(c.model.graph().find("a"), nullptr);
  EXPECT_EQ(c.model.graph().find("b"), c.a);
  EXPECT_EQ(c.model.graph().unused_name("b"), "b_1");
  for (int i = 1; i < 100; ++i) {
    const std::string name = c.model.graph().unused_name("b");
    EXPECT_EQ(name, "b_" + std::to_string(i));
    c.model.graph().add_value(name);
  }
}

TEST(Graph, CloneIsIndependent) {
  Chain c;
  c.model.graph().set_initializer(*c.model.graph().add_value("w"), Tensor::of<float>({2}, {1, 2}));
  auto copy = c.model.clone();
  check_invariants(*copy);
  copy->graph().remove_node(*copy->graph().last());
  EXPECT_EQ(c.model.graph().node_count(), 2U);
  EXPECT_EQ(copy->graph().node_count(), 1U);
  EXPECT_EQ(copy->load(*copy->graph().find("w")->initializer)->values<float>()[1], 2.0F);
}

TEST(Graph, TellsWhatChangedOnce) {
  Chain c;
  c.first->set_name("before tracking");
  c.model.track_changes(true);
  EXPECT_TRUE(c.model.take_changes().nodes.empty());
  Node* last = c.model.graph().last();
  c.first->set_name("twice");
  c.first->set_attribute(encode_attribute("alpha", 0.5F));
  c.model.graph().remove_node(*last);
  const ChangeSet changes = c.model.take_changes();
  EXPECT_EQ(changes.nodes, std::vector<Node*>{c.first});
  EXPECT_EQ(changes.values, std::vector<Value*>{last->output()});
  EXPECT_TRUE(last->is_removed());
  EXPECT_FALSE(changes.all);
  c.model.graph().set_type(*c.a, c.model.graph().inputs()[0]->type);
  c.model.take_changes();
  c.model.graph().clear_inferred_types();
  EXPECT_EQ(c.model.take_changes().values, std::vector<Value*>{c.a});
  c.model.note_all_changed();
  EXPECT_TRUE(c.model.take_changes().all);
  c.model.track_changes(false);
  c.first->set_name("nobody reads");
  EXPECT_TRUE(c.model.take_changes().nodes.empty());
}

TEST(Node, AttributesRoundTrip) {
  Chain c;
  c.first->set_attribute(encode_attribute("alpha", 0.5F));
  c.first->set_attribute(
      encode_attribute("axes", std::span<const int64_t>(std::vector<int64_t>{-1, 2})));
  c.first->set_attribute(encode_attribute("mode", std::string_view("linear")));
  c.first->set_attribute(encode_attribute("alpha", 0.25F));
  EXPECT_EQ(c.first->float_attribute("alpha", 0), 0.25F);
  EXPECT_EQ(c.first->ints_attribute("axes"), (std::vector<int64_t>{-1, 2}));
  EXPECT_EQ(c.first->string_attribute("mode", ""), "linear");
  EXPECT_EQ(c.first->attributes().size(), 3U);
  EXPECT_FALSE(c.first->attribute("alpha")->as_int().has_value());
}

// A body that reads the outer `a`.
Graph& add_reading_body(Chain& c, Node& node) {
  Graph& body = node.add_body("then_branch");
  Value* inner = body.add_value("inner");
  body.add_node("Neg", "", "", {c.a}, {inner});
  body.add_output(*inner);
  return body;
}

TEST(Graph, BodiesThatGoReadNothingAnyMore) {
  Chain c;
  add_reading_body(c, *c.second);
  EXPECT_EQ(c.a->uses().size(), 2U);
  check_invariants(c.model);
  c.second->set_attribute(encode_attribute("then_branch", int64_t{1}));
  EXPECT_EQ(c.a->uses().size(), 1U);
  c.second->remove_attribute("then_branch");
  add_reading_body(c, *c.second);
  c.second->remove_attribute("then_branch");
  EXPECT_EQ(c.a->uses().size(), 1U);
  check_invariants(c.model);
}

TEST(Graph, OutputSlotsChangeHands) {
  Chain c;
  Value* mask = c.model.graph().add_value("mask");
  c.first->set_output(2, mask);
  EXPECT_EQ(c.first->outputs().size(), 3U);
  EXPECT_EQ(c.first->output(1), nullptr);
  EXPECT_EQ(mask->producer, c.first);
  EXPECT_EQ(mask->output_slot, 2U);
  c.first->set_output(2, nullptr);
  EXPECT_EQ(mask->producer, nullptr);
  check_invariants(c.model);
}

TEST(Graph, TextsAndOpsetsOfAModelComeAndGo) {
  constexpr uint32_t kProducerName = 2;
  Model model;
  model.set_text_field(kProducerName, "one");
  model.set_text_field(kProducerName, "two");
  EXPECT_EQ(model.producer_name(), "two");
  model.set_text_field(kProducerName, "");
  EXPECT_EQ(model.text_field(kProducerName), "");
  EXPECT_EQ(model.producer_name(), "");
  model.set_opset("a", 1);
  EXPECT_TRUE(model.remove_opset("a"));
  EXPECT_FALSE(model.remove_opset("a"));
}

TEST(Graph, MetadataComesAndGoes) {
  Model model;
  model.set_metadata("a", "1");
  EXPECT_TRUE(model.remove_metadata("a"));
  EXPECT_FALSE(model.remove_metadata("a"));
  EXPECT_TRUE(model.metadata().empty());
}

}  // namespace
}  // namespace acuate
