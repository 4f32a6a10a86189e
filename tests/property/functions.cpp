#include "property/functions.h"

#include <stdexcept>

#include <onnx/defs/parser.h>

namespace acuate::property {
namespace {

constexpr const char* kSwish = R"(
  <domain: "local", opset_import: ["" : 17]>
  Swish (x) => (y) { [Sigmoid_1] s = Sigmoid (x) y = Mul (x, s) })";

constexpr const char* kScaledAdd = R"(
  <domain: "local", opset_import: ["" : 17]>
  ScaledAdd <alpha> (x, y) => (z) { a = Constant <value_float : float = @alpha> () [Mul_1] m = Mul (x, a) z = Add (m, y) })";

}  // namespace

void add_functions(onnx::ModelProto& model, int64_t opset) {
  if (opset < 13) return;  // Constant of a float
  auto* import = model.add_opset_import();
  import->set_domain("local");
  import->set_version(1);
  for (const char* text : {kSwish, kScaledAdd}) {
    onnx::OnnxParser parser(text);
    onnx::FunctionProto& function = *model.add_functions();
    if (const auto status = parser.Parse(function); !status.IsOK())
      throw std::logic_error(status.ErrorMessage());
    function.mutable_opset_import(0)->set_version(opset);
  }
}

}  // namespace acuate::property
