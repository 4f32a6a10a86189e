#include "edit/new_value.h"

#include "base/text.h"

namespace acuate {
namespace {

Error taken(std::string_view name, const Value& by) {
  return fail("found the name '{}', which the value '{}' has; expected one that is free",
              to_valid_utf8(name), value_path(by));
}

}  // namespace

std::vector<const Graph*> graphs_below(const Graph& graph) {
  std::vector<const Graph*> out{&graph};
  for (size_t i = 0; i < out.size(); ++i)
    for (const Node* node : out[i]->body_owners())
      for (const Attribute& attribute : node->attributes())
        for (const auto& body : attribute.graphs) out.push_back(body.get());
  return out;
}

const Value* value_around(const Graph& graph, std::string_view name) {
  if (const Value* value = graph.resolve(name)) return value;
  for (const Graph* below : graphs_below(graph))
    if (const Value* value = below->find(name)) return value;
  return nullptr;
}

Result<Value*> value_at(const Place& place) {
  if (place.name.empty()) return fail("found an empty name; expected one");
  if (Value* value = place.graph->find(place.name)) return value;
  if (const Value* by = value_around(*place.graph, place.name)) return taken(place.name, *by);
  return place.graph->add_value(place.name);
}

Result<Value*> undefined_value_at(const Place& place) {
  auto value = value_at(place);
  if (value && (*value)->is_defined()) return taken(place.name, **value);
  return value;
}

}  // namespace acuate
