// For tests of commands: text in, text out.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "edit/command.h"
#include "edit/session.h"
#include "graph/verify.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"
#include "onnx_io/text_form.h"

namespace acuate {

inline std::unique_ptr<Model> text_model(std::string_view graph) {
  auto model =
      parse_text_model("<ir_version: 8, opset_import: [\"\" : 17]>\n" + std::string(graph));
  EXPECT_TRUE(model) << model.error().message;
  return model ? *std::move(model) : nullptr;
}

// Shapes are inferred while the script runs.
inline EditContext inferring() {
  EditContext context;
  context.infer = true;
  return context;
}

inline std::string bytes_of(const Model& model) { return encode_model(model).flatten(); }

// That a session makes the same of the script, takes it back to the byte, does it again, and writes
// a script of it that replays to the same bytes.
inline void expect_undone(const Model& model, std::string_view script, const EditContext& context,
                          const std::string& expected) {
  EditSession session(model.clone(), context);
  const std::string before = bytes_of(session.model());
  const std::string text = to_text(session.model());
  const auto ran = session.run(script);
  ASSERT_TRUE(ran) << ran.error().message;
  EXPECT_EQ(bytes_of(session.model()), expected) << "in a session: " << script;
  const auto replayed = apply_script(model, session.script(), context);
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_EQ(bytes_of(**replayed), expected) << "replayed: " << session.script();
  if (!session.can_undo()) return;
  ASSERT_TRUE(session.undo());
  check_invariants(session.model());
  EXPECT_EQ(bytes_of(session.model()), before) << "undone: " << script;
  EXPECT_EQ(to_text(session.model()), text);
  ASSERT_TRUE(session.redo());
  EXPECT_EQ(bytes_of(session.model()), expected) << "done again: " << script;
}

// The model in text form after the script; holds that the source stayed as it was, that the result
// can be written and read again, and that a session can undo it.
inline std::string edited(std::string_view graph, std::string_view script,
                          const EditContext& context = {}, Journal* journal = nullptr) {
  const auto model = text_model(graph);
  const std::string before = to_text(*model);
  auto result = apply_script(*model, script, context, journal);
  EXPECT_EQ(to_text(*model), before);
  if (!result) return "error: " + result.error().message;
  const auto bytes = std::make_shared<const std::string>(bytes_of(**result));
  expect_undone(*model, script, context, *bytes);
  auto again = import_model(as_bytes(*bytes), bytes, {});
  EXPECT_TRUE(again) << again.error().message;
  for (const ModelIssue& issue : verify(**again)) ADD_FAILURE() << issue.message;
  return to_text(**result);
}

// The message with which the script is refused; empty if it is not.
inline std::string refusal(std::string_view graph, std::string_view script,
                           const EditContext& context = {}) {
  const auto model = text_model(graph);
  const std::string before = to_text(*model);
  const auto result = apply_script(*model, script, context);
  EXPECT_EQ(to_text(*model), before);
  return result ? "" : result.error().message;
}

// The graph's text normalised as to_text writes it, to compare with edited().
inline std::string normalised(std::string_view graph) { return to_text(*text_model(graph)); }

}  // namespace acuate
