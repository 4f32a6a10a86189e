#include "edit/command.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "base/file.h"
#include "base/text.h"
#include "edit/test_support.h"
#include "graph/corpus_test_support.h"
#include "rewrite/pass.h"
#include "shape/infer.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kModel =
    "agraph (float[N] x) => (float[N] z) { [a] y = Relu (x)  [b] z = Neg (y) }";

TEST(ApplyScript, IsAllOrNothing) {
  // refusal() holds the source against its text before.
  EXPECT_THAT(refusal(kModel, "rename-node a first\n\n# then\n  rename-node c d"),
              HasSubstr("line 4, column 15: rename-node: there is no node 'c'"));
}

TEST(ApplyScript, UnknownCommandsAreCorrected) {
  EXPECT_EQ(
      refusal(kModel, "set-shap x 1"),
      "line 1, column 1: set-shap: there is no edit command 'set-shap'; did you mean 'set-shape'?");
  EXPECT_THAT(refusal(kModel, "transmogrify x"),
              HasSubstr("there are: add-function, add-initializer, add-"));
  EXPECT_THAT(refusal(kModel, "rename-node a"),
              HasSubstr("found 1 arguments of 'rename-node'; expected: rename-node NODE NAME"));
  // Ids are accepted as they are written inside, too.
  EXPECT_THAT(edited(kModel, "rename_node a first"), HasSubstr("[first]"));
}

TEST(ApplyScript, MessagesAboutHugeWordsStayShort) {
  const std::string huge(5'000'000, 'x');
  for (const std::string& script :
       {huge, "rename-node " + huge + " b", "rename-node a b " + huge, "rename-node a \"" + huge,
        "rename-node a [" + huge, "set-attr a " + huge + " 1", "set-dim " + huge + " 2"}) {
    const std::string message = refusal(kModel, script);
    EXPECT_FALSE(message.empty() && script.find("set-attr") == std::string::npos);
    EXPECT_LT(message.size(), 5'000U) << script.substr(0, 20);
  }
}

TEST(ApplyScript, ZeroBytesAreCharactersLikeOthers) {
  using std::string_literals::operator""s;
  EXPECT_THAT(refusal(kModel, "rename-node a\0 b"s), HasSubstr("there is no node"));
  EXPECT_THAT(refusal(kModel, "\0"s), HasSubstr("there is no edit command"));
  EXPECT_THAT(refusal(kModel, "rename-node a \"b\0"s), HasSubstr("found no closing"));
}

TEST(ApplyScript, ErrorsCarryTheScriptsName) {
  const auto model = text_model(kModel);
  const auto script = parse_script("rename-node q r", "edits.acu");
  EXPECT_THAT(apply_script(*model, *script, {}).error().message, HasSubstr("edits.acu:1:13: "));
}

TEST(ApplyScript, ReplayGivesTheSameBytes) {
  const auto model = text_model(kModel);
  Journal journal;
  const auto first = apply_script(
      *model, "rename-value y  \"in ner\" # why\nset-dim N 3\nset-metadata k v", {}, &journal);
  ASSERT_TRUE(first) << first.error().message;
  std::string written;
  for (const JournalEntry& entry : journal) written += entry.command + "\n";
  EXPECT_EQ(written, "rename-value y \"in ner\"\nset-dim N 3\nset-metadata k v\n");
  const auto second = apply_script(*model, written, {});
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(encode_model(**first).flatten(), encode_model(**second).flatten());
}

TEST(ApplyScript, AnEmptyScriptWritesTheModelBackByteForByte) {
  const std::vector<fs::path> paths = models_below(kAllModels);
  ASSERT_GE(paths.size(), 1000U) << "libonnx-testdata is missing";
  const fs::path out = fs::path(testing::TempDir()) / "edited.onnx";
  for (size_t i = 0; i < paths.size(); i += 1 + paths.size() / 60) {
    const auto model = import_model(paths[i]);
    ASSERT_TRUE(model) << model.error().message;
    const auto result = apply_script(**model, "# nothing\n\n", {});
    ASSERT_TRUE(result);
    ASSERT_TRUE(save_model(**result, out));
    EXPECT_EQ(read_text_file(out).value(), read_text_file(paths[i]).value()) << paths[i];
  }
  fs::remove(out);
}

TEST(ApplyScript, ARealModelIsEditedAndReadAgain) {
  const fs::path path = fs::path(ACUATE_FIXTURES) / "ppocr_v4_det.onnx";
  if (!fs::exists(path)) GTEST_SKIP() << "the text detector is not among the fixtures";
  const auto model = import_model(path);
  ASSERT_TRUE(model) << model.error().message;
  const Value* input = (*model)->graph().inputs()[0];
  const std::vector<std::string> shape{std::string(input->name), "1", "3", "640", "640"};
  const std::vector<std::string> names{std::string((*model)->graph().outputs()[0]->name),
                                       "probability map"};
  const auto result = apply_script(
      **model, format_command("set-shape", shape) + "\n" + format_command("rename-value", names),
      {});
  ASSERT_TRUE(result) << result.error().message;
  const auto bytes = std::make_shared<const std::string>(encode_model(**result).flatten());
  const auto again = import_model(as_bytes(*bytes), bytes, {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ((*again)->graph().inputs()[0]->type.text(), "float32[1, 3, 640, 640]");
  EXPECT_EQ((*again)->graph().outputs()[0]->name, "probability map");
  EXPECT_TRUE(verify(**again).empty());
}

// With the real inference and passes, as the command line hands them in.
TEST(ApplyScript, AStaticShapeReachesTheOutputOfARealModel) {
  const fs::path path = fs::path(ACUATE_FIXTURES) / "ppocr_v4_det.onnx";
  if (!fs::exists(path)) GTEST_SKIP() << "the text detector is not among the fixtures";
  const auto model = import_model(path);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_FALSE((*model)->graph().outputs()[0]->type.is_static());
  EditContext context;
  context.infer = true;
  context.apply_pass = [](Model& m, std::string_view id,
                          ShapeInference* shapes) -> Result<std::string> {
    const auto pass = passes().find(id, "pass");
    if (!pass) return pass.error();
    const auto outcome = run_pass(**pass, m, {.evaluate = {}, .shapes = shapes});
    if (!outcome) return outcome.error();
    return fmt::format("applied {} times", outcome->applied);
  };
  const std::string input((*model)->graph().inputs()[0]->name);
  std::string script = "set-shape " + input + " 1 3 640 480\n";
  for (const Pass& pass : passes().all()) script += "apply " + to_kebab_case(pass.id) + "\n";
  Journal journal;
  const auto result = apply_script(**model, script, context, &journal);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ((*result)->graph().outputs()[0]->type.text(), "float32[1, 1, 640, 480]");
  EXPECT_EQ(journal.back().notes.size(), 1U);
  EXPECT_TRUE(verify(**result).empty());
}

TEST(EditCommands, AreDocumentedAndTheirExamplesParse) {
  for (const EditCommand& command : edit_commands().all()) {
    const std::string name = to_kebab_case(command.id);
    EXPECT_TRUE((command.usage + " ").starts_with(name + " ")) << command.usage;
    const auto example = parse_script(command.example);
    ASSERT_TRUE(example) << command.example;
    ASSERT_EQ(example->lines.size(), 1U);
    EXPECT_EQ(example->lines[0].command, name);
    const size_t count = example->lines[0].arguments.size();
    EXPECT_TRUE(count >= command.min_arguments && count <= command.max_arguments)
        << command.example;
    EXPECT_TRUE(command.doc.ends_with('.')) << command.doc;
  }
}

// The section that docs/edit-script.md must have for a command.
std::string section_of(const EditCommand& command) {
  return "### " + to_kebab_case(command.id) + "\n\n    " + command.usage + "\n\n" + command.doc +
         "\n\nExample: `" + command.example + "`\n";
}

TEST(EditCommands, TheManualSaysWhatTheRegistrySays) {
  const auto manual = read_text_file(fs::path(ACUATE_SOURCE_DIR) / "docs/edit-script.md");
  ASSERT_TRUE(manual) << manual.error().message;
  std::string expected;
  for (const EditCommand& command : edit_commands().all()) expected += section_of(command) + "\n";
  const size_t begin = manual->find("### ");
  ASSERT_NE(begin, std::string::npos);
  EXPECT_EQ(manual->substr(begin) + "\n", expected) << "copy this into docs/edit-script.md:\n"
                                                    << expected;
}

}  // namespace
}  // namespace acuate
