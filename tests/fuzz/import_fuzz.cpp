// Any bytes as a model: refused with a message, or opened; what opened can be looked at, written,
// copied, inferred and simplified.
#include "edit/diff.h"
#include "fuzz/fuzz_target.h"
#include "graph/module_tree.h"
#include "graph/verify.h"
#include "onnx_io/authority.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"
#include "rewrite/pass.h"
#include "shape/infer.h"

namespace acuate {
namespace fuzz {
const char* const kSeedFolders[2] = {ACUATE_ONNX_TESTDATA, nullptr};
const char* const kSeedExtension = ".onnx";
}  // namespace fuzz

namespace {

std::unique_ptr<Model> reopen(const Model& model, const char* after) {
  const auto bytes = std::make_shared<const std::string>(encode_model(model).flatten());
  auto again = import_model(as_bytes(*bytes), bytes, {});
  fuzz::require(again.has_value(), after, again ? "" : again.error().message);
  check_invariants(**again);
  return std::move(*again);
}

void look_at(const std::string_view bytes) {
  const auto owner = std::make_shared<const std::string>(bytes);
  auto imported = import_model(as_bytes(*owner), owner, {});
  if (!imported) {
    fuzz::require(!imported.error().message.empty(), "import refuses without a message");
    return;
  }
  Model& model = **imported;
  check_invariants(model);
  fuzz::require(encode_model(model).flatten() == bytes, "an untouched model changed");
  const bool is_sound = verify(model).empty() && check_operators(model).empty();
  const auto copy = model.clone();
  check_invariants(*copy);
  const ModelDiff diff = diff_models(model, *copy);
  fuzz::require(!is_sound || diff.empty(), "a model differs from its copy", to_text(diff));
  ModelModuleTree::of(model);
  for (Graph* graph : copy->all_graphs())
    for (Node* node = graph->first(); node != nullptr; node = node->next()) node->touch();
  reopen(*copy, "written anew, it does not open");
  infer_shapes(model);
  check_invariants(model);
  // Commands that rewrite refuse what is not sound.
  if (!is_sound) return;
  if (auto records = simplify(model, {}); !records) return;
  check_invariants(model);
  fuzz::require(verify(*reopen(model, "simplified, it does not open")).empty(),
                "simplified, it is not sound any more");
}

}  // namespace
}  // namespace acuate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  acuate::look_at({reinterpret_cast<const char*>(data), size});
  return 0;
}
