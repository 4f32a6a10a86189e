#include "edit/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kNested = R"(
  agraph (float[N] x, bool c) => (float[N] y) {
    h = Relu (x)
    y = If (c) <
      then_branch = t () => (float[N] a) { i = Neg (h)  a = If (c) <
        then_branch = tt () => (float[N] aa) { aa = Exp (i) },
        else_branch = te () => (float[N] ae) { ae = Abs (i) }> },
      else_branch = e () => (float[N] b) { b = Identity (x) }>
  })";

// Names as the text form cannot give them.
std::unique_ptr<Model> named_model() {
  auto model = text_model(kNested);
  Node* relu = model->graph().first();
  relu->set_name("aten::relu");
  relu->next()->set_name("choose");
  return model;
}

TEST(Address, EveryNodeAndValueIsFoundByItsPath) {
  const auto model = named_model();
  size_t nodes = 0;
  for (Graph* graph : model->all_graphs()) {
    for (Node* node : graph->nodes()) {
      const auto found = resolve_node(*model, node_path(*node));
      ASSERT_TRUE(found) << node_path(*node) << ": " << found.error().message;
      EXPECT_EQ(*found, node);
      ++nodes;
    }
    for (Value* value : graph->values()) {
      const auto found = resolve_value(*model, value_path(*value));
      ASSERT_TRUE(found) << value_path(*value) << ": " << found.error().message;
      EXPECT_EQ(*found, value);
    }
  }
  EXPECT_EQ(nodes, 7U);
  EXPECT_EQ((*resolve_node(*model, "choose::then_branch::@a::else_branch::@ae"))->op_type(), "Abs");
  EXPECT_EQ((*resolve_node(*model, "@y::else_branch::@b"))->op_type(), "Identity");
  EXPECT_EQ((*resolve_node(*model, "aten::relu"))->op_type(), "Relu");
}

constexpr const char* kFunctions = R"(
  agraph (float[N] x) => (float[N] y) { y = local.f (x) }
  <domain: "local", opset_import: ["" : 17]>
  f (a) => (b) {
    c = Constant <value = bool {1}> ()
    b = If (c) <
      then_branch = t () => (tb) { tb = Neg (a) },
      else_branch = e () => (eb) { eb = Abs (a) }>
  })";

TEST(Address, FunctionsStandInFront) {
  const auto model = text_model(kFunctions);
  for (Graph* graph : model->all_graphs()) {
    for (Node* node : graph->nodes())
      EXPECT_EQ(resolve_node(*model, node_path(*node)).value(), node) << node_path(*node);
    for (Value* value : graph->values())
      EXPECT_EQ(resolve_value(*model, value_path(*value)).value(), value) << value_path(*value);
  }
  EXPECT_EQ(resolve_node(*model, "function:local:f::@b::then_branch::@tb").value()->op_type(),
            "Neg");
  EXPECT_EQ(resolve_value(*model, "function:local:f::a").value()->uses().size(), 2U);
  EXPECT_THAT(resolve_node(*model, "function:local:f::@bb").error().message,
              HasSubstr("did you mean 'function:local:f::@b'?"));
  EXPECT_FALSE(resolve_node(*model, "function:local:g::@b"));
}

TEST(Address, WhatIsDefinedTwiceHasANumber) {
  Model model;
  Graph& g = model.graph();
  Value* x = g.add_value("x");
  g.set_inputs({x});
  g.add_node("Relu", "", "", {x}, {g.add_value("y")});
  g.add_node("Neg", "", "", {x}, {g.add_value("z")});
  g.add_node("Abs", "", "", {x}, {});
  const auto bytes = std::make_shared<std::string>(bytes_of(model));
  (*bytes)[bytes->find("\x12\x01z") + 2] = 'y';
  const auto twice = import_model(as_bytes(*bytes), bytes, {});
  ASSERT_TRUE(twice) << twice.error().message;
  const Node* neg = (*twice)->graph().first()->next();
  EXPECT_EQ(value_path(*neg->output()), "y#2");
  EXPECT_EQ(node_path(*neg), "@y#2");
  EXPECT_EQ(resolve_node(**twice, "@y#2").value(), neg);
  EXPECT_EQ(resolve_value(**twice, "y#2").value(), neg->output());
  EXPECT_EQ(resolve_value(**twice, "y").value(), neg->previous()->output());
  EXPECT_FALSE(resolve_value(**twice, "y#3"));
  const Node* abs = (*twice)->graph().last();
  EXPECT_EQ(node_path(*abs), "@#3");
  EXPECT_EQ(resolve_node(**twice, "@#3").value(), abs);
  EXPECT_FALSE(resolve_node(**twice, "@#4"));
  EXPECT_FALSE(resolve_node(**twice, "@#0"));
}

TEST(Address, TypingErrorsGetASuggestion) {
  const auto model = named_model();
  EXPECT_THAT(resolve_node(*model, "chose").error().message, HasSubstr("did you mean 'choose'?"));
  EXPECT_THAT(resolve_node(*model, "choose::then_branch::@aq").error().message,
              HasSubstr("did you mean 'choose::then_branch::@a'?"));
  EXPECT_THAT(resolve_node(*model, "h").error().message, HasSubstr("its producer is 'aten::relu'"));
  EXPECT_THAT(resolve_value(*model, "hh").error().message, HasSubstr("did you mean 'h'?"));
  EXPECT_FALSE(resolve_node(*model, ""));
  EXPECT_FALSE(resolve_node(*model, "@x"));
}

TEST(Address, TwinsAreAddressedByOutput) {
  const auto model =
      text_model("agraph (float[N] x) => (float[N] z) { y = Relu (x)  z = Neg (y) }");
  for (Node* node : model->graph().nodes()) node->set_name("twin");
  EXPECT_THAT(resolve_node(*model, "twin").error().message, HasSubstr("@y or @z"));
  EXPECT_EQ(node_path(*model->graph().first()), "@y");
  EXPECT_EQ((*resolve_node(*model, "@z"))->op_type(), "Neg");
}

TEST(Address, NamesThatAreNotUtf8AreFoundAsShown) {
  const auto model = text_model("agraph (float[N] x) => (float[N] y) { y = Relu (x) }");
  model->graph().first()->set_name("a\xFF");
  EXPECT_EQ(node_path(*model->graph().first()), "a\xEF\xBF\xBD");
  EXPECT_TRUE(resolve_node(*model, "a\xEF\xBF\xBD"));
  EXPECT_TRUE(resolve_node(*model, "a\xFF"));
}

}  // namespace
}  // namespace acuate
