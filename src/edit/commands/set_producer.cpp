#include "edit/command.h"
#include "onnx_io/onnx_fields.h"

namespace acuate {
namespace {

Result<void> set_producer(Edit& edit, std::span<const Token> arguments) {
  Model& model = edit.model();
  model.set_text_field(model_field::kProducerName, arguments[0].text);
  model.set_text_field(model_field::kProducerVersion,
                       arguments.size() == 2 ? arguments[1].text : "");
  return {};
}

}  // namespace

void register_edit_set_producer(EditCommandRegistry& registry) {
  registry.add({"set_producer", "set-producer NAME [VERSION]", "set-producer pytorch 2.1.0",
                "Says which tool made the model, and which version of it; `\"\"` leaves it open.",
                1, 2, set_producer});
}

}  // namespace acuate
