#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/hash.h"
#include "edit/diff_fields.h"
#include "edit/documentation.h"
#include "onnx_io/onnx_fields.h"

namespace acuate {
namespace {

// FunctionProto.attribute and attribute_proto, SparseTensorProto.values (onnx.proto3).
enum : uint32_t { kFunctionAttribute = 6, kFunctionDefault = 11, kSparseValues = 1 };

// The attributes that a function declares, and their defaults.
uint64_t attributes_key(const Function& function) {
  uint64_t key = 0;
  for (const auto& [number, whole] : function.body->other_fields())
    if (number == kFunctionAttribute || number == kFunctionDefault)
      key = hash_combine(key, hash_key(whole));
  return key;
}

// Sparse initializers by name, whole.
std::map<std::string_view, Bytes> sparse_initializers(const Graph& graph) {
  std::map<std::string_view, Bytes> out;
  for (const auto& [number, whole] : graph.other_fields()) {
    if (number != graph_field::kSparseInitializer) continue;
    WireReader outer(whole);
    WireField sparse;
    if (!outer.next(sparse)) continue;
    WireReader inner(sparse.payload);
    for (WireField field; inner.next(field);) {
      if (field.number != kSparseValues) continue;
      WireReader tensor(field.payload);
      for (WireField part; tensor.next(part);)
        if (part.number == tensor_field::kName) out.emplace(part.text(), whole);
    }
  }
  return out;
}

void compare_sparse(std::vector<FieldChange>& list, const Graph& a, const Graph& b) {
  const auto mine = sparse_initializers(a), theirs = sparse_initializers(b);
  const auto text = [](Bytes whole) { return fmt::format("{} bytes", whole.size()); };
  for (const auto& [name, whole] : mine) {
    const std::string what = "sparse initializer " + to_valid_utf8(name);
    const auto other = theirs.find(name);
    if (other == theirs.end())
      list.push_back({what, text(whole), ""});
    else if (!std::ranges::equal(whole, other->second))
      list.push_back({what, text(whole), text(other->second) + " of other content"});
  }
  for (const auto& [name, whole] : theirs)
    if (mine.count(name) == 0)
      list.push_back({"sparse initializer " + to_valid_utf8(name), "", text(whole)});
}

FieldTexts opsets(const std::vector<OpsetImport>& imports) {
  FieldTexts out;
  for (const OpsetImport& import : imports)
    out[import.domain.empty() ? "ai.onnx" : to_valid_utf8(import.domain)] =
        std::to_string(import.version);
  return out;
}

void compare_versions(std::vector<FieldChange>& list, const Model& a, const Model& b) {
  const auto producer = [](const Model& model) {
    return to_valid_utf8(fmt::format("{} {}", model.producer_name(), model.producer_version()));
  };
  compare_field(list, "IR version", std::to_string(a.ir_version()), std::to_string(b.ir_version()));
  compare_maps(list, "opset", opsets(a.opset_imports()), opsets(b.opset_imports()));
  compare_field(list, "producer", producer(a), producer(b));
  compare_texts(list, "documentation", documentation(a), documentation(b));
  compare_maps(list, "metadata", field_texts(a.metadata()), field_texts(b.metadata()));
}

// What is not in the bodies, which are compared like every graph.
void compare_functions(std::vector<FieldChange>& list, const Model& a, const Model& b,
                       const ModelMatch& match) {
  std::map<std::string, std::pair<const Function*, const Function*>> both;
  for (const Function& function : a.functions()) both[function_key(function)].first = &function;
  for (const Function& function : b.functions()) both[function_key(function)].second = &function;
  const auto size = [](const Function& function) {
    return function.body ? fmt::format("{} nodes", function.body->node_count()) : "no body";
  };
  for (const auto& [name, pair] : both) {
    const auto [x, y] = pair;
    const std::string what = "function " + name;
    if (x == nullptr || y == nullptr || !x->body || !y->body) {
      compare_field(list, what, x ? size(*x) : "", y ? size(*y) : "");
      continue;
    }
    compare_maps(list, what + " opset", opsets(x->opset_imports), opsets(y->opset_imports));
    compare_ports(list, what, *x->body, *y->body, match);
    if (attributes_key(*x) != attributes_key(*y))
      list.push_back({what + " attributes", "as declared", "declared otherwise"});
  }
}

}  // namespace

void compare_field(std::vector<FieldChange>& list, std::string what, std::string before,
                   std::string after) {
  if (before != after) list.push_back({std::move(what), std::move(before), std::move(after)});
}

void compare_maps(std::vector<FieldChange>& list, std::string_view kind, const FieldTexts& a,
                  const FieldTexts& b) {
  std::set<std::string> keys;
  for (const auto& entry : a) keys.insert(entry.first);
  for (const auto& entry : b) keys.insert(entry.first);
  for (const std::string& key : keys) {
    const auto x = a.find(key), y = b.find(key);
    compare_field(list, fmt::format("{} {}", kind, key), x == a.end() ? "" : x->second,
                  y == b.end() ? "" : y->second);
  }
}

void compare_texts(std::vector<FieldChange>& list, std::string what, std::string_view before,
                   std::string_view after) {
  const auto text = [](std::string_view each) { return each.empty() ? "" : json_quote(each); };
  compare_field(list, std::move(what), text(before), text(after));
}

std::string name_of(const Value* value) { return value ? to_valid_utf8(value->name) : "(none)"; }

bool is_same_value(const ModelMatch& match, const Value* a, const Value* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return match.of(a) == b;
}

std::string list_of_names(const std::vector<Value*>& values) {
  std::vector<std::string> out;
  for (const Value* value : values) out.push_back(name_of(value));
  return "[" + join(out, ", ") + "]";
}

void compare_ports(std::vector<FieldChange>& list, const std::string& what, const Graph& a,
                   const Graph& b, const ModelMatch& match) {
  if (a.inputs().size() != b.inputs().size())
    list.push_back({what + " inputs", list_of_names(a.inputs()), list_of_names(b.inputs())});
  const bool same_outputs = std::ranges::equal(
      a.outputs(), b.outputs(),
      [&](const Value* x, const Value* y) { return is_same_value(match, x, y); });
  if (!same_outputs)
    list.push_back({what + " outputs", list_of_names(a.outputs()), list_of_names(b.outputs())});
}

void compare_model_fields(std::vector<FieldChange>& list, const Model& a, const Model& b,
                          const ModelMatch& match) {
  compare_versions(list, a, b);
  compare_functions(list, a, b, match);
  for (const ModelMatch::Graphs& graphs : match.graphs) {
    const std::string_view before = documentation(*graphs.a), after = documentation(*graphs.b);
    compare_texts(list, "documentation of " + to_valid_utf8(graphs.a->name()), before, after);
    compare_sparse(list, *graphs.a, *graphs.b);
  }
}

}  // namespace acuate
