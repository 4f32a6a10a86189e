#include "edit/data_files.h"

#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/address.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

// TensorProto.external_data and StringStringEntryProto (onnx.proto3).
enum : uint32_t { kExternalData = 13, kKey = 1, kValue = 2 };

bool is_location(Bytes entry) {
  WireReader reader(entry);
  for (WireField field; reader.next(field);)
    if (field.number == kKey) return field.text() == "location";
  return false;
}

// The same tensor in a file of another name.
TensorRef relocated(Model& model, const TensorRef& ref, const std::string& location) {
  WireRope wire;
  WireReader reader(ref.wire);
  for (WireField field; reader.next(field);) {
    if (field.number != kExternalData || !is_location(field.payload)) {
      wire.append_view(field.whole);
      continue;
    }
    WireRope entry;
    entry.text_field(kKey, "location");
    entry.text_field(kValue, location);
    wire.message_field(kExternalData, std::move(entry));
  }
  TensorRef out = ref;
  out.wire = model.own(wire);
  out.external->location = location;
  return out;
}

std::string free_location(const std::string& location, const std::set<std::string>& taken) {
  const fs::path path(location);
  std::string out = location;
  for (size_t suffix = 1; taken.count(out) != 0; ++suffix)
    out = (path.parent_path() /
           fmt::format("{}_{}{}", path.stem().string(), suffix, path.extension().string()))
              .string();
  return out;
}

Result<void> refuse_attributes_elsewhere(const Model& source) {
  for (const Graph* graph : source.all_graphs())
    for (const Node* node = graph->first(); node != nullptr; node = node->next())
      for (const Attribute& attribute : node->attributes()) {
        const auto wire = attribute.as_tensor();
        if (!wire) continue;
        const auto tensor = parse_tensor(*wire, source.folder());
        if (tensor && tensor->is_external())
          return fail(
              "attribute '{}' of '{}' lies in the data file {}; expected it in the model file, or "
              "both models in one folder",
              to_valid_utf8(attribute.name), node_path(*node), tensor->external->path.string());
      }
  return {};
}

}  // namespace

Result<void> keep_data_files_apart(Model& source, const Model& target) {
  std::error_code code;
  const fs::path here = source.folder().empty() ? fs::path(".") : source.folder();
  const fs::path there = target.folder().empty() ? fs::path(".") : target.folder();
  if (!fs::equivalent(here, there, code))
    if (auto inside = refuse_attributes_elsewhere(source); !inside) return inside;
  std::set<std::string> taken;
  std::map<std::string, fs::path> theirs;
  for (const Graph* graph : target.all_graphs())
    for (const Value* value : graph->initializers())
      if (const auto& external = value->initializer->external) {
        taken.insert(external->location);
        theirs.emplace(external->location, external->path);
      }
  std::map<std::string, std::string> renamed;
  for (Graph* graph : source.all_graphs())
    for (Value* value : graph->initializers()) {
      const auto& external = value->initializer->external;
      if (!external) continue;
      const auto clash = theirs.find(external->location);
      if (clash == theirs.end() || fs::equivalent(clash->second, external->path, code)) {
        taken.insert(external->location);
        continue;
      }
      auto [place, added] = renamed.try_emplace(external->location);
      if (added) {
        place->second = free_location(external->location, taken);
        taken.insert(place->second);
      }
      graph->set_initializer(*value, relocated(source, *value->initializer, place->second));
    }
  return {};
}

}  // namespace acuate
