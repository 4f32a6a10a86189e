#pragma once

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "diagnose/finding.h"
#include "edit/command.h"
#include "graph/model.h"
#include "rewrite/pass.h"
#include "runtime/artifact.h"

namespace acuate {

// A model that can be decoded and is valid, for every command but inspect, diagnose, edit and diff.
Result<std::unique_ptr<Model>> open_valid_model(const std::filesystem::path& path);

// A valid model file or an artifact as something that runs.
Result<Runnable> open_runnable(const std::filesystem::path& path, const Target& target,
                               const EngineOptions& options, const Note& note);

// Constants are folded by the engine that runs here; where none does, nothing is folded.
PassContext default_pass_context();
// What edit scripts need: shape inference, passes by name, arrays of NumPy, and the files that the
// script names, which lie in `folder` or below it (empty: it may name none).
EditContext default_edit_context(const std::filesystem::path& folder = {});

// What is wrong with the model itself, by node, types contradicting each other included.
std::vector<Finding> model_findings(const Model& model);

// The model and a text that belongs to it, written so that a failure of either leaves neither.
Result<void> save_with_text(const Model& model, const std::filesystem::path& model_path,
                            std::string_view text, const std::filesystem::path& text_path);
// Refuses a folder, and a file in a folder that is not there, before any work is done.
Result<void> check_output_file(const std::filesystem::path& path);

}  // namespace acuate
