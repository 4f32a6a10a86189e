// Models as PyTorch exports them, each node with the module that it truly comes from:
// tests/module_tree/export.py writes them, and tells how it knows.
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "base/text.h"
#include "graph/module_tree.h"

namespace acuate {
namespace {

struct Frozen {
  Model model;
  std::map<const Node*, std::string> truth;
  std::map<std::string, std::string> same;  // other paths of a module → its own
};

std::vector<Value*> values(Model& model, const std::string& list) {
  std::vector<Value*> found;
  if (list.empty()) return found;
  for (const std::string& name : split(list, ',')) {
    Value* value = name.empty() ? nullptr : model.graph().find(name);
    if (value == nullptr && !name.empty()) value = model.graph().add_value(model.intern(name));
    found.push_back(value);
  }
  return found;
}

void read(const std::filesystem::path& path, Frozen& frozen) {
  std::ifstream file(path);
  float content = 0;
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> fields = split(line, '\t');
    if (fields[0] == "same") {
      frozen.same[fields.at(1)] = fields.at(2);
    } else if (fields[0] == "weights") {
      for (size_t i = 1; i < fields.size(); ++i) {
        Value* value = frozen.model.graph().add_value(frozen.model.intern(fields[i]));
        frozen.model.graph().set_initializer(*value, Tensor::of<float>({1}, {content++}));
      }
    } else if (fields[0] == "node") {
      ASSERT_EQ(fields.size(), 8) << line;
      Node* node = frozen.model.graph().add_node(fields[1], "", frozen.model.intern(fields[2]),
                                                 values(frozen.model, fields[3]),
                                                 values(frozen.model, fields[4]));
      if (!fields[6].empty()) node->set_metadata("pkg.torch.onnx.name_scopes", fields[6]);
      if (!fields[7].empty()) node->set_metadata("pkg.torch.onnx.class_hierarchy", fields[7]);
      if (fields[5] != "?") frozen.truth[node] = fields[5];
    }
  }
}

TEST(ModuleTreeTruth, OfAllNodesNinetyEightInAHundredAreInTheirModules) {
  size_t models = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(ACUATE_SOURCE_DIR "/tests/module_tree")) {
    if (entry.path().extension() != ".tsv") continue;
    ++models;
    SCOPED_TRACE(entry.path().filename().string());
    Frozen frozen;
    read(entry.path(), frozen);
    ASSERT_GE(frozen.truth.size(), 10U);
    const auto tree = ModelModuleTree::of(frozen.model);
    size_t right = 0;
    std::string wrong;
    for (const auto& [node, truth] : frozen.truth) {
      std::string found = tree.module_of(*node).path;
      if (const auto same = frozen.same.find(found); same != frozen.same.end())
        found = same->second;
      if (found == truth)
        ++right;
      else
        wrong += std::string(node->name()) + ": " + found + ", not " + truth + "\n";
    }
    EXPECT_GE(100 * right, 98 * frozen.truth.size()) << wrong;
  }
  EXPECT_GE(models, 8U);
}

// What was made of such a model, with names that tell nothing: two nodes each became one.
TEST(ModuleTreeTruth, MergedNodesAreInTheModulesOfBoth) {
  size_t models = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(ACUATE_SOURCE_DIR "/tests/module_tree")) {
    if (entry.path().extension() != ".tsv") continue;
    ++models;
    SCOPED_TRACE(entry.path().filename().string());
    Frozen frozen;
    read(entry.path(), frozen);
    const auto module_of = [&](const std::string& path) {
      const auto same = frozen.same.find(path);
      return same == frozen.same.end() ? path : same->second;
    };
    Model merged;
    std::map<const Node*, std::set<std::string>> truth;
    for (const Node* node = frozen.model.graph().first(); node != nullptr; node = node->next()) {
      const Node* other = node->next() != nullptr ? node->next() : node;
      Node* both = merged.graph().add_node(
          "Op", "", "", {}, {merged.graph().add_value("t" + std::to_string(truth.size()))});
      both->set_metadata("acuate.origins",
                         "[\"" + node->address() + "\", \"" + other->address() + "\"]");
      auto& modules = truth[both];
      for (const Node* each : {node, other})
        if (const auto known = frozen.truth.find(each); known != frozen.truth.end())
          modules.insert(known->second);
      node = other;
    }
    const auto tree = ModelModuleTree::carried_over(merged, frozen.model);
    size_t right = 0, known = 0;
    for (const auto& [node, modules] : truth) {
      std::set<std::string> found;
      for (const ModuleInfo* module : tree.modules_of(*node)) found.insert(module_of(module->path));
      known += modules.size();
      for (const std::string& module : modules) right += found.count(module);
    }
    ASSERT_GE(known, 10U);
    EXPECT_GE(100 * right, 98 * known);
  }
  EXPECT_GE(models, 8U);
}

}  // namespace
}  // namespace acuate
