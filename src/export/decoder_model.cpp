#include "export/decoder_model.h"

#include <fmt/format.h>

#include "base/text.h"
#include "onnx_io/text_form.h"

namespace acuate {
namespace {

std::string dims_text(const Shape& shape) {
  std::vector<std::string> dims;
  for (const int64_t dim : shape) dims.push_back(dim < 0 ? "?" : std::to_string(dim));
  return join(dims, ",");
}

Result<std::string> type_text(const IoSpec& port) {
  if (port.is_tensor && port.has_shape) switch (port.type) {
      case ElementType::Float:
        return "float[" + dims_text(port.shape) + "]";
      case ElementType::Float16:
        return "float16[" + dims_text(port.shape) + "]";
      case ElementType::Bfloat16:
        return "bfloat16[" + dims_text(port.shape) + "]";
      case ElementType::Int64:
        return "int64[" + dims_text(port.shape) + "]";
      default:
        break;
    }
  return fail("'{}' is {}; a decoder reads floating-point numbers", port.name, port.text());
}

const DecoderGraphRegistry& decoder_graphs() {
  static const DecoderGraphRegistry registry = [] {
    DecoderGraphRegistry all;
    register_all_decoder_graphs(all);
    return all;
  }();
  return registry;
}

// Why a decoder of src/evaluate has no graph.
std::string why_not(const std::string& id) {
  if (id == "db_text")
    return "it follows the contours of a map, which ONNX has no operators for; read the map and "
           "trace it in the program that asks the server";
  if (id == "classifier") return "its scores are the network's output as it stands";
  return "it is no arithmetic on the outputs";
}

}  // namespace

Result<std::unique_ptr<Model>> decoder_model(const std::string& id, const DecoderOptions& options,
                                             const DecoderPorts& ports) {
  const DecoderGraph* graph_of = decoder_graphs().lookup(id);
  if (graph_of == nullptr)
    return fail("decoder {} cannot be served: {}", to_kebab_case(id), why_not(id));
  auto body = graph_of->write(ports, options);
  if (!body) return body.error();
  std::vector<std::string> inputs, outputs;
  std::string casts;
  for (size_t i = 0; i < body->reads.size(); ++i) {
    auto type = type_text(body->reads[i]);
    if (!type) return type.error();
    inputs.push_back(fmt::format("{} given_{}", *type, i));
    casts += fmt::format("read_{0} = Cast <to = 1> (given_{0})  ", i);
  }
  for (const IoSpec& result : body->results) {
    auto type = type_text(result);
    if (!type) return type.error();
    outputs.push_back(fmt::format("{} {}", *type, result.name));
  }
  auto model = parse_text_model(
      fmt::format("<ir_version: 8, opset_import: [\"\" : 17], producer_name: \"acuate\">\n"
                  "decoder ({}) => ({}) {{ {}{} }}",
                  join(inputs, ", "), join(outputs, ", "), casts, body->text));
  if (!model) return model.error();
  Graph& graph = (*model)->graph();
  for (size_t i = 0; i < body->reads.size(); ++i) {
    const std::string& name = body->reads[i].name;
    for (const IoSpec& result : body->results)
      if (result.name == name)
        return fail("the network's output is called '{}', as is what its decoder gives", name);
    if (Value* taken = graph.find(name); taken != nullptr)
      graph.rename(*taken, graph.unused_name(name));
    graph.rename(*graph.find(fmt::format("given_{}", i)), name);
  }
  return model;
}

}  // namespace acuate
