// Any text as an edit script on a model that has everything: refused with a place and a reason, the
// model being as before, or applied whole to something that can be written and opened.
#include "edit/command.h"
#include "fuzz/fuzz_target.h"
#include "graph/verify.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"
#include "onnx_io/text_form.h"
#include "rewrite/pass.h"
#include "shape/infer.h"

namespace acuate {
namespace fuzz {
const char* const kSeedFolders[2] = {nullptr, nullptr};
const char* const kSeedExtension = "";
}  // namespace fuzz

namespace {

constexpr const char* kModel = R"(
  <ir_version: 8, opset_import: ["" : 17, "local" : 1]>
  g (float[N, 3, 8, 8] x, bool c) => (float[N, 2, 8, 8] y, float[N, K] z)
    <float[2, 3, 1, 1] w = {1, 2, 3, 4, 5, 6}, float[2] b = {0.5, -0.5}, int64[2] flat = {0, -1}>
  {
    [conv] h = Conv <kernel_shape = [1, 1]> (x, w, b)
    [act] r = Relu (h)
    [choose] y = If (c) <
      then_branch = t () => (float[N, 2, 8, 8] inner) { [scaled] inner = Add (r, h) },
      else_branch = e () => (float[N, 2, 8, 8] inner) { [same] inner = Identity (r) }>
    [call] s = local.twice (r)
    [flatten] z = Reshape (s, flat)
    [alone] unused = Neg (z)
  }
  <domain: "local", opset_import: ["" : 17]>
  twice (p) => (q) { [add] q = Add (p, p) }
)";

void apply_text(std::string_view script) {
  static const auto model = [] {
    auto parsed = parse_text_model(kModel);
    fuzz::require(parsed.has_value(), "the model", parsed ? "" : parsed.error().message);
    return std::move(*parsed);
  }();
  static const std::string before = encode_model(*model).flatten();
  EditContext context;  // without a folder: scripts read no files
  context.infer = [](Model& edited) { infer_shapes(edited); };
  context.apply_pass = [](Model& edited, std::string_view id) -> Result<std::string> {
    auto pass = passes().find(id, "pass");
    if (!pass) return pass.error();
    auto outcome = run_pass(**pass, edited, {});
    if (!outcome) return outcome.error();
    return std::string("done");
  };
  auto edited = apply_script(*model, script, context);
  fuzz::require(encode_model(*model).flatten() == before, "the source changed");
  if (!edited) {
    fuzz::require(!edited.error().message.empty(), "refused without a message");
    return;
  }
  check_invariants(**edited);
  const auto bytes = std::make_shared<const std::string>(encode_model(**edited).flatten());
  auto again = import_model(as_bytes(*bytes), bytes, {});
  fuzz::require(again.has_value(), "the edited model does not open",
                again ? "" : again.error().message);
  check_invariants(**again);
}

}  // namespace
}  // namespace acuate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  acuate::apply_text({reinterpret_cast<const char*>(data), size});
  return 0;
}
