#include "targets/table.h"

#include <gtest/gtest.h>

#include "graph/model.h"

namespace acuate {
namespace {

using testing::HasSubstr;

constexpr std::string_view kGood = R"(id: my_npu
name: My NPU
max_rank: 4
types: [float32, int8]
patterns: [layer-norm, gelu]
sources:
  manual: the manual, page 3
operators:
  Relu: {source: manual}
  Add: {source: [manual], supported: false, note: broken}
  "com.example:Swish": {source: manual, max_rank: 2, types: [float16]}
)";

std::string error_of(std::string text) { return parse_table(text, "t.yaml").error().message; }

// The good table with one text replaced by another.
std::string with(std::string_view from, std::string_view to) {
  std::string text(kGood);
  const size_t at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Table, IsReadWhole) {
  const auto table = parse_table(kGood, "t.yaml");
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->id, "my_npu");
  EXPECT_EQ(table->max_rank, 4);
  EXPECT_FALSE(table->static_shapes);
  EXPECT_TRUE(table->control_flow);
  EXPECT_EQ(table->types, (std::vector{ElementType::Float, ElementType::Int8}));
  EXPECT_EQ(table->patterns, (std::set<std::string>{"gelu", "layer_norm"}));
  EXPECT_EQ(table->operators.size(), 3u);
  EXPECT_FALSE(table->operators.at("Add").supported);
  EXPECT_EQ(table->operators.at("com.example:Swish").types, (std::vector{ElementType::Float16}));
}

TEST(Table, MistakesAreNamedByLine) {
  EXPECT_THAT(error_of(with("max_rank: 4", "max_rnak: 4")),
              HasSubstr("t.yaml, line 3: unknown key 'max_rnak'"));
  EXPECT_THAT(error_of(with("max_rank: 4", "max_rank: many")),
              HasSubstr("line 3: max_rank is 'many'"));
  EXPECT_THAT(error_of(with("[float32, int8]", "[float32, single]")),
              HasSubstr("line 4: 'single' is no element type"));
  EXPECT_THAT(error_of(with("gelu", "fold-constants")),
              HasSubstr("line 5: 'fold-constants' is no pass of phase pattern"));
  EXPECT_THAT(error_of(with("Relu: {source: manual}", "Relu: {source: rumour}")),
              HasSubstr("line 9: operator Relu names the source 'rumour'"));
  EXPECT_THAT(error_of(with("Relu: {source: manual}", "Relu: {}")),
              HasSubstr("operator Relu names no source"));
  EXPECT_THAT(error_of(with("Relu: {source: manual}", "Relu: {source: manual, speed: 3}")),
              HasSubstr("unknown key 'speed'"));
  EXPECT_THAT(error_of(with("  Add:", "  Relu:")), HasSubstr("line 10: 'Relu' occurs twice"));
  EXPECT_THAT(error_of(with("supported: false", "supported: no")),
              HasSubstr("expected true or false"));
  EXPECT_THAT(error_of(with("id: my_npu", "id: My NPU")), HasSubstr("expected a snake_case name"));
  EXPECT_THAT(error_of(with("id: my_npu", "id: auto")), HasSubstr("other than auto"));
  EXPECT_THAT(error_of(with("sources:", "sources: [")), HasSubstr("t.yaml, line"));
  EXPECT_THAT(error_of("id: x\n"), HasSubstr("names no operators"));
  EXPECT_THAT(error_of(""), HasSubstr("must be a map"));
}

TEST(Table, LimitsOfARowAreRead) {
  const auto table = parse_table(
      with("Relu: {source: manual}",
           "Relu: {source: manual, attributes: {alpha: {min: 0.5, max: 2}, mode: [a, b]}, opset: "
           "{min: 7}, input_ranks: {0: [3, 4], 1: 2}, static_shapes: true, slow: by software}"),
      "t.yaml");
  ASSERT_TRUE(table) << table.error().message;
  const OperatorRow& row = table->operators.at("Relu");
  EXPECT_EQ(row.attributes.at("alpha").min, 0.5);
  EXPECT_EQ(row.attributes.at("alpha").text(), "from 0.5 to 2");
  EXPECT_EQ(row.attributes.at("mode").text(), "a or b");
  EXPECT_EQ(row.opset_min, 7);
  EXPECT_EQ(row.opset_max, std::nullopt);
  EXPECT_EQ(row.input_ranks, (std::map<size_t, std::vector<int>>{{0, {3, 4}}, {1, {2}}}));
  EXPECT_EQ(row.static_shapes, true);
  EXPECT_EQ(row.slow, "by software");
}

TEST(Table, MistakesInLimitsAreNamed) {
  const auto row = [](const std::string& keys) {
    return error_of(with("Relu: {source: manual}", "Relu: {source: manual, " + keys + "}"));
  };
  EXPECT_THAT(row("attributes: {k: {most: 3}}"), HasSubstr("line 9: k has the unknown key 'most'"));
  EXPECT_THAT(row("attributes: {k: {}}"), HasSubstr("k has neither min nor max"));
  EXPECT_THAT(row("attributes: {k: {min: 3, max: 2}}"), HasSubstr("k has min 3 above max 2"));
  EXPECT_THAT(row("attributes: {k: {min: few}}"), HasSubstr("min is 'few', expected a number"));
  EXPECT_THAT(row("attributes: {k: {max: .inf}}"), HasSubstr("max is '.inf'"));
  EXPECT_THAT(row("attributes: {k: []}"), HasSubstr("k allows no value"));
  EXPECT_THAT(row("opset: 13"), HasSubstr("opset must be a map"));
  EXPECT_THAT(row("opset: {min: 14, max: 13}"), HasSubstr("opset has min 14 above max 13"));
  EXPECT_THAT(row("opset: {}"), HasSubstr("opset has neither min nor max"));
  EXPECT_THAT(row("input_ranks: {x: 2}"), HasSubstr("input_ranks has the key 'x'"));
  EXPECT_THAT(row("input_ranks: {0: two}"), HasSubstr("rank of input 0 is 'two'"));
  EXPECT_THAT(row("input_ranks: {0: []}"), HasSubstr("input 0 has no rank"));
  EXPECT_THAT(row("slow: {attributes: {k: {min: 2}}}"), HasSubstr("slow has no note"));
  EXPECT_THAT(row("slow: {why: so}"), HasSubstr("slow has the unknown key 'why'"));
  EXPECT_THAT(row("static_shapes: maybe"), HasSubstr("expected true or false"));
}

// What each limit says of nodes that are within and outside.
TEST(Table, LimitsAreHeldAgainstNodes) {
  const auto table = parse_table(with("Relu: {source: manual}",
                                      "Relu: {source: manual, attributes: {alpha: {min: 0.5}, "
                                      "axes: {max: 3}}, input_ranks: {0: "
                                      "2}, static_shapes: true}"),
                                 "t.yaml");
  ASSERT_TRUE(table) << table.error().message;
  Model model;
  Graph& graph = model.graph();
  Value* x = graph.add_value("x");
  const auto of_shape = [&](std::vector<Dim> dims) {
    ValueType type;
    type.kind = ValueType::Kind::Tensor;
    type.element = ElementType::Float;
    type.shape = std::move(dims);
    graph.set_type(*x, std::move(type));
  };
  Node* node = graph.add_node("Relu", "", "r", {x}, {});
  const auto ids = [&] {
    std::vector<std::string> out;
    for (const Reason& reason : why_not(*table, *node, {})) out.push_back(reason.id);
    return out;
  };
  of_shape({{2, {}}, {3, {}}});
  EXPECT_TRUE(ids().empty());
  of_shape({{2, {}}, {3, {}}, {4, {}}});
  EXPECT_EQ(ids(), std::vector<std::string>{"rank_too_high"});
  of_shape({{2, {}}, {-1, {}}});
  EXPECT_EQ(ids(), std::vector<std::string>{"dynamic_shape"});
  of_shape({{2, {}}, {3, {}}});
  node->set_attribute(encode_attribute("alpha", 0.25F));
  EXPECT_EQ(ids(), std::vector<std::string>{"unsupported_attribute"});
  node->set_attribute(encode_attribute("alpha", 0.5F));
  const int64_t axes[] = {1, 4};
  node->set_attribute(encode_attribute("axes", std::span<const int64_t>(axes)));
  EXPECT_EQ(ids(), std::vector<std::string>{"unsupported_attribute"});
}

TEST(Table, TheLastAxisIsTheSameHoweverItIsCounted) {
  const auto table = parse_table(
      with("Relu: {source: manual}", "Relu: {source: manual, attributes: {axis: [last]}}"),
      "t.yaml");
  ASSERT_TRUE(table) << table.error().message;
  Model model;
  Graph& graph = model.graph();
  Value* x = graph.add_value("x");
  Node* node = graph.add_node("Relu", "", "r", {x}, {});
  const auto is_taken = [&](int64_t axis) {
    node->set_attribute(encode_attribute("axis", axis));
    return why_not(*table, *node, {}).empty();
  };
  EXPECT_TRUE(is_taken(-1));
  EXPECT_FALSE(is_taken(2)) << "the rank is not known";
  ValueType type;
  type.kind = ValueType::Kind::Tensor;
  type.element = ElementType::Float;
  type.shape = {Dim{2, {}}, Dim{3, {}}, Dim{4, {}}};
  graph.set_type(*x, std::move(type));
  EXPECT_TRUE(is_taken(-1));
  EXPECT_TRUE(is_taken(2));
  EXPECT_FALSE(is_taken(1));
  EXPECT_FALSE(is_taken(-2));
  EXPECT_EQ(why_not(*table, *node, {})[0].message,
            "My NPU takes Relu only with axis the last axis");
}

TEST(Table, AFileIsATarget) {
  const auto path = std::filesystem::path(testing::TempDir()) / "acuate_my_npu.yaml";
  std::ofstream(path) << kGood;
  auto target = resolve_target(path.string());
  std::filesystem::remove(path);
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ(target->id, "my_npu");
  EXPECT_TRUE(target->status().diagnose.available);
  EXPECT_THAT(target->status().run.reason, HasSubstr("can only diagnose"));

  Model model;
  Graph& graph = model.graph();
  const Node* relu =
      graph.add_node("Relu", "", "r", {graph.add_value("x")}, {graph.add_value("y")});
  const Node* add =
      graph.add_node("Add", "", "a", {graph.find("x"), graph.find("y")}, {graph.add_value("z")});
  EXPECT_TRUE(target->why_not(*relu).empty())
      << "a table without static_shapes takes unknown shapes";
  const auto reasons = target->why_not(*add);
  ASSERT_EQ(reasons.size(), 1u);
  EXPECT_EQ(reasons[0].message, "My NPU does not take Add");
  EXPECT_EQ(reasons[0].evidence, "broken; the manual, page 3");
}

TEST(Table, AMissingFileIsAnError) {
  EXPECT_THAT(resolve_target("no/such/table.yaml").error().message,
              HasSubstr("no/such/table.yaml"));
}

}  // namespace
}  // namespace acuate
