// Every model of libonnx-testdata and of the fixtures: the script between it and its simplified
// form makes the one of the other, and a diff finds nothing more.
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

namespace acuate {
namespace {
namespace fs = std::filesystem;

void infer(Model& model) { infer_shapes(model); }

TEST(DiffCorpus, ScriptsMakeTheSimplifiedForms) {
  std::string folder = (fs::temp_directory_path() / "acuate_diff_XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  EditContext context;
  context.folder = folder;
  context.infer = true;
  size_t scripts = 0;
  for (const fs::path& path : models_below(kAllModels)) {
    const auto model = import_model(path);
    ASSERT_TRUE(model) << model.error().message;
    const auto made_simple = (*model)->clone();
    ASSERT_TRUE(simplify(*made_simple, {}, {})) << path;
    const auto bytes = std::make_shared<const std::string>(encode_model(*made_simple).flatten());
    const auto read = import_model(as_bytes(*bytes), bytes, path);
    ASSERT_TRUE(read) << read.error().message;
    const Model* simple = read->get();
    const auto script = write_diff_script(**model, *simple, context, "files");
    ASSERT_TRUE(script) << path << ": " << script.error().message;
    std::string left;
    for (const std::string& line : script->left) left += line + "\n";
    EXPECT_EQ(left, "") << path << "\n" << script->text.substr(0, 2000);
    const auto made = apply_script(**model, script->text, context);
    ASSERT_TRUE(made) << path << ": " << made.error().message;
    const ModelDiff diff = diff_models(**made, *simple, {infer});
    EXPECT_TRUE(diff.empty() && script->notes.empty()) << path << "\n" << to_text(diff);
    ++scripts;
  }
  fs::remove_all(folder);
  EXPECT_GE(scripts, 1000U);
}

}  // namespace
}  // namespace acuate
