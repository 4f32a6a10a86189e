#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"

namespace acuate {
namespace {

Result<void> remove_opset(Edit& edit, std::span<const Token> arguments) {
  Model& model = edit.model();
  const std::string domain = arguments[0].text == "ai.onnx" ? "" : arguments[0].text;
  if (model.opset_version(domain) == 0) {
    std::vector<std::string> domains;
    for (const OpsetImport& import : model.opset_imports())
      domains.push_back(import.domain.empty() ? "ai.onnx" : to_valid_utf8(import.domain));
    return edit.blame(arguments[0], fail("the model does not import '{}'; it imports: {}",
                                         to_valid_utf8(arguments[0].text),
                                         domains.empty() ? "nothing" : join(domains, ", ")));
  }
  // Functions import for themselves.
  std::vector<const Graph*> graphs{&model.graph()};
  for (size_t i = 0; i < graphs.size(); ++i) {
    for (const Node* node = graphs[i]->first(); node != nullptr; node = node->next())
      if (node->domain() == domain)
        return edit.blame(arguments[0], fail("'{}' is a node of that domain; expected one that no "
                                             "node is of",
                                             node_path(*node)));
    for (const Node* owner : graphs[i]->body_owners())
      for (const Attribute& attribute : owner->attributes())
        for (const auto& body : attribute.graphs) graphs.push_back(body.get());
  }
  model.remove_opset(domain);
  return {};
}

}  // namespace

void register_edit_remove_opset(EditCommandRegistry& registry) {
  registry.add({"remove_opset", "remove-opset DOMAIN", "remove-opset com.microsoft",
                "Imports a domain no more (`ai.onnx` is ONNX's own). Refused while a node outside "
                "of functions is of that domain.",
                1, 1, remove_opset});
}

}  // namespace acuate
