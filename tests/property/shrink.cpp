#include "property/shrink.h"

#include <fmt/format.h>
#include <onnx/defs/printer.h>

namespace acuate::property {
namespace {

std::set<std::string> names_read(const onnx::GraphProto& graph) {
  std::set<std::string> names;
  for (const auto& node : graph.node()) {
    names.insert(node.input().begin(), node.input().end());
    for (const auto& attribute : node.attribute())
      if (attribute.has_g()) {
        std::vector<std::string> outer;
        collect_outer_names(attribute.g(), outer);
        names.insert(outer.begin(), outer.end());
      }
  }
  for (const auto& output : graph.output()) names.insert(output.name());
  return names;
}

template <class Named>
void keep_named(google::protobuf::RepeatedPtrField<Named>& all,
                const std::set<std::string>& names) {
  for (int i = all.size() - 1; i >= 0; --i)
    if (names.count(all.Get(i).name()) == 0) all.DeleteSubrange(i, 1);
}

class Shrinker {
 public:
  Shrinker(Case failing, std::string property)
      : best_(std::move(failing)), property_(std::move(property)) {}

  Case run() {
    for (bool progress = true; progress && attempts_ < kMaxAttempts;) {
      progress = drop_outputs();
      progress |= drop_nodes(true);
      progress |= drop_nodes(false);
      progress |= drop_unused();
      progress |= drop_details();
    }
    return std::move(best_);
  }

 private:
  static constexpr int kMaxAttempts = 1500;

  bool keep(Case candidate) {
    if (++attempts_ > kMaxAttempts) return false;
    const Verdict verdict = check(candidate, property_);
    if (!verdict.is_valid || !verdict.failure) return false;
    best_ = std::move(candidate);
    return true;
  }

  bool drop_outputs() {
    bool any = false;
    for (int i = best_.model.graph().output_size() - 1;
         i >= 0 && best_.model.graph().output_size() > 1; --i) {
      Case candidate = best_;
      candidate.model.mutable_graph()->mutable_output()->DeleteSubrange(i, 1);
      any |= keep(std::move(candidate));
    }
    return any;
  }

  // Values of the main graph on the first inputs.
  Values values() const {
    onnx::ModelProto model = best_.model;
    model.mutable_graph()->clear_output();
    for (const auto& node : model.graph().node())
      for (const auto& name : node.output())
        if (!name.empty()) model.mutable_graph()->add_output()->set_name(name);
    auto found = run_model(model, best_.inputs);
    return found ? *found : Values();
  }

  bool drop_nodes(bool as_constants) {
    const Values known = values();
    bool any = false;
    for (int i = best_.model.graph().node_size() - 1; i >= 0; --i) {
      if (i >= best_.model.graph().node_size()) continue;
      Case candidate = best_;
      onnx::GraphProto& graph = *candidate.model.mutable_graph();
      const onnx::NodeProto node = graph.node(i);
      graph.mutable_node()->DeleteSubrange(i, 1);
      const std::set<std::string> read = names_read(graph);
      bool complete = true;
      for (const std::string& name : node.output()) {
        if (name.empty() || read.count(name) == 0) continue;
        const auto value = known.find(name);
        if (value == known.end()) {
          complete = false;
          break;
        }
        if (as_constants) {
          *graph.add_initializer() = to_proto(value->second, name);
        } else {
          auto* input = graph.add_input();
          input->set_name(name);
          set_static_type(*input->mutable_type(), value->second);
          candidate.inputs[name] = candidate.other_inputs[name] = value->second;
        }
      }
      if (complete) any |= keep(std::move(candidate));
    }
    return any;
  }

  bool drop_unused() {
    Case candidate = best_;
    onnx::GraphProto& graph = *candidate.model.mutable_graph();
    const std::set<std::string> read = names_read(graph);
    keep_named(*graph.mutable_initializer(), read);
    keep_named(*graph.mutable_input(), read);
    candidate.model.clear_functions();
    if (candidate.model.SerializeAsString() == best_.model.SerializeAsString()) return false;
    if (keep(candidate)) return true;
    *candidate.model.mutable_functions() = best_.model.functions();
    return candidate.model.SerializeAsString() != best_.model.SerializeAsString() &&
           keep(candidate);
  }

  // Nodes of bodies, attributes, names of dimensions.
  bool drop_details() {
    bool any = false;
    for (int i = 0; i < best_.model.graph().node_size(); ++i) {
      for (int k = best_.model.graph().node(i).attribute_size() - 1; k >= 0; --k) {
        if (best_.model.graph().node(i).attribute(k).has_g()) {
          any |= drop_body_nodes(i, k);
          continue;
        }
        Case candidate = best_;
        candidate.model.mutable_graph()->mutable_node(i)->mutable_attribute()->DeleteSubrange(k, 1);
        any |= keep(std::move(candidate));
      }
    }
    for (int i = 0; i < best_.model.graph().input_size(); ++i) {
      Case candidate = best_;
      auto* input = candidate.model.mutable_graph()->mutable_input(i);
      const auto value = candidate.inputs.find(input->name());
      if (value == candidate.inputs.end()) continue;
      const std::string before = input->SerializeAsString();
      set_static_type(*(input->clear_type(), input->mutable_type()), value->second);
      if (input->SerializeAsString() == before) continue;
      candidate.other_inputs[input->name()] = value->second;
      any |= keep(std::move(candidate));
    }
    return any;
  }

  // What nobody in the body reads.
  bool drop_body_nodes(int node, int attribute) {
    bool any = false;
    const auto body = [&](Case& of) -> onnx::GraphProto& {
      return *of.model.mutable_graph()
                  ->mutable_node(node)
                  ->mutable_attribute(attribute)
                  ->mutable_g();
    };
    for (int i = body(best_).node_size() - 1; i >= 0; --i) {
      Case candidate = best_;
      const onnx::NodeProto gone = body(candidate).node(i);
      body(candidate).mutable_node()->DeleteSubrange(i, 1);
      const std::set<std::string> read = names_read(body(candidate));
      bool unused = true;
      for (const std::string& name : gone.output()) unused &= read.count(name) == 0;
      if (unused) any |= keep(std::move(candidate));
    }
    Case candidate = best_;
    std::set<std::string> read = names_read(body(candidate));
    keep_named(*body(candidate).mutable_initializer(), read);
    if (body(candidate).initializer_size() != body(best_).initializer_size())
      any |= keep(std::move(candidate));
    return any;
  }

  Case best_;
  std::string property_;
  int attempts_ = 0;
};

}  // namespace

Case shrink(Case failing, const Failure& failure) {
  return Shrinker(std::move(failing), failure.property).run();
}

std::string describe(const Case& made, const Failure& failure) {
  std::string text = fmt::format("seed {} ({}), property '{}': {}\n", made.seed,
                                 made.tame ? "tame" : "wild", failure.property, failure.what);
  for (const auto& input : made.model.graph().input()) {
    const auto value = made.inputs.find(input.name());
    if (value == made.inputs.end()) continue;
    text += fmt::format("input {} = {} {}", input.name(), element_type_name(value->second.type()),
                        format_shape(value->second.shape()));
    if (value->second.type() == ElementType::Float && value->second.size() <= 16)
      for (const float x : value->second.values<float>()) text += fmt::format(" {}", x);
    text += "\n";
  }
  return text + onnx::ProtoToString(made.model) + "\n";
}

}  // namespace acuate::property
