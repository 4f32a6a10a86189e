// Any text as an edit script on a model that has everything: refused with a place and a reason, the
// model being as before, or applied whole to something that can be written and opened. A session
// does the same, takes it back to the byte and does it again; and so line by line.
#include "edit/session.h"
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

constexpr size_t kMaxSteps = 16;  // what more of them would find does not repay the time

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

std::string bytes_of(const Model& model) { return encode_model(model).flatten(); }

// Undoes all steps and does them again; states[i] is what the model is written as after i of them.
void undo_and_redo(EditSession& session, const std::vector<std::string>& states) {
  for (size_t left = states.size() - 1; left > 0; --left) {
    fuzz::require(session.undo().has_value(), "a step cannot be undone");
    check_invariants(session.model());
    fuzz::require(bytes_of(session.model()) == states[left - 1], "undone, it is another model");
  }
  fuzz::require(!session.can_undo(), "more steps than were taken");
  for (size_t done = 1; done < states.size(); ++done) {
    const auto again = session.redo();
    fuzz::require(again.has_value(), "a step cannot be done again",
                  again ? "" : again.error().message);
    fuzz::require(bytes_of(session.model()) == states[done], "done again, it is another model");
  }
  fuzz::require(!session.can_redo(), "more steps than were undone");
}

// Runs the text as a step of its own if it is one.
void take_step(EditSession& session, std::string_view text, std::vector<std::string>& states) {
  const auto ran = session.run(text);
  if (ran && !ran->empty()) {
    states.push_back(bytes_of(session.model()));
    return;
  }
  check_invariants(session.model());
  fuzz::require(bytes_of(session.model()) == states.back(), "refused, it is another model");
}

void undo_text(const Model& model, std::string_view script, const EditContext& context,
               const std::string* applied) {
  EditSession whole(model.clone(), context);
  std::vector<std::string> states{bytes_of(whole.model())};
  take_step(whole, script, states);
  fuzz::require(applied == nullptr || states.back() == *applied, "a session makes another model");
  undo_and_redo(whole, states);

  EditSession by_lines(model.clone(), context);
  states.resize(1);
  for (size_t lines = 0; !script.empty() && lines < kMaxSteps; ++lines) {
    const size_t end = std::min(script.find('\n'), script.size());
    take_step(by_lines, script.substr(0, end), states);
    script.remove_prefix(std::min(end + 1, script.size()));
  }
  undo_and_redo(by_lines, states);
}

void apply_text(std::string_view script) {
  static const auto model = [] {
    auto parsed = parse_text_model(kModel);
    fuzz::require(parsed.has_value(), "the model", parsed ? "" : parsed.error().message);
    return std::move(*parsed);
  }();
  static const std::string before = bytes_of(*model);
  EditContext context;  // without a folder: scripts read no files
  context.infer = true;
  context.apply_pass = [](Model& edited, std::string_view id,
                          ShapeInference* shapes) -> Result<std::string> {
    auto pass = passes().find(id, "pass");
    if (!pass) return pass.error();
    auto outcome = run_pass(**pass, edited, {.evaluate = {}, .shapes = shapes});
    if (!outcome) return outcome.error();
    return std::string("done");
  };
  auto edited = apply_script(*model, script, context);
  fuzz::require(bytes_of(*model) == before, "the source changed");
  if (!edited) {
    fuzz::require(!edited.error().message.empty(), "refused without a message");
    undo_text(*model, script, context, nullptr);
    return;
  }
  check_invariants(**edited);
  const auto bytes = std::make_shared<const std::string>(bytes_of(**edited));
  undo_text(*model, script, context, bytes.get());
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
