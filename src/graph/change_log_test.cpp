#include "graph/change_log.h"

#include <functional>

#include <gtest/gtest.h>

#include "graph/model.h"
#include "graph/verify.h"

namespace acuate {
namespace {

// Everything that a model says, with the order of its use lists and the marks of what was touched.
std::string state_of(const Graph& graph) {
  std::string out = graph.is_touched() ? "[touched]\n" : "\n";
  const auto list = [&](const char* what, const std::vector<Value*>& values) {
    out += what;
    for (const Value* value : values) out += " " + (value ? std::string(value->name) : "-");
    out += "\n";
  };
  list("inputs", graph.inputs());
  list("outputs", graph.outputs());
  for (const Value* value : graph.values()) {
    out += std::string(value->name) + ":" + value->type.text() +
           (value->initializer ? " initializer" : "") + (value->is_input ? " input" : "") +
           std::to_string(value->output_count) + "," + std::to_string(value->output_slot) +
           " from " + (value->producer ? value->producer->address() : "-") + " found " +
           std::to_string(graph.definitions(value->name).size()) + " uses";
    for (const Use& use : value->uses())
      out += " " + use.node->address() + "/" + std::to_string(use.slot);
    out += "\n";
  }
  for (const Node* node = graph.first(); node != nullptr; node = node->next()) {
    out += node->address() + " " + std::string(node->domain()) + ":" +
           std::string(node->op_type()) + std::string(node->overload()) +
           (node->is_touched() ? " touched " : " ") + std::to_string(node->other_fields().size());
    for (size_t slot = 0; slot < node->input_count(); ++slot)
      out += " " + (node->input(slot) ? std::string(node->input(slot)->name) : "-");
    list(" ->", node->outputs());
    for (const auto& [key, value] : node->metadata())
      out += std::string(key) + "=" + std::string(value) + " ";
    for (const Attribute& attribute : node->attributes()) {
      out += std::string(attribute.name) + "=" + attribute.value_text() + "\n";
      for (const auto& body : attribute.graphs) out += "{" + state_of(*body) + "}\n";
    }
  }
  return out;
}

std::string state_of(Model& model) {
  std::string out = std::to_string(model.ir_version());
  for (const OpsetImport& import : model.opset_imports())
    out += std::string(import.domain) + "@" + std::to_string(import.version) + " ";
  for (const auto& [key, value] : model.metadata())
    out += std::string(key) + "=" + std::string(value) + " ";
  out += state_of(model.graph());
  for (const Function& function : model.functions())
    out += std::string(function.name) + state_of(*function.body);
  return out;
}

// w → Add(x, w) → a → Relu → y; If(c) reads a in both bodies.
struct Sample {
  Sample() {
    model.set_opset("", 17);
    model.set_metadata("k", "v");
    x = g.add_value("x");
    c = g.add_value("c");
    g.set_inputs({x, c});
    w = g.add_value("w");
    g.set_initializer(*w, Tensor::of<float>({2}, {1.0F, 2.0F}));
    a = g.add_value("a");
    y = g.add_value("y");
    z = g.add_value("z");
    add = g.add_node("Add", "", "add", {x, w}, {a});
    relu = g.add_node("Relu", "", "relu", {a}, {y});
    choose = g.add_node("If", "", "choose", {c}, {z});
    for (const char* branch : {"then_branch", "else_branch"}) {
      Graph& body = choose->add_body(branch);
      Value* inner = body.add_value(std::string(branch) + "_out");
      body.add_node("Neg", "", "", {a}, {inner});
      body.add_output(*inner);
    }
    g.add_output(*y);
    g.add_output(*z);
    Graph& body = *model.add_function("d", "f", "", {{"", 17}}).body;
    Value* in = body.add_value("in");
    body.set_inputs({in});
    Value* out = body.add_value("out");
    body.add_node("Abs", "", "", {in}, {out});
    body.set_outputs({out});
  }
  Model model;
  Graph& g = model.graph();
  Value *x, *c, *w, *a, *y, *z;
  Node *add, *relu, *choose;
};

ValueType float_type(std::vector<Dim> dims) {
  ValueType type;
  type.kind = ValueType::Kind::Tensor;
  type.element = ElementType::Float;
  type.shape = std::move(dims);
  return type;
}

struct Change {
  const char* name;
  std::function<void(Sample&)> make;
};

const Change kChanges[] = {
    {"set_input", [](Sample& s) { s.relu->set_input(0, s.x); }},
    {"set_input of a new slot", [](Sample& s) { s.relu->set_input(3, s.x); }},
    {"fewer inputs", [](Sample& s) { s.add->set_input_count(1); }},
    {"set_name", [](Sample& s) { s.relu->set_name("other"); }},
    {"set_op_type", [](Sample& s) { s.relu->set_op_type("f", "d"); }},
    {"set_overload", [](Sample& s) { s.relu->set_overload("o"); }},
    {"other fields", [](Sample& s) { s.relu->set_other_fields({as_bytes("x")}); }},
    {"new attribute", [](Sample& s) { s.relu->set_attribute(encode_attribute("n", int64_t{1})); }},
    {"attribute twice",
     [](Sample& s) {
       s.relu->set_attribute(encode_attribute("n", int64_t{1}));
       s.relu->set_attribute(encode_attribute("n", int64_t{2}));
     }},
    {"attribute in place of a body",
     [](Sample& s) { s.choose->set_attribute(encode_attribute("then_branch", int64_t{1})); }},
    {"body removed", [](Sample& s) { s.choose->remove_attribute("then_branch"); }},
    {"body added",
     [](Sample& s) {
       Graph& body = s.relu->add_body("more", AttributeType::Graphs);
       body.add_node("Neg", "", "", {s.a}, {body.add_value("o")});
       s.relu->add_body("more", AttributeType::Graphs);
     }},
    {"set_output", [](Sample& s) { s.relu->set_output(2, s.g.add_value("mask")); }},
    {"output exchanged", [](Sample& s) { s.relu->set_output(0, s.g.add_value("y2")); }},
    {"node metadata",
     [](Sample& s) {
       s.relu->set_metadata("k", "1");
       s.relu->set_metadata("k", "2");
     }},
    {"add_value", [](Sample& s) { s.g.add_value("new"); }},
    {"rename", [](Sample& s) { s.g.rename(*s.a, "b"); }},
    {"add_node",
     [](Sample& s) {
       s.g.add_node("Mul", "", "", {s.a, s.a}, {s.g.add_value("m")}, s.relu);
     }},
    {"move_before", [](Sample& s) { s.g.move_before(*s.choose, s.add); }},
    {"to the end", [](Sample& s) { s.g.move_before(*s.add, nullptr); }},
    {"remove_node", [](Sample& s) { s.g.remove_node(*s.add); }},
    {"remove_node with bodies", [](Sample& s) { s.g.remove_node(*s.choose); }},
    {"remove_value",
     [](Sample& s) {
       s.relu->set_input(0, s.x);
       s.g.remove_node(*s.add);
       s.g.remove_node(*s.choose);
       s.g.remove_initializer(*s.w);
       s.g.remove_value(*s.w);
     }},
    {"replace_uses", [](Sample& s) { s.g.replace_uses(*s.y, *s.a); }},
    {"replace_uses everywhere", [](Sample& s) { s.g.replace_uses(*s.a, *s.x); }},
    {"set_initializer",
     [](Sample& s) { s.g.set_initializer(*s.w, Tensor::of<float>({1}, {3.0F})); }},
    {"new initializer",
     [](Sample& s) { s.g.set_initializer(*s.g.add_value("u"), Tensor::of<float>({1}, {3.0F})); }},
    {"add_output", [](Sample& s) { s.g.add_output(*s.a); }},
    {"set_outputs",
     [](Sample& s) {
       s.g.set_outputs({s.a, s.y, s.a});
     }},
    {"set_inputs", [](Sample& s) { s.g.set_inputs({s.c}); }},
    {"set_type",
     [](Sample& s) {
       s.g.set_type(*s.a, float_type({{2, {}}}));
     }},
    {"inferred type",
     [](Sample& s) {
       s.g.set_inferred_type(*s.a, float_type({{2, {}}}));
     }},
    {"clear_inferred_types",
     [](Sample& s) {
       s.g.set_type(*s.a, float_type({{2, {}}}));
       s.g.set_inferred_type(*s.z, float_type({{3, {}}}));
       s.g.clear_inferred_types();
     }},
    {"sort",
     [](Sample& s) {
       s.g.move_before(*s.choose, s.add);
       s.g.sort_topologically();
     }},
    {"model",
     [](Sample& s) {
       s.model.set_opset("", 18);
       s.model.set_opset("d", 1);
       s.model.set_ir_version(9);
       s.model.set_metadata("k", "w");
       s.model.set_metadata("l", "w");
       s.model.remove_metadata("k");
     }},
    {"function added", [](Sample& s) { s.model.add_function("d", "g", "", {}); }},
    {"function removed", [](Sample& s) { s.model.remove_function(s.model.functions().front()); }},
    {"function body", [](Sample& s) {
       Graph& body = *s.model.functions().front().body;
       body.remove_node(*body.first());
       body.set_outputs({body.inputs()[0]});
     }}};

TEST(ChangeLog, TakesEveryChangeBack) {
  for (const Change& change : kChanges) {
    Sample s;
    const std::string before = state_of(s.model);
    ChangeLog log;
    s.model.attach(&log);
    change.make(s);
    EXPECT_NE(state_of(s.model), before) << change.name;
    log.undo_to(0);
    EXPECT_EQ(state_of(s.model), before) << change.name;
    check_invariants(s.model);
  }
}

TEST(ChangeLog, StopsAtTheMark) {
  Sample s;
  ChangeLog log;
  s.model.attach(&log);
  s.relu->set_name("kept");
  const ChangeLog::Mark mark = log.mark();
  const std::string before = state_of(s.model);
  for (const Change& change : kChanges)
    if (std::string_view(change.name).starts_with("set_")) change.make(s);
  log.undo_to(mark);
  EXPECT_EQ(state_of(s.model), before);
  EXPECT_EQ(s.relu->name(), "kept");
  s.model.attach(nullptr);
  s.relu->set_name("not recorded");
  EXPECT_EQ(log.mark(), mark);
}

TEST(Graph, FindsNodesByNameWhateverHappens) {
  Sample s;
  EXPECT_EQ(s.g.nodes_called("relu"), std::vector<Node*>{s.relu});
  s.relu->set_name("add");
  EXPECT_EQ(s.g.nodes_called("add").size(), 2U);
  EXPECT_TRUE(s.g.nodes_called("relu").empty());
  s.g.remove_node(*s.add);
  EXPECT_EQ(s.g.nodes_called("add"), std::vector<Node*>{s.relu});
  s.g.move_before(*s.choose, s.relu);
  s.g.sort_topologically();
  EXPECT_EQ(s.g.nodes_called("choose"), std::vector<Node*>{s.choose});
  EXPECT_TRUE(s.g.nodes_called("").empty());
}

}  // namespace
}  // namespace acuate
