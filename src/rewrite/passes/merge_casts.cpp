#include "rewrite/facts.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

using Type = ElementType;

bool is_integer(Type type) {
  switch (type) {
    case Type::Int8:
    case Type::Int16:
    case Type::Int32:
    case Type::Int64:
    case Type::Uint8:
    case Type::Uint16:
    case Type::Uint32:
    case Type::Uint64:
      return true;
    default:
      return false;
  }
}

bool is_ieee(Type type) {
  return type == Type::Float16 || type == Type::Bfloat16 || type == Type::Float ||
         type == Type::Double;
}

bool is_unsigned(Type type) {
  return type == Type::Uint8 || type == Type::Uint16 || type == Type::Uint32 ||
         type == Type::Uint64;
}

int significand_bits(Type type) {
  switch (type) {
    case Type::Float16:
      return 11;
    case Type::Bfloat16:
      return 8;
    case Type::Float:
      return 24;
    default:
      return 53;
  }
}

// Every value of `from` is one of `to`.
bool is_lossless(Type from, Type to) {
  if (from == to) return true;
  if (from == Type::Bool) return is_integer(to) || is_ieee(to);
  if (is_integer(from) && is_integer(to)) {
    if (is_unsigned(from)) return element_bits(to) > element_bits(from);
    return !is_unsigned(to) && element_bits(to) > element_bits(from);
  }
  if (is_integer(from) && is_ieee(to))
    return element_bits(from) - (is_unsigned(from) ? 0 : 1) <= significand_bits(to);
  if (is_ieee(from) && is_ieee(to))
    return to == Type::Double || (to == Type::Float && from != Type::Double);
  return false;
}

// Whether x cast to `between` and then to `to` is x cast to `to` for all values, those included
// whose conversion the specification leaves open (a float beyond an integer's range).
bool is_detour(Type from, Type between, Type to) {
  if (!is_lossless(from, between)) return false;
  if (to == from || to == Type::Bool) return true;
  if (is_ieee(from)) return is_ieee(to);
  if (is_ieee(between) && is_integer(to)) return is_lossless(from, to);
  return is_integer(to) || is_ieee(to);
}

std::optional<std::string> rewrite(Node& node, const PassContext&) {
  Value* const between = node.input(0);
  if (between == nullptr || between->producer == nullptr || !between->producer->is_op("Cast"))
    return "";
  Value* source = between->producer->input(0);
  if (source == nullptr || source->type.kind != ValueType::Kind::Tensor) return "";
  const Type from = source->type.element, middle = between->type.element;
  const auto to = static_cast<Type>(node.int_attribute("to", 0));
  if (from == Type::Undefined || middle == Type::Undefined) return "a type is unknown";
  if (!is_detour(from, middle, to))
    return std::string(element_type_name(from)) + " to " + std::string(element_type_name(middle)) +
           " to " + std::string(element_type_name(to)) + " may change values";
  if (to == from) return bypass(node, *source);
  const Node* const before = between->producer;
  node.set_input(0, source);
  remove_unused(*between);
  add_origins_of_removed(node, {&before, 1});
  return std::nullopt;
}

}  // namespace

void register_rewrite_merge_casts(PassRegistry& registry) {
  registry.add({.id = "merge_casts",
                .doc = "A Cast of a Cast reads what the first one read, where the type between "
                       "holds every value of the first: float32 to float64 to float16, bool to "
                       "int64 to bool. int64 to int32 to int64 stays.",
                .phase = Phase::Clean,
                .after = {"eliminate_identity"},
                .operators = {"Cast"},
                .rewrite = rewrite});
}

}  // namespace acuate
