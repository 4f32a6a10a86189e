// Reads the YAML of a capability table.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <yaml-cpp/yaml.h>

#include "base/text.h"
#include "rewrite/pass.h"
#include "targets/table.h"

namespace acuate {
namespace {

// Thrown inside this file only, to leave nested readers; parse_table turns it into an Error.
struct TableError {
  std::string message;
  int line;  // from 1; 0: unknown
};

template <class... Args>
[[noreturn]] void refuse(const YAML::Node& node, fmt::format_string<Args...> format,
                         Args&&... args) {
  throw TableError{fmt::format(format, std::forward<Args>(args)...),
                   node.Mark().is_null() ? 0 : node.Mark().line + 1};
}

std::string text_of(const YAML::Node& node, std::string_view what) {
  if (!node.IsScalar()) refuse(node, "{} must be one value", what);
  return node.Scalar();
}

int number_of(const YAML::Node& node, std::string_view what) {
  const auto number = parse_int(text_of(node, what));
  if (!number || *number < 1 || *number > 64)
    refuse(node, "{} is '{}', expected a number from 1 to 64", what, node.Scalar());
  return static_cast<int>(*number);
}

bool flag_of(const YAML::Node& node, std::string_view what) {
  const std::string text = text_of(node, what);
  if (text != "true" && text != "false")
    refuse(node, "{} is '{}', expected true or false", what, text);
  return text == "true";
}

// One value or a list of values.
std::vector<std::string> texts_of(const YAML::Node& node, std::string_view what) {
  if (node.IsScalar()) return {node.Scalar()};
  if (!node.IsSequence()) refuse(node, "{} must be a value or a list", what);
  std::vector<std::string> texts;
  for (const YAML::Node& item : node) texts.push_back(text_of(item, what));
  return texts;
}

ElementType type_of(const YAML::Node& node) {
  const std::string name = text_of(node, "an element type");
  const auto type = parse_element_type(name);
  if (!type) refuse(node, "'{}' is no element type; write float32, float16, int8, uint8, …", name);
  return *type;
}

std::vector<ElementType> types_of(const YAML::Node& node) {
  if (!node.IsSequence()) refuse(node, "types must be a list");
  std::vector<ElementType> types;
  for (const YAML::Node& item : node) types.push_back(type_of(item));
  return types;
}

std::set<std::string> patterns_of(const YAML::Node& node) {
  std::set<std::string> patterns;
  for (const std::string& id : texts_of(node, "patterns")) {
    const Pass* pass = passes().lookup(id);
    if (pass == nullptr || pass->phase != Phase::Pattern)
      refuse(node, "'{}' is no pass of phase pattern; `acuate passes` lists them", id);
    patterns.insert(pass->id);
  }
  return patterns;
}

// Calls `read(key, value, key node)` for each member; a key that occurs twice is refused.
template <class Read>
void each_member(const YAML::Node& map, std::string_view what, Read read) {
  if (!map.IsMap()) refuse(map, "{} must be a map", what);
  std::vector<std::string> seen;
  for (const auto& member : map) {
    const std::string key = text_of(member.first, "a key");
    if (std::find(seen.begin(), seen.end(), key) != seen.end())
      refuse(member.first, "'{}' occurs twice in {}", key, what);
    seen.push_back(key);
    read(key, member.second, member.first);
  }
}

double real_of(const YAML::Node& node, std::string_view what) {
  const std::string text = text_of(node, what);
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != 0 || !std::isfinite(number))
    refuse(node, "{} is '{}', expected a number", what, text);
  return number;
}

// The values that are taken, or a map of `min` and `max`.
AttributeLimit limit_of(const YAML::Node& node, const std::string& attribute) {
  AttributeLimit limit;
  if (!node.IsMap()) {
    limit.allowed = texts_of(node, attribute);
    if (limit.allowed.empty()) refuse(node, "{} allows no value", attribute);
    limit.last_axis = std::erase(limit.allowed, "last") > 0;
    return limit;
  }
  each_member(node, attribute,
              [&](const std::string& key, const YAML::Node& value, const YAML::Node& at) {
                if (key != "min" && key != "max")
                  refuse(at, "{} has the unknown key '{}'; there are: min, max", attribute, key);
                (key == "min" ? limit.min : limit.max) = real_of(value, key);
              });
  if (!limit.min && !limit.max) refuse(node, "{} has neither min nor max", attribute);
  if (limit.min && limit.max && *limit.min > *limit.max)
    refuse(node, "{} has min {} above max {}", attribute, *limit.min, *limit.max);
  return limit;
}

std::map<std::string, AttributeLimit> limits_of(const YAML::Node& node) {
  std::map<std::string, AttributeLimit> limits;
  each_member(node, "attributes",
              [&](const std::string& attribute, const YAML::Node& limit, const YAML::Node&) {
                limits[attribute] = limit_of(limit, attribute);
              });
  return limits;
}

void read_opsets(OperatorRow& row, const YAML::Node& node) {
  each_member(node, "opset",
              [&](const std::string& key, const YAML::Node& value, const YAML::Node& at) {
                if (key != "min" && key != "max")
                  refuse(at, "opset has the unknown key '{}'; there are: min, max", key);
                (key == "min" ? row.opset_min : row.opset_max) = number_of(value, key);
              });
  if (!row.opset_min && !row.opset_max) refuse(node, "opset has neither min nor max");
  if (row.opset_min && row.opset_max && *row.opset_min > *row.opset_max)
    refuse(node, "opset has min {} above max {}", *row.opset_min, *row.opset_max);
}

void read_input_ranks(OperatorRow& row, const YAML::Node& node) {
  each_member(node, "input_ranks",
              [&](const std::string& key, const YAML::Node& value, const YAML::Node& at) {
                const auto slot = parse_int(key);
                if (!slot || *slot < 0 || *slot > 63)
                  refuse(at, "input_ranks has the key '{}', expected an input from 0 to 63", key);
                std::vector<int>& ranks = row.input_ranks[static_cast<size_t>(*slot)];
                for (const std::string& text : texts_of(value, key)) {
                  const auto rank = parse_int(text);
                  if (!rank || *rank < 0 || *rank > 64)
                    refuse(value, "rank of input {} is '{}', expected a number from 0 to 64", key,
                           text);
                  ranks.push_back(static_cast<int>(*rank));
                }
                if (ranks.empty()) refuse(value, "input {} has no rank", key);
              });
}

void read_slow(OperatorRow& row, const YAML::Node& node) {
  if (node.IsScalar()) {
    row.slow = node.Scalar();
  } else {
    each_member(
        node, "slow", [&](const std::string& key, const YAML::Node& value, const YAML::Node& at) {
          if (key == "note")
            row.slow = text_of(value, key);
          else if (key == "attributes")
            row.slow_attributes = limits_of(value);
          else if (key == "unless")
            row.fast_attributes = limits_of(value);
          else
            refuse(at, "slow has the unknown key '{}'; there are: note, attributes, unless", key);
        });
  }
  if (row.slow.empty()) refuse(node, "slow has no note that says why");
}

OperatorRow read_row(const YAML::Node& node, const std::string& name,
                     const CapabilityTable& table) {
  OperatorRow row;
  each_member(node, "operator " + name,
              [&](const std::string& key, const YAML::Node& value, const YAML::Node& at) {
                if (key == "supported")
                  row.supported = flag_of(value, key);
                else if (key == "source")
                  row.sources = texts_of(value, key);
                else if (key == "note")
                  row.note = text_of(value, key);
                else if (key == "max_rank")
                  row.max_rank = number_of(value, key);
                else if (key == "types")
                  row.types = types_of(value);
                else if (key == "attributes")
                  row.attributes = limits_of(value);
                else if (key == "input_ranks")
                  read_input_ranks(row, value);
                else if (key == "opset")
                  read_opsets(row, value);
                else if (key == "static_shapes")
                  row.static_shapes = flag_of(value, key);
                else if (key == "slow")
                  read_slow(row, value);
                else
                  refuse(
                      at,
                      "operator {} has the unknown key '{}'; there are: supported, source, "
                      "note, max_rank, types, attributes, input_ranks, opset, static_shapes, slow",
                      name, key);
              });
  if (row.sources.empty()) refuse(node, "operator {} names no source", name);
  for (const std::string& source : row.sources)
    if (!table.sources.contains(source))
      refuse(node,
             "operator {} names the source '{}', which is not declared before it under sources",
             name, source);
  return row;
}

void read_member(CapabilityTable& table, const std::string& key, const YAML::Node& value,
                 const YAML::Node& at) {
  if (key == "id")
    table.id = text_of(value, key);
  else if (key == "name")
    table.name = text_of(value, key);
  else if (key == "revision")
    table.revision = text_of(value, key);
  else if (key == "static_shapes")
    table.static_shapes = flag_of(value, key);
  else if (key == "control_flow")
    table.control_flow = flag_of(value, key);
  else if (key == "data_dependent_shapes")
    table.data_dependent_shapes = flag_of(value, key);
  else if (key == "max_rank")
    table.max_rank = number_of(value, key);
  else if (key == "types")
    table.types = types_of(value);
  else if (key == "int64_as_int32")
    table.int64_as_int32 = flag_of(value, key);
  else if (key == "patterns")
    table.patterns = patterns_of(value);
  else if (key == "run_on")
    table.run_on = text_of(value, key);
  else if (key == "sources")
    each_member(value, key,
                [&](const std::string& name, const YAML::Node& where, const YAML::Node&) {
                  table.sources[name] = text_of(where, name);
                });
  else if (key == "operators")
    each_member(value, key, [&](const std::string& name, const YAML::Node& row, const YAML::Node&) {
      table.operators[name] = read_row(row, name, table);
    });
  else
    refuse(at,
           "unknown key '{}'; there are: id, name, revision, static_shapes, control_flow, "
           "data_dependent_shapes, "
           "max_rank, types, int64_as_int32, patterns, run_on, sources, operators",
           key);
}

bool is_id(std::string_view text) {
  return !text.empty() && text[0] >= 'a' && text[0] <= 'z' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == text.npos;
}

}  // namespace

Result<CapabilityTable> parse_table(std::string_view text, std::string_view origin) {
  CapabilityTable table;
  table.origin = origin;
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    each_member(root, "the table",
                [&](const std::string& key, const YAML::Node& value, const YAML::Node& at) {
                  read_member(table, key, value, at);
                });
    if (!is_id(table.id) || table.id == "auto")
      refuse(root, "id is '{}', expected a snake_case name other than auto", table.id);
    if (table.operators.empty()) refuse(root, "the table names no operators");
  } catch (const TableError& error) {
    return fail("target table {}{}: {}", origin,
                error.line > 0 ? fmt::format(", line {}", error.line) : "", error.message);
  } catch (const YAML::Exception& error) {
    return fail("target table {}, line {}: {}", origin, error.mark.line + 1, error.msg);
  }
  if (table.name.empty()) table.name = table.id;
  return table;
}

}  // namespace acuate
