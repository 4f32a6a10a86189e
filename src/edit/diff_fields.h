#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "edit/diff.h"

namespace acuate {

// Texts by key, as a diff tells them.
using FieldTexts = std::map<std::string, std::string>;

void compare_field(std::vector<FieldChange>& list, std::string what, std::string before,
                   std::string after);
// By key, the keys of both in sorted order.
void compare_maps(std::vector<FieldChange>& list, std::string_view kind, const FieldTexts& a,
                  const FieldTexts& b);
// Texts in quotes, empty ones as nothing.
void compare_texts(std::vector<FieldChange>& list, std::string what, std::string_view before,
                   std::string_view after);

template <class Pairs>
FieldTexts field_texts(const Pairs& pairs) {
  FieldTexts out;
  for (const auto& [key, value] : pairs) out[to_valid_utf8(key)] = json_quote(value);
  return out;
}

std::string name_of(const Value* value);  // `(none)` for null
std::string list_of_names(const std::vector<Value*>& values);

bool is_same_value(const ModelMatch& match, const Value* a, const Value* b);

// Inputs and outputs that go by place: those of functions and bodies.
void compare_ports(std::vector<FieldChange>& list, const std::string& what, const Graph& a,
                   const Graph& b, const ModelMatch& match);

// What is not in the graphs: versions, producer, documentation, metadata, functions but for their
// bodies; and of matched graphs documentation and sparse initializers.
void compare_model_fields(std::vector<FieldChange>& list, const Model& a, const Model& b,
                          const ModelMatch& match);

}  // namespace acuate
