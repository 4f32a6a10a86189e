#include "targets/openvino/module/types.h"

#include <utility>

namespace acuate::openvino {
namespace {

const std::pair<ElementType, ov::element::Type> kTypes[] = {
    {ElementType::Float, ov::element::f32},
    {ElementType::Double, ov::element::f64},
    {ElementType::Float16, ov::element::f16},
    {ElementType::Bfloat16, ov::element::bf16},
    {ElementType::Bool, ov::element::boolean},
    {ElementType::Uint8, ov::element::u8},
    {ElementType::Int8, ov::element::i8},
    {ElementType::Uint16, ov::element::u16},
    {ElementType::Int16, ov::element::i16},
    {ElementType::Uint32, ov::element::u32},
    {ElementType::Int32, ov::element::i32},
    {ElementType::Uint64, ov::element::u64},
    {ElementType::Int64, ov::element::i64},
    {ElementType::Uint4, ov::element::u4},
    {ElementType::Int4, ov::element::i4},
    {ElementType::Float8E4M3FN, ov::element::f8e4m3},
    {ElementType::Float8E5M2, ov::element::f8e5m2},
};

}  // namespace

ElementType from_openvino(const ov::element::Type& type) {
  for (const auto& [ours, theirs] : kTypes)
    if (theirs == type) return ours;
  return ElementType::Undefined;
}

std::optional<ov::element::Type> to_openvino(ElementType type) {
  for (const auto& [ours, theirs] : kTypes)
    if (ours == type) return theirs;
  return std::nullopt;
}

}  // namespace acuate::openvino
