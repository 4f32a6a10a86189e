// Models of libonnx-testdata and of the fixtures, simplified with an engine that folds: the script
// between the two makes the one of the other, and a diff of the files finds nothing more. A part of
// them, for edit/diff_corpus_test takes all without an engine.
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "edit/diff_script.h"
#include "graph/corpus_test_support.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"
#include "rewrite/pass.h"
#include "shape/infer.h"
#include "targets/fold.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

constexpr size_t kEvery = 8;                     // of the models of single operators
constexpr uintmax_t kMaxFixtureBytes = 5 << 20;  // most of a large one is weights

std::vector<fs::path> sample() {
  std::vector<fs::path> paths;
  const auto operators = models_below({kOperatorModels});
  for (size_t i = 0; i < operators.size(); i += kEvery) paths.push_back(operators[i]);
  for (const fs::path& path : models_below({ACUATE_FIXTURES}))
    if (fs::file_size(path) <= kMaxFixtureBytes) paths.push_back(path);
  return paths;
}

// As a file has it: types of inner values only where they are declared.
std::unique_ptr<Model> read_back(const Model& model, const fs::path& path) {
  const auto bytes = std::make_shared<const std::string>(encode_model(model).flatten());
  auto read = import_model(as_bytes(*bytes), bytes, path);
  EXPECT_TRUE(read) << path << ": " << (read ? "" : read.error().message);
  return read ? *std::move(read) : nullptr;
}

TEST(DiffCorpus, ScriptsMakeWhatWasFolded) {
  std::string folder = (fs::temp_directory_path() / "acuate_diff_XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  EditContext context;
  context.folder = folder;
  context.infer = true;
  PassContext passes;
  passes.evaluate = make_evaluator(*targets().lookup("onnxruntime"));
  size_t scripts = 0, folded = 0;
  for (const fs::path& path : sample()) {
    const auto model = import_model(path);
    ASSERT_TRUE(model) << model.error().message;
    const auto made_simple = (*model)->clone();
    const auto records = simplify(*made_simple, passes);
    ASSERT_TRUE(records) << path << ": " << records.error().message;
    folded += std::ranges::any_of(*records, [](const PassRecord& record) {
      return record.id == "fold_constants" && record.applied > 0;
    });
    const auto simple = read_back(*made_simple, path);
    ASSERT_NE(simple, nullptr);
    const auto script = write_diff_script(**model, *simple, context, "files");
    ASSERT_TRUE(script) << path << ": " << script.error().message;
    EXPECT_TRUE(script->left.empty()) << path << ": " << script->left[0];
    EXPECT_TRUE(script->notes.empty()) << path << ": " << script->notes[0];
    const auto made = apply_script(**model, script->text, context);
    ASSERT_TRUE(made) << path << ": " << made.error().message;
    const auto again = read_back(**made, path);
    ASSERT_NE(again, nullptr);
    const ModelDiff diff =
        diff_models(*again, *simple, {[](Model& inferred) { infer_shapes(inferred); }});
    EXPECT_TRUE(diff.empty()) << path << "\n" << to_text(diff);
    ++scripts;
  }
  fs::remove_all(folder);
  EXPECT_GE(scripts, 140U);
  EXPECT_GE(folded, 10U);
}

}  // namespace
}  // namespace acuate
