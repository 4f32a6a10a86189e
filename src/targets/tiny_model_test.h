#pragma once

#include <string>
#include <vector>

#include "graph/element_type.h"
#include "graph/tensor_ref.h"
#include "graph/wire.h"

namespace acuate {

// Writes small ONNX models for the tests of engines (field numbers of onnx.proto3).
class TinyModel {
 public:
  struct Io {
    std::string name;
    ElementType type;
    std::vector<std::string> dims;  // a number, or a name
  };
  struct Op {
    std::string type;
    std::vector<std::string> inputs;
    std::string output;
    std::string domain;
  };

  std::vector<Io> inputs, outputs;
  std::vector<Op> ops;

  std::string bytes() const {
    WireRope graph;
    for (const Op& op : ops) {
      WireRope node;
      for (const std::string& name : op.inputs) node.text_field(1, name);
      node.text_field(2, op.output);
      node.text_field(3, "n_" + op.output);
      node.text_field(4, op.type);
      if (!op.domain.empty()) node.text_field(7, op.domain);
      graph.message_field(1, std::move(node));
    }
    graph.text_field(2, "tiny");
    for (const Io& io : inputs) graph.message_field(11, value_info(io));
    for (const Io& io : outputs) graph.message_field(12, value_info(io));
    WireRope model;
    model.varint_field(1, 8);
    model.message_field(7, std::move(graph));
    model.message_field(8, opset("", 17));
    for (const Op& op : ops)
      if (!op.domain.empty()) model.message_field(8, opset(op.domain, 1));
    return model.flatten();
  }

 private:
  static WireRope opset(std::string_view domain, uint64_t version) {
    WireRope import;
    if (!domain.empty()) import.text_field(1, domain);
    import.varint_field(2, version);
    return import;
  }
  static WireRope value_info(const Io& io) {
    WireRope shape;
    for (const std::string& dim : io.dims) {
      WireRope message;
      if (dim.find_first_not_of("0123456789") == dim.npos)
        message.varint_field(1, std::stoull(dim));
      else
        message.text_field(2, dim);
      shape.message_field(1, std::move(message));
    }
    WireRope tensor, type, info;
    tensor.varint_field(1, static_cast<uint64_t>(io.type));
    tensor.message_field(2, std::move(shape));
    type.message_field(1, std::move(tensor));
    info.text_field(1, io.name);
    info.message_field(2, std::move(type));
    return info;
  }
};

// y = (a + b) · a, with a and b of float32[n, 3].
inline TinyModel add_mul_model() {
  return {
      .inputs = {{"a", ElementType::Float, {"n", "3"}}, {"b", ElementType::Float, {"n", "3"}}},
      .outputs = {{"sum", ElementType::Float, {"n", "3"}}, {"y", ElementType::Float, {"n", "3"}}},
      .ops = {{"Add", {"a", "b"}, "sum", ""}, {"Mul", {"sum", "a"}, "y", ""}}};
}

}  // namespace acuate
