#include "simulate/separable_map.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/parallel.h"
#include "rewrite/legalizer.h"
#include "rewrite/resample.h"

namespace acuate {
namespace {

using Maps = Result<std::vector<SeparableMap>>;

std::vector<int64_t> strides_of(const Shape& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

std::vector<int64_t> steps(int64_t count, int64_t stride) {
  std::vector<int64_t> out(static_cast<size_t>(count));
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<int64_t>(i) * stride;
  return out;
}

// Each element where it is.
SeparableMap identity(const Shape& shape) {
  SeparableMap map{shape, {}};
  const auto strides = strides_of(shape);
  for (size_t i = 0; i < shape.size(); ++i) map.offsets.push_back(steps(shape[i], strides[i]));
  return map;
}

// Numbers of a constant int32 or int64 input; nothing where it is omitted.
Result<std::optional<std::vector<int64_t>>> numbers(const KernelRequest& request, size_t slot) {
  if (slot >= request.input_count() || request.inputs[slot].is_omitted)
    return std::optional<std::vector<int64_t>>();
  const auto& constant = request.inputs[slot].constant;
  if (!constant) return fail("its input {} is computed", slot);
  std::vector<int64_t> out;
  if (constant->type() == ElementType::Int64)
    out.assign(constant->values<int64_t>().begin(), constant->values<int64_t>().end());
  else if (constant->type() == ElementType::Int32)
    out.assign(constant->values<int32_t>().begin(), constant->values<int32_t>().end());
  else
    return fail("its input {} is {}", slot, element_type_name(constant->type()));
  return std::optional(std::move(out));
}

// Of an input that older opsets have as an attribute.
Result<std::vector<int64_t>> numbers_or_attribute(const KernelRequest& request, size_t slot,
                                                  std::string_view attribute) {
  auto given = numbers(request, slot);
  if (!given) return given.error();
  return *given ? **given : request.node.ints_attribute(attribute);
}

Result<size_t> axis_of(int64_t declared, const Shape& shape) {
  const auto rank = static_cast<int64_t>(shape.size());
  const int64_t axis = declared < 0 ? declared + rank : declared;
  if (axis < 0 || axis >= rank)
    return fail("axis {} does not exist in {}", declared, format_shape(shape));
  return static_cast<size_t>(axis);
}

Maps transpose(const KernelRequest& request, const Shape& in) {
  std::vector<int64_t> order = request.node.ints_attribute("perm");
  if (order.empty())
    for (size_t i = in.size(); i-- > 0;) order.push_back(static_cast<int64_t>(i));
  if (order.size() != in.size()) return fail("its perm has {} axes", order.size());
  const SeparableMap whole = identity(in);
  SeparableMap map;
  for (const int64_t declared : order) {
    auto axis = axis_of(declared, in);
    if (!axis) return axis.error();
    map.shape.push_back(in[*axis]);
    map.offsets.push_back(whole.offsets[*axis]);
  }
  return std::vector{std::move(map)};
}

Maps slice(const KernelRequest& request, const Shape& in) {
  auto starts = numbers_or_attribute(request, 1, "starts"),
       ends = numbers_or_attribute(request, 2, "ends"),
       axes = numbers_or_attribute(request, 3, "axes");
  auto strides = numbers(request, 4);
  for (const auto* each : {&starts, &ends, &axes})
    if (!*each) return each->error();
  if (!strides) return strides.error();
  if (axes->empty())
    for (size_t i = 0; i < starts->size(); ++i) axes->push_back(static_cast<int64_t>(i));
  const size_t count = starts->size();
  if (ends->size() != count || axes->size() != count || (*strides && (*strides)->size() != count))
    return fail("its starts, ends, axes and steps are not as many");
  SeparableMap map = identity(in);
  for (size_t i = 0; i < count; ++i) {
    auto axis = axis_of((*axes)[i], in);
    if (!axis) return axis.error();
    const int64_t size = in[*axis], step = *strides ? (**strides)[i] : 1;
    if (step == 0) return fail("its step is 0");
    const auto bound = [&](int64_t at, int64_t lowest, int64_t highest) {
      return std::clamp(at < 0 ? std::max(at, -size - 1) + size : at, lowest, highest);
    };
    const int64_t first =
        step > 0 ? bound((*starts)[i], 0, size) : bound((*starts)[i], 0, size - 1);
    const int64_t end = step > 0 ? bound((*ends)[i], 0, size) : bound((*ends)[i], -1, size - 1);
    std::vector<int64_t> kept;
    for (int64_t at = first; step > 0 ? at < end : at > end; at += step)
      kept.push_back(map.offsets[*axis][static_cast<size_t>(at)]);
    map.shape[*axis] = static_cast<int64_t>(kept.size());
    map.offsets[*axis] = std::move(kept);
  }
  return std::vector{std::move(map)};
}

Maps split(const KernelRequest& request, const Shape& in) {
  auto axis = axis_of(request.node.int_attribute("axis", 0), in);
  auto sizes = numbers_or_attribute(request, 1, "split");
  if (!axis) return axis.error();
  if (!sizes) return sizes.error();
  const auto parts = static_cast<int64_t>(request.node.outputs().size());
  const int64_t size = in[*axis], part = (size + parts - 1) / parts;
  if (sizes->empty())
    for (int64_t i = 0; i < parts; ++i)
      sizes->push_back(std::min(part, std::max<int64_t>(0, size - i * part)));
  if (static_cast<int64_t>(sizes->size()) != parts ||
      std::accumulate(sizes->begin(), sizes->end(), int64_t{0}) != size)
    return fail("its parts do not make up axis {} of {}", *axis, format_shape(in));
  std::vector<SeparableMap> maps;
  const SeparableMap whole = identity(in);
  auto from = whole.offsets[*axis].begin();
  for (const int64_t each : *sizes) {
    SeparableMap& map = maps.emplace_back(whole);
    map.shape[*axis] = each;
    map.offsets[*axis].assign(from, from + each);
    from += each;
  }
  return maps;
}

// Where index `at` of an axis of `size` elements is taken from, in Pad's modes; nothing: a
// constant.
std::optional<int64_t> padded_index(int64_t at, int64_t size, const std::string& mode) {
  if (at >= 0 && at < size) return at;
  if (mode == "edge") return std::clamp<int64_t>(at, 0, size - 1);
  if (mode == "wrap") return ((at % size) + size) % size;
  if (mode == "reflect" && size > 1) {
    const int64_t period = 2 * (size - 1), inside = ((at % period) + period) % period;
    return inside < size ? inside : period - inside;
  }
  return std::nullopt;
}

Maps pad(const KernelRequest& request, const Shape& in) {
  auto pads = numbers_or_attribute(request, 1, "pads");
  auto axes = numbers(request, 3);
  if (!pads) return pads.error();
  if (!axes) return axes.error();
  const std::string mode = request.node.string_attribute("mode", "constant");
  if (mode == "constant") {
    float value = request.node.float_attribute("value", 0);
    if (request.input_count() > 2 && !request.inputs[2].is_omitted) {
      const auto& constant = request.inputs[2].constant;
      if (!constant || constant->type() != ElementType::Float || constant->size() != 1)
        return fail("what it pads with is computed");
      value = constant->values<float>()[0];
    }
    if (value != 0) return fail("it pads with {}; only zero is simulated", value);
  }
  std::vector<int64_t> places = *axes ? **axes : steps(static_cast<int64_t>(in.size()), 1);
  if (pads->size() != 2 * places.size()) return fail("it has {} pads", pads->size());
  SeparableMap map = identity(in);
  for (size_t i = 0; i < places.size(); ++i) {
    auto axis = axis_of(places[i], in);
    if (!axis) return axis.error();
    const int64_t begin = (*pads)[i], end = (*pads)[i + places.size()];
    const std::vector<int64_t> whole = std::move(map.offsets[*axis]);
    std::vector<int64_t> padded;
    for (int64_t at = -begin; at < in[*axis] + end; ++at) {
      const auto from = padded_index(at, in[*axis], mode);
      padded.push_back(from ? whole[static_cast<size_t>(*from)] : SeparableMap::kPadding);
    }
    map.shape[*axis] = static_cast<int64_t>(padded.size());
    map.offsets[*axis] = std::move(padded);
  }
  return std::vector{std::move(map)};
}

Maps tile(const KernelRequest& request, const Shape& in) {
  auto repeats = numbers(request, 1);
  if (!repeats) return repeats.error();
  if (!*repeats || (*repeats)->size() != in.size()) return fail("it has no repeats for each axis");
  SeparableMap map = identity(in);
  for (size_t i = 0; i < in.size(); ++i) {
    const std::vector<int64_t> once = std::move(map.offsets[i]);
    map.shape[i] *= (**repeats)[i];
    map.offsets[i].clear();
    for (int64_t k = 0; k < (**repeats)[i]; ++k)
      map.offsets[i].insert(map.offsets[i].end(), once.begin(), once.end());
  }
  return std::vector{std::move(map)};
}

Maps expand(const KernelRequest& request, const Shape& in) {
  auto wanted = numbers(request, 1);
  if (!wanted) return wanted.error();
  if (!*wanted) return fail("it has no shape");
  const size_t rank = std::max(in.size(), (*wanted)->size());
  const SeparableMap whole = identity(in);
  SeparableMap map;
  for (size_t i = 0; i < rank; ++i) {
    const bool has_own = i + in.size() >= rank;
    const int64_t own = has_own ? in[i + in.size() - rank] : 1;
    const int64_t other =
        i + (*wanted)->size() >= rank ? (**wanted)[i + (*wanted)->size() - rank] : 1;
    if (own != 1 && other != 1 && own != other)
      return fail("{} cannot be expanded", format_shape(in));
    map.shape.push_back(own == 1 ? other : own);
    map.offsets.push_back(own == 1 ? std::vector<int64_t>(static_cast<size_t>(other), 0)
                                   : whole.offsets[i + in.size() - rank]);
  }
  return std::vector{std::move(map)};
}

Maps gather(const KernelRequest& request, const Shape& in) {
  auto axis = axis_of(request.node.int_attribute("axis", 0), in);
  auto places = numbers(request, 1);
  if (!axis) return axis.error();
  if (!places) return places.error();
  if (!*places) return fail("it has no indices");
  SeparableMap map = identity(in);
  std::vector<int64_t> taken;
  for (const int64_t at : **places) {
    const int64_t from = at < 0 ? at + in[*axis] : at;
    if (from < 0 || from >= in[*axis]) return fail("its index {} is out of range", at);
    taken.push_back(map.offsets[*axis][static_cast<size_t>(from)]);
  }
  map.offsets[*axis] = std::move(taken);
  const Shape& indices = request.inputs[1].constant->shape();
  const auto at = map.shape.erase(map.shape.begin() + static_cast<int64_t>(*axis));
  map.shape.insert(at, indices.begin(), indices.end());
  return std::vector{std::move(map)};
}

Maps depth_to_space(const KernelRequest& request, const Shape& in) {
  const int64_t b = request.node.int_attribute("blocksize", 1);
  if (in.size() != 4 || b < 1) return fail("its input is of shape {}", format_shape(in));
  const bool is_back = request.node.is_op("SpaceToDepth");
  if (is_back ? in[2] % b != 0 || in[3] % b != 0 : in[1] % (b * b) != 0)
    return fail("{} does not divide into blocks of {}", format_shape(in), b);
  const auto s = strides_of(in);
  SeparableMap map;
  if (is_back) {
    map.shape = {in[0], in[1] * b * b, in[2] / b, in[3] / b};
    map.offsets = {steps(in[0], s[0]),
                   steps(b, s[2]),
                   steps(b, s[3]),
                   steps(in[1], s[1]),
                   steps(in[2] / b, s[2] * b),
                   steps(in[3] / b, s[3] * b)};
    return std::vector{std::move(map)};
  }
  const int64_t depth = in[1] / (b * b);
  // DCR: the blocks stand before the channels; CRD: behind them.
  const bool is_crd = request.node.string_attribute("mode", "DCR") == "CRD";
  const int64_t channel = is_crd ? s[1] * b * b : s[1], block = is_crd ? s[1] : s[1] * depth;
  map.shape = {in[0], depth, in[2] * b, in[3] * b};
  map.offsets = {steps(in[0], s[0]),  steps(depth, channel), steps(in[2], s[2]),
                 steps(b, block * b), steps(in[3], s[3]),    steps(b, block)};
  return std::vector{std::move(map)};
}

Maps resize(const KernelRequest& request, const Shape& in) {
  ResizeRule rule;
  std::vector<ResizedAxis> axes;
  SeparableMap map = identity(in);
  if (const auto reason = read_resize(request.node, {}, rule, axes)) return fail("{}", *reason);
  for (const ResizedAxis& axis : axes) {
    const auto place = static_cast<size_t>(axis.axis);
    std::vector<int64_t> taken;
    for (const int64_t from : nearest_indices(rule, axis))
      taken.push_back(map.offsets[place][static_cast<size_t>(from)]);
    map.shape[place] = axis.to;
    map.offsets[place] = std::move(taken);
  }
  return std::vector{std::move(map)};
}

template <class Integer>
void copy_row(const Integer* from, const std::vector<int64_t>& offsets, int64_t base, Integer zero,
              Integer* to) {
  for (size_t i = 0; i < offsets.size(); ++i)
    to[i] = offsets[i] == SeparableMap::kPadding ? zero : from[base + offsets[i]];
}

}  // namespace

Tensor SeparableMap::apply(const Tensor& input, int32_t zero, const Execution& execution) const {
  Tensor out = Tensor::allocate(input.type(), shape);
  const size_t rank = offsets.size();
  const std::vector<int64_t> single{0};
  const std::vector<int64_t>& inner = rank == 0 ? single : offsets.back();
  const size_t rows =
      inner.empty() ? 0 : static_cast<size_t>(out.size()) / std::max<size_t>(1, inner.size());
  const auto width = static_cast<size_t>(element_bits(input.type()) / 8);
  std::byte* const target = out.mutable_bytes().data();
  const std::byte* const source = input.bytes().data();
  constexpr size_t kPart = 1024;
  parallel_for(
      (rows + kPart - 1) / kPart, out.size() < 1 << 16 ? 1 : execution.threads, [&](size_t part) {
        for (size_t row = part * kPart; row < std::min(rows, (part + 1) * kPart); ++row) {
          size_t rest = row;
          int64_t base = 0;
          for (size_t axis = rank; axis-- > 1;) {
            const std::vector<int64_t>& here = offsets[axis - 1];
            const int64_t step = here[rest % here.size()];
            base = base == kPadding || step == kPadding ? kPadding : base + step;
            rest /= here.size();
          }
          const size_t first = row * inner.size();
          if (base == kPadding)
            store(std::vector<int32_t>(inner.size(), zero), out, first);
          else if (width == 1)
            copy_row(reinterpret_cast<const uint8_t*>(source), inner, base,
                     static_cast<uint8_t>(zero), reinterpret_cast<uint8_t*>(target) + first);
          else
            copy_row(reinterpret_cast<const uint16_t*>(source), inner, base,
                     static_cast<uint16_t>(zero), reinterpret_cast<uint16_t*>(target) + first);
        }
      });
  return out;
}

Maps maps_of(const KernelRequest& request) {
  const Node& node = request.node;
  const auto in = node.input(0)->type.static_shape();
  if (!in) return fail("the shape of its input is not known");
  const std::string_view op = node.op_type();
  if (op == "Transpose") return transpose(request, *in);
  if (op == "Slice") return slice(request, *in);
  if (op == "Split") return split(request, *in);
  if (op == "Pad") return pad(request, *in);
  if (op == "Tile") return tile(request, *in);
  if (op == "Expand") return expand(request, *in);
  if (op == "Gather") return gather(request, *in);
  if (op == "Resize") return resize(request, *in);
  return depth_to_space(request, *in);
}

}  // namespace acuate
