// Attention with its caches, rotary embeddings, mixtures of experts. Names as in the
// specifications: query [batch, sequence, heads · head_size] or [batch, heads, sequence,
// head_size]; caches are [batch, heads, length, head_size].
#include <fmt/format.h>

#include "shape/axes.h"
#include "shape/operands.h"

namespace acuate {
namespace {

using Element = ElementType;

size_t rank_of(const RuleContext& context, size_t slot) {
  const Dims* shape = context.shape(slot);
  return shape ? shape->size() : 0;  // 0: unknown
}

// ai.onnx Attention: Q, K, V of rank 3 with q_num_heads and kv_num_heads, or of rank 4.
bool infer_attention(RuleContext& context) {
  for (const size_t slot : {0U, 1U, 2U})
    if (!check_rank(context, slot, 3, 4)) return false;
  const size_t rank = rank_of(context, 0);
  if (rank == 0) {
    context.set(0, context.element(0), std::nullopt);
    return true;
  }
  const bool is_flat = rank == 3;
  const auto heads_of = [&](size_t slot, const char* attribute) {
    if (rank_of(context, slot) == 4) return dim_of(context, slot, 1);
    const int64_t given = context.int_attribute(attribute, 0);
    return given > 0 ? Expr(given) : Expr::unknown();
  };
  const Expr q_heads = heads_of(0, "q_num_heads"), kv_heads = heads_of(1, "kv_num_heads");
  if (is_flat && (q_heads.is_unknown() || kv_heads.is_unknown()))
    return context.refuse("inputs of rank 3 need the attributes q_num_heads and kv_num_heads");
  const auto head_size = [&](size_t slot, Expr heads) {
    return rank_of(context, slot) == 3 ? floor_div(dim_of(context, slot, 2), heads)
                                       : dim_of(context, slot, 3);
  };
  const Expr k_size = head_size(1, kv_heads), v_size = head_size(2, kv_heads);
  const Expr batch = dim_of(context, 0, 0), length = dim_of(context, 0, -2);
  Expr total = dim_of(context, 1, -2);
  if (context.has_input(4)) total = total + dim_of(context, 4, 2);
  context.set(
      0, context.element(0),
      is_flat ? Dims{batch, length, q_heads * v_size} : Dims{batch, q_heads, length, v_size});
  context.set(1, context.element(1), Dims{batch, kv_heads, total, k_size});
  context.set(2, context.element(2), Dims{batch, kv_heads, total, v_size});
  context.set(3, context.element(0), Dims{batch, q_heads, length, total});
  return true;
}

// ai.onnx.preview: bodies may change its scores, never their shape.
bool infer_flex_attention(RuleContext& context) {
  for (const size_t slot : {0U, 1U, 2U})
    if (!check_rank(context, slot, 4)) return false;
  if (!check_same(context, dim_of(context, 1, 3), dim_of(context, 0, 3),
                  "head size of keys against queries") ||
      !check_same(context, dim_of(context, 2, 2), dim_of(context, 1, 2),
                  "length of values against keys"))
    return false;
  context.set(0, context.element(0),
              Dims{dim_of(context, 0, 0), dim_of(context, 0, 1), dim_of(context, 0, 2),
                   dim_of(context, 2, 3)});
  return true;
}

// A carry of the causal axis: like the state that came in, else of one window less one.
bool infer_causal_conv(RuleContext& context) {
  if (!infer_like_first(context)) return false;
  const bool has_state = context.shape(3) != nullptr;
  if (has_state) {
    set_like(context, 1, 3, context.element(0));
  } else if (context.node().domain().empty()) {
    context.set(1, context.element(0),
                Dims{dim_of(context, 0, 0), dim_of(context, 0, 1), dim_of(context, 1, 2) - 1});
  } else {
    context.set(1, context.element(0), std::nullopt);
  }
  return true;
}

bool infer_linear_attention(RuleContext& context) {
  for (const size_t slot : {0U, 1U, 2U})
    if (!check_rank(context, slot, 3)) return false;
  const Expr q_heads = context.int_attribute("q_num_heads", 0),
             kv_heads = context.int_attribute("kv_num_heads", 0);
  if (q_heads.is_number(0) || kv_heads.is_number(0))
    return context.refuse("it lacks the attributes q_num_heads and kv_num_heads");
  const Expr k_size = floor_div(dim_of(context, 0, 2), q_heads),
             v_size = floor_div(dim_of(context, 2, 2), kv_heads);
  const Expr batch = dim_of(context, 0, 0);
  // Microsoft's operator also takes more heads of keys than of queries.
  const Expr heads = context.node().domain().empty() ? q_heads : max(q_heads, kv_heads);
  context.set(0, context.element(0), Dims{batch, dim_of(context, 0, 1), heads * v_size});
  if (context.shape(3))
    set_like(context, 1, 3, context.element(3));
  else
    context.set(1, known_or(context.element(3), context.element(0)),
                Dims{batch, kv_heads, k_size, v_size});
  return true;
}

// --- com.microsoft ------------------------------------------------------------------------------

// Input [batch, sequence, …] times merged weights of queries, keys and values; a cache of both.
bool attend_merged(RuleContext& context, size_t past_slot, Element element) {
  if (!check_rank(context, 0, 2, 3)) return false;
  const auto sizes = context.ints_attribute("qkv_hidden_sizes");
  const Expr heads = context.int_attribute("num_heads", 0);
  const Expr merged = dim_of(context, 1, -1);
  const bool has_sizes = sizes && sizes->size() == 3;
  const Expr v_hidden = has_sizes ? Expr((*sizes)[2]) : floor_div(merged, 3);
  const Expr q_hidden = has_sizes ? Expr((*sizes)[0]) : floor_div(merged, 3);
  const size_t rank = rank_of(context, 0);
  if (rank == 2) {  // packed: [tokens, hidden]
    context.set(0, element, Dims{dim_of(context, 0, 0), v_hidden});
    return true;
  }
  const Expr batch = dim_of(context, 0, 0), length = dim_of(context, 0, 1);
  context.set(0, element, Dims{batch, length, v_hidden});
  const bool shares_buffer = context.int_attribute("past_present_share_buffer", 0) != 0;
  Expr total = length;
  if (context.has_input(past_slot))
    total = shares_buffer ? dim_of(context, past_slot, 3) : length + dim_of(context, past_slot, 3);
  context.set(1, element,
              Dims{2, batch, heads.is_number(0) ? Expr::unknown() : heads, total,
                   heads.is_number(0) ? Expr::unknown() : floor_div(q_hidden, heads)});
  return true;
}
bool infer_ms_attention(RuleContext& context) {
  return attend_merged(context, 4, context.element(0));
}
bool infer_qattention(RuleContext& context) {
  return attend_merged(context, 8, known_or(context.element(3), Element::Float));
}
bool infer_packed_attention(RuleContext& context) {
  return attend_merged(context, SIZE_MAX, context.element(0));
}

struct Operands {
  size_t key = 1, value = 2, past_key = 6, past_value = 7, past_length = 8;
};

// The width of the result: of the values, which stand by themselves, as a cache, or packed with
// keys or queries.
Expr value_width(const RuleContext& context, const Operands& at, Expr heads) {
  if (context.has_input(at.value)) {
    if (rank_of(context, at.value) == 4)
      return dim_of(context, at.value, 1) * dim_of(context, at.value, 3);
    return dim_of(context, at.value, -1);
  }
  if (context.has_input(at.key))
    return rank_of(context, at.key) == 5 ? dim_of(context, at.key, 2) * dim_of(context, at.key, 4)
                                         : Expr::unknown();
  const size_t rank = rank_of(context, 0);
  if (rank >= 4) return dim_of(context, 0, -3) * dim_of(context, 0, -1);  // […, heads, 3, size]
  return rank == 3 && !heads.is_unknown() ? floor_div(dim_of(context, 0, 2), 3) : Expr::unknown();
}

bool attend(RuleContext& context, const Operands& at) {
  const int64_t given = context.int_attribute("num_heads", 0);
  const Expr heads = given > 0 ? Expr(given) : Expr::unknown();
  const Expr width = value_width(context, at, heads);
  const Expr batch = dim_of(context, 0, 0);
  context.set(0, context.element(0), Dims{batch, dim_of(context, 0, 1), width});
  const size_t key_rank = rank_of(context, at.key);
  const Expr head_size = rank_of(context, 0) == 5    ? dim_of(context, 0, 4)
                         : key_rank >= 4             ? dim_of(context, at.key, -1)
                         : heads.is_unknown()        ? heads
                         : context.has_input(at.key) ? floor_div(dim_of(context, 0, 2), heads)
                                                     : Expr::unknown();
  Expr length = !context.has_input(at.key) ? dim_of(context, 0, 1)
                : key_rank == 4            ? dim_of(context, at.key, 2)
                                           : dim_of(context, at.key, 1);
  if (context.has_input(at.past_key))  // with its length beside it, a buffer that is reused
    length = context.has_input(at.past_length) ? dim_of(context, at.past_key, 2)
                                               : length + dim_of(context, at.past_key, 2);
  context.set(1, context.element(0), Dims{batch, heads, length, head_size});
  context.set(2, context.element(0),
              Dims{batch, heads, length, heads.is_unknown() ? heads : floor_div(width, heads)});
  context.set(3, context.element(0), std::nullopt);
  return true;
}
bool infer_multi_head_attention(RuleContext& context) {
  return check_rank(context, 0, 3, 5) && attend(context, {});
}
bool infer_decoder_masked(RuleContext& context) {
  return check_rank(context, 0, 3) && attend(context, {1, 2, 5, 6, 7});
}
bool infer_packed_multi_head_attention(RuleContext& context) {
  if (!check_rank(context, 0, 2, 4)) return false;
  context.set(0, context.element(0), Dims{dim_of(context, 0, 0), value_width(context, {}, 1)});
  return true;
}

// Query heads share fewer heads of keys and values; without a key all three are packed.
Expr grouped_width(const RuleContext& context, Expr& head_size) {
  const int64_t heads = context.int_attribute("num_heads", 0),
                kv_heads = context.int_attribute("kv_num_heads", 0);
  const Expr width = dim_of(context, 0, -1);
  head_size = Expr::unknown();
  if (heads < 1) return context.has_input(1) ? width : Expr::unknown();
  const bool is_packed = !context.has_input(1);
  if (is_packed && kv_heads < 1) return Expr::unknown();
  head_size = floor_div(width, is_packed ? heads + 2 * kv_heads : heads);
  return is_packed ? head_size * heads : width;
}

bool infer_group_query_attention(RuleContext& context) {
  if (!check_rank(context, 0, 3)) return false;
  Expr head_size;
  const Expr width = grouped_width(context, head_size);
  const Expr batch = dim_of(context, 0, 0), length = dim_of(context, 0, 1);
  context.set(0, context.element(0), Dims{batch, length, width});
  const int64_t kv_heads = context.int_attribute("kv_num_heads", 0);
  for (const size_t slot : {1U, 2U}) {
    const size_t past = slot + 2;
    Dims cache{batch, kv_heads > 0 ? Expr(kv_heads) : Expr::unknown(),
               context.has_input(past) ? Expr::unknown() : length, head_size};
    // Whether the past is a buffer that is reused shows only at run time.
    if (const Dims* shape = context.shape(past); shape && shape->size() == 4) {
      cache = *shape;
      cache[2] = Expr::unknown();
    }
    context.set(slot, known_or(context.element(past), context.element(0)), std::move(cache));
  }
  context.set(3, context.element(0), std::nullopt);
  return true;
}

// Caches of fixed size, updated in place, in these slots.
bool attend_cached(RuleContext& context, size_t key_cache, size_t value_cache) {
  if (!check_rank(context, 0, 2, 3)) return false;
  Expr head_size;
  const Expr width = grouped_width(context, head_size);
  std::optional<Dims> out;
  if (const Dims* query = context.shape(0)) {
    out = *query;
    const bool is_narrow = context.string_attribute("kv_cache_layout", "") == "LATENT";
    out->back() = is_narrow ? Expr::unknown() : width;
  }
  context.set(0, context.element(0), std::move(out));
  set_like(context, 1, key_cache, context.element(key_cache));
  set_like(context, 2, value_cache, context.element(value_cache));
  return true;
}
bool infer_cached_attention(RuleContext& context) { return attend_cached(context, 3, 4); }

bool infer_gemma_rotary(RuleContext& context) {
  set_like(context, 0, 1, context.element(1));
  set_like(context, 1, 3, context.element(3));
  return true;
}

bool infer_relative_position_bias(RuleContext& context) {
  if (!check_rank(context, 0, 2)) return false;
  context.set(0, context.element(0),
              Dims{1, dim_of(context, 0, 1), scalar_of(context, 1), scalar_of(context, 2)});
  return true;
}
bool infer_gated_relative_position_bias(RuleContext& context) {
  const Expr batch = dim_of(context, context.has_input(6) ? 6 : 0, 0);
  context.set(0, context.element(0),
              Dims{batch, dim_of(context, 2, 1), dim_of(context, 2, 2), dim_of(context, 2, 3)});
  return true;
}

bool infer_remove_padding(RuleContext& context) {
  if (!check_rank(context, 0, 3)) return false;
  const Expr batch = dim_of(context, 0, 0);
  context.set(0, context.element(0), Dims{Expr::unknown(), dim_of(context, 0, 2)});
  context.set(1, Element::Int32, Dims{batch, dim_of(context, 0, 1)});
  context.set(2, Element::Int32, Dims{batch + 1});
  context.set(3, Element::Int32, Dims{1});
  return true;
}
bool infer_restore_padding(RuleContext& context) {
  if (!check_rank(context, 0, 2) || !check_rank(context, 1, 2)) return false;
  context.set(0, context.element(0),
              Dims{dim_of(context, 1, 0), dim_of(context, 1, 1), dim_of(context, 0, 1)});
  return true;
}

}  // namespace

void register_shape_attention(ShapeFamilyRegistry& registry) {
  const std::string ms = "com.microsoft";
  ShapeFamily family{
      .id = "attention",
      .doc = "attention with caches, rotary embeddings, mixtures of experts",
      .operators = {{"", "Attention", false, infer_attention},
                    {"ai.onnx.preview", "FlexAttention", false, infer_flex_attention},
                    {"", "LinearAttention", false, infer_linear_attention},
                    {"", "CausalConvWithState", false, infer_causal_conv},
                    {"", "RotaryEmbedding", false, infer_like_first},
                    {"", "TensorScatter", false, infer_like_first},
                    {ms, "Attention", false, infer_ms_attention},
                    {ms, "DecoderMaskedSelfAttention", false, infer_ms_attention},
                    {ms, "QAttention", false, infer_qattention},
                    {ms, "PackedAttention", false, infer_packed_attention},
                    {ms, "MultiHeadAttention", false, infer_multi_head_attention},
                    {ms, "DecoderMaskedMultiHeadAttention", false, infer_decoder_masked},
                    {ms, "PackedMultiHeadAttention", false, infer_packed_multi_head_attention},
                    {ms, "GroupQueryAttention", false, infer_group_query_attention},
                    {ms, "DynamicSparseAttention", false, infer_group_query_attention},
                    {ms, "SparseAttention", false, infer_cached_attention},
                    {ms, "PagedAttention", false, infer_cached_attention},
                    {ms, "SparsePagedAttention", false, infer_cached_attention},
                    {ms, "LinearAttention", false, infer_linear_attention},
                    {ms, "CausalConvWithState", false, infer_causal_conv},
                    {ms, "GemmaRotaryEmbedding", false, infer_gemma_rotary},
                    {ms, "RelativePositionBias", false, infer_relative_position_bias},
                    {ms, "GatedRelativePositionBias", false, infer_gated_relative_position_bias},
                    {ms, "RemovePadding", false, infer_remove_padding},
                    {ms, "RestorePadding", false, infer_restore_padding}}};
  for (const char* op : {"LongformerAttention", "QOrderedAttention", "QOrderedLongformerAttention",
                         "RotaryEmbedding", "MRotaryEmbedding", "MoE", "QMoE"})
    family.operators.push_back({ms, op, false, infer_like_first});
  registry.add(std::move(family));
}

}  // namespace acuate
