#include "graph/splice.h"

#include <gtest/gtest.h>

#include "graph/verify.h"

namespace acuate {
namespace {

// x → If(c) { x + w } → y, with a weight and a name for each node.
struct Source {
  Source() {
    Graph& g = model.graph();
    x = g.add_value("x");
    c = g.add_value("c");
    g.set_inputs({x, c});
    w = g.add_value("w");
    g.set_initializer(*w, Tensor::of<float>({2}, {1.0F, 2.0F}));
    y = g.add_value("y");
    Node* choose = g.add_node("If", "", "choose", {c}, {y});
    for (const char* branch : {"then_branch", "else_branch"}) {
      Graph& body = choose->add_body(branch);
      Value* inner = body.add_value(std::string(branch) + "_sum");
      body.add_node("Add", "", branch, {x, w}, {inner});
      body.add_output(*inner);
    }
    g.add_output(*y);
  }
  Model model;
  Value *x, *c, *w, *y;
};

TEST(Splice, BringsBodiesAndWeightsUnderThePrefix) {
  Source source;
  Model model;
  Graph& g = model.graph();
  Value* mine = g.add_value("x");
  g.set_inputs({mine});
  Splice copy{{{source.x, mine}}, "b/"};
  model.keep_storage_of(source.model);
  ASSERT_TRUE(splice(source.model.graph(), g, copy));
  check_invariants(model);
  const Value* y = g.find("b/y");
  ASSERT_TRUE(y && y->producer);
  EXPECT_EQ(copy.values.at(source.y), y);
  EXPECT_EQ(y->producer->name(), "b/choose");
  EXPECT_EQ(g.find("b/x"), nullptr);
  EXPECT_EQ(mine->uses().size(), 2U);
  const auto& attribute = y->producer->attributes()[0];
  ASSERT_EQ(attribute.graphs.size(), 1U);
  const Node* add = attribute.graphs[0]->first();
  EXPECT_EQ(add->input(0), mine);
  EXPECT_EQ(add->output()->name, "b/then_branch_sum");
  EXPECT_TRUE(add->output()->is_output());
  // The weight is the same memory.
  const TensorRef& weight = *g.find("b/w")->initializer;
  EXPECT_EQ(weight.resident->bytes().data(), source.w->initializer->resident->bytes().data());
}

TEST(Splice, RefusesSparseInitializers) {
  Source source;
  source.w->initializer.reset();
  source.w->is_sparse_initializer = true;
  Model model;
  Splice copy;
  const auto copied = splice(source.model.graph(), model.graph(), copy);
  ASSERT_FALSE(copied);
  EXPECT_NE(copied.error().message.find("'w' is a sparse initializer"), std::string::npos);
}

}  // namespace
}  // namespace acuate
