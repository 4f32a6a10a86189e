#include "partition/partition.h"

#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/verify.h"
#include "onnx_io/text_form.h"
#include "partition/cut.h"
#include "shape/infer.h"

namespace acuate {
namespace {
using testing::HasSubstr;

std::unique_ptr<Model> text_model(std::string_view nodes, std::string_view inputs = "float[4] x",
                                  std::string_view outputs = "float[4] y") {
  auto model = parse_text_model(
      fmt::format("<ir_version: 8, opset_import: [\"\" : 17]> g ({}) => ({}) {{ {} }}", inputs,
                  outputs, nodes));
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  infer_shapes(**model);
  return std::move(*model);
}

bool is_taken(const Node& node) { return node.op_type() != "Erf" && node.op_type() != "If"; }

// `H(a b) T(c)`: the pieces in order, with the outputs of their nodes.
std::string text(const Partition& partition) {
  std::string out;
  for (const Piece& piece : partition.pieces) {
    out += (out.empty() ? "" : " ") + std::string(piece.on_target() ? "T" : "H") + "(";
    for (size_t i = 0; i < piece.nodes.size(); ++i)
      out += (i == 0 ? "" : " ") + std::string(partition.dag.nodes[piece.nodes[i]]->output()->name);
    out += ")";
  }
  return out;
}

std::string partition_text(const Model& model, PartitionRequest request = {}) {
  if (!request.may_take) request.may_take = is_taken;
  const auto result = partition(model.graph(), request);
  return result ? text(*result) : "refused: " + result.error().message;
}

// Every node costs the same on each side.
PartitionCosts costs(double host, double target, double copy = 0, double call = 0) {
  return {[=](const Node&) { return host; }, [=](const Node&) { return target; },
          [=](const Value&) { return copy; }, 0, call};
}

TEST(Partition, JoinsBranchesThatWaitForTheHost) {
  // Relu(b) could run before the host's Erf, but then there would be two engines.
  const auto model = text_model("a = Erf(x) c = Relu(a) b = Relu(x) y = Add(b, c)");
  EXPECT_EQ(partition_text(*model), "H(a) T(c b y)");
}

TEST(Partition, AHostNodeInTheMiddleMakesTwoEngines) {
  const auto model = text_model("a = Relu(x) b = Erf(a) c = Relu(b) y = Add(a, c)");
  EXPECT_EQ(partition_text(*model), "T(a) H(b) T(c y)");
}

TEST(Partition, CopiesAndCallsDecideWhetherAPieceIsWorthIt) {
  const auto model = text_model("a = Relu(x) b = Relu(a) c = Erf(b) y = Relu(c)");
  PartitionRequest request;
  const PartitionCosts cheap = costs(10, 1), dear_copies = costs(10, 1, 6),
                       dear_calls = costs(10, 1, 0, 10);
  request.costs = &cheap;
  EXPECT_EQ(partition_text(*model, request), "T(a b) H(c) T(y)");
  // Two nodes bring 18 for copies of 12, one brings 9.
  request.costs = &dear_copies;
  EXPECT_EQ(partition_text(*model, request), "T(a b) H(c y)");
  request.costs = &dear_calls;
  EXPECT_EQ(partition_text(*model, request), "T(a b) H(c y)");
  const PartitionCosts slow = costs(1, 2);
  request.costs = &slow;
  EXPECT_EQ(partition_text(*model, request), "H(a b c y)");
}

// Whoever names a target means it where nothing speaks against it: calls of either side included.
TEST(Partition, TheTargetWinsATie) {
  const auto model = text_model("a = Relu(x) b = Relu(a) y = Relu(b)");
  const auto with_host_node = text_model("a = Relu(x) b = Erf(a) y = Relu(b)");
  PartitionRequest request;
  for (const double call : {0.0, 7.0}) {
    PartitionCosts same = costs(10, 10, 0, call);
    same.host_call_us = call;
    request.costs = &same;
    EXPECT_EQ(partition_text(*model, request), "T(a b y)") << call;
  }
  PartitionCosts calls = costs(10, 10, 0, 7);
  calls.host_call_us = 6;
  request.costs = &calls;
  EXPECT_EQ(partition_text(*model, request), "H(a b y)");
  // Two engines beside the host's node: calls more, and no tie.
  calls.host_call_us = 7;
  EXPECT_EQ(partition_text(*with_host_node, request), "H(a b y)");
}

TEST(Partition, TheLimitOfEnginesKeepsWhatBringsMost) {
  const auto model =
      text_model("a = Relu(x) b = Erf(a) c = Relu(b) d = Relu(c) e = Erf(d) y = Relu(e)");
  PartitionRequest request;
  EXPECT_EQ(partition_text(*model, request), "T(a) H(b) T(c d) H(e) T(y)");
  request.max_engines = 1;
  EXPECT_EQ(partition_text(*model, request), "H(a b) T(c d) H(e y)");
  request.max_engines = 0;
  EXPECT_EQ(partition_text(*model, request), "H(a b c d e y)");
}

TEST(Partition, WithoutCostsPiecesThatMultiplyNothingStayOnTheHost) {
  const auto model =
      text_model("a = MatMul(x, x) b = Erf(a) y = Relu(b)", "float[4, 4] x", "float[4, 4] y");
  EXPECT_EQ(partition_text(*model), "T(a) H(b y)");
}

TEST(Partition, GroupsShareNoEngine) {
  const auto model = text_model("a = Relu(x) b = Relu(a) c = Neg(b) y = Neg(c)");
  PartitionRequest request;
  request.group = [](const Node& node) { return Label(node.op_type() == "Neg" ? 2 : 1); };
  EXPECT_EQ(partition_text(*model, request), "T(a b) T(c y)");
}

TEST(Partition, BodiesReadOuterValues) {
  const auto model = text_model(
      "a = Relu(x) y = If(c) <then_branch = t () => (float[4] p) { p = Add(a, x) }, else_branch = "
      "e () => "
      "(float[4] q) { q = Neg(x) }>",
      "float[4] x, bool c");
  const auto result = partition(
      model->graph(), {.may_take = is_taken, .group = {}, .costs = nullptr, .max_engines = {}});
  ASSERT_TRUE(result);
  EXPECT_EQ(text(*result), "T(a) H(y)");
  const auto parts = parts_of(model->graph(), result->dag, result->pieces);
  ASSERT_EQ(parts.size(), 2U);
  ASSERT_EQ(parts[1].inputs.size(), 3U);
  auto host = cut_out(*model, parts[1]);
  ASSERT_TRUE(host) << host.error().message;
  EXPECT_TRUE(verify(**host).empty());
  EXPECT_EQ((*host)->graph().node_count(), 1U);
}

TEST(Partition, SequencesStayWithinAPiece) {
  const auto model = text_model(
      "s = SequenceConstruct(x, x) a = Relu(x) b = Erf(a) c = Relu(b) i = Constant<value_int = "
      "0>() "
      "f = SequenceAt(s, i) y = Add(f, c)");
  PartitionRequest request;
  request.may_take = [](const Node& node) {
    return is_taken(node) && !node.op_type().starts_with("Sequence");
  };
  EXPECT_EQ(partition_text(*model, request), "T(a) H(s b f) T(c y)");
  // The engine would stand between the two that hand the sequence on.
  const auto around = text_model(
      "i = Constant<value_int = 0>() s = SequenceConstruct(x, x) f = SequenceAt(s, i) a = Relu(f) "
      "t = SequenceInsert(s, a) y = SequenceAt(t, i)");
  EXPECT_EQ(partition_text(*around, request), "H(s f a t y)");
}

TEST(Partition, TellsWhatEachOptionWouldCost) {
  const auto model = text_model("a = Relu(x) b = Erf(a) y = Relu(b)");
  const PartitionCosts dear = costs(1000, 900, 0, 600);
  const auto result = partition(
      model->graph(), {.may_take = is_taken, .group = {}, .costs = &dear, .max_engines = {}});
  ASSERT_TRUE(result);
  ASSERT_EQ(result->options.size(), 4U);
  EXPECT_EQ(result->options[0].counts.predicted_us, 3000);
  EXPECT_EQ(result->options[1].counts.engines, 2U);
  EXPECT_EQ(result->options[1].counts.predicted_us, 4000);
  EXPECT_EQ(result->counts.engines, 0U);
}

// A graph of Relu, Add and Erf, with every value read by chance.
std::unique_ptr<Model> random_model(std::mt19937& random, int nodes) {
  auto model = std::make_unique<Model>();
  model->set_ir_version(8);
  model->set_opset("", 17);
  Graph& graph = model->graph();
  ValueType type;
  type.kind = ValueType::Kind::Tensor;
  type.element = ElementType::Float;
  type.shape = {Dim{4, {}}};
  std::vector<Value*> values = {graph.add_value("x")};
  graph.set_inputs(values);
  graph.set_type(*values[0], type);
  for (int i = 0; i < nodes; ++i) {
    const auto any = [&] {
      return values[values.size() - 1 - random() % std::min<size_t>(values.size(), 6)];
    };
    Value* out = graph.add_value(fmt::format("v{}", i));
    const auto kind = random() % 4;
    if (kind == 0)
      graph.add_node("Erf", "", fmt::format("n{}", i), {any()}, {out});
    else if (kind == 1)
      graph.add_node("Relu", "", fmt::format("n{}", i), {any()}, {out});
    else
      graph.add_node("Add", "", fmt::format("n{}", i), {any(), any()}, {out});
    graph.set_inferred_type(*out, type);
    out->type = type;
    values.push_back(out);
  }
  std::vector<Value*> outputs;
  for (Value* value : values)
    if (value->is_unused()) outputs.push_back(value);
  graph.set_outputs(outputs);
  for (Value* output : outputs) graph.set_type(*output, type);
  return model;
}

TEST(Partition, PiecesOfRandomGraphsAreConvexModels) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const auto model = random_model(random, 1 + static_cast<int>(random() % 40));
    const PartitionCosts some = costs(double(random() % 20), double(random() % 20),
                                      double(random() % 9), double(random() % 30));
    PartitionRequest request{
        .may_take = is_taken, .group = {}, .costs = round % 2 ? &some : nullptr, .max_engines = {}};
    const auto result = partition(model->graph(), request);
    ASSERT_TRUE(result);
    size_t nodes = 0;
    std::set<std::string_view> known = {"x"};
    for (const Part& part : parts_of(model->graph(), result->dag, result->pieces)) {
      for (const Value* input : part.inputs) EXPECT_TRUE(known.count(input->name)) << input->name;
      for (const Value* output : part.outputs) known.insert(output->name);
      if (part.label != kHost) {
        for (const Node* node : part.nodes) EXPECT_TRUE(is_taken(*node));
      }
      auto piece = cut_out(*model, part);
      ASSERT_TRUE(piece) << piece.error().message;
      check_invariants(**piece);
      EXPECT_TRUE(verify(**piece).empty());
      nodes += (*piece)->graph().node_count();
    }
    EXPECT_EQ(nodes, model->graph().node_count());
    for (const Value* output : model->graph().outputs()) EXPECT_TRUE(known.count(output->name));
  }
}

// The best of all labellings, tried one by one.
TEST(Partition, FindsTheCheapestLabellingOfSmallGraphs) {
  std::mt19937 random(11);
  double chosen_sum = 0, best_sum = 0;
  for (int round = 0; round < 60; ++round) {
    const auto model = random_model(random, 9);
    std::vector<double> host, target;
    for (int i = 0; i < 9; ++i) {
      host.push_back(double(random() % 20));
      target.push_back(double(random() % 12));
    }
    const auto number = [](const Node& node) {
      return std::stoul(std::string(node.name().substr(1)));
    };
    const double copy = double(random() % 5), call = round < 20 ? 0 : double(random() % 25);
    const PartitionCosts tables{[&](const Node& node) { return host[number(node)]; },
                                [&](const Node& node) { return target[number(node)]; },
                                [&](const Value&) { return copy; }, 0, call};
    const auto result = partition(
        model->graph(), {.may_take = is_taken, .group = {}, .costs = &tables, .max_engines = {}});
    ASSERT_TRUE(result);
    double best = *result->options[0].counts.predicted_us;
    for (unsigned mask = 0; mask < 1U << 9; ++mask) {
      bool fits = true;
      for (size_t i = 0; i < 9; ++i)
        fits &= (mask >> i & 1) == 0 || is_taken(*result->dag.nodes[i]);
      if (!fits) continue;
      // The same labels as a request that allows nothing else and costs nothing to follow.
      double cost = 0;
      std::vector<Label> labels;
      for (size_t i = 0; i < 9; ++i) {
        labels.push_back(Label(mask >> i & 1));
        cost += labels[i] ? target[i] : host[i];
      }
      for (const Dag::Tensor& tensor : result->dag.tensors) {
        const bool made_there = tensor.producer != Dag::kOutside && labels[tensor.producer];
        bool up = false, down = made_there && tensor.is_output;
        for (const uint32_t reader : tensor.readers) {
          up |= !made_there && labels[reader];
          down |= made_there && !labels[reader];
        }
        cost += copy * (up + down);
      }
      for (const Piece& piece : make_pieces(result->dag, labels))
        cost += piece.on_target() ? call : 0;
      best = std::min(best, cost);
    }
    EXPECT_GE(*result->counts.predicted_us, best - 1e-6);
    if (call == 0) {
      EXPECT_NEAR(*result->counts.predicted_us, best, 1e-6);
    }
    chosen_sum += *result->counts.predicted_us;
    best_sum += best;
  }
  EXPECT_LT(chosen_sum, best_sum * 1.02);
}

TEST(Partition, ALongChainWithManyEnginesIsNoTrouble) {
  auto model = std::make_unique<Model>();
  Graph& graph = model->graph();
  Value* value = graph.add_value("x");
  graph.set_inputs({value});
  for (int i = 0; i < 20000; ++i) {
    Value* next = graph.add_value(fmt::format("v{}", i));
    graph.add_node(i % 100 == 0 ? "Erf" : "Relu", "", "", {value}, {next});
    value = next;
  }
  graph.add_output(*value);
  const PartitionCosts some = costs(10, 1, 2, 5);
  const auto result =
      partition(graph, {.may_take = is_taken, .group = {}, .costs = &some, .max_engines = {}});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->counts.engines, 200U);
  const auto few =
      partition(graph, {.may_take = is_taken, .group = {}, .costs = nullptr, .max_engines = 3});
  ASSERT_TRUE(few);
  EXPECT_EQ(few->counts.engines, 3U);
}

}  // namespace
}  // namespace acuate
