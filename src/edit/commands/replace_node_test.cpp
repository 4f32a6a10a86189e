#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N] x, float[N] u) => (float[N] z, float[N] q) <float[N] a, float[N] g, float[1] w = {2}> {
    a = Abs (x)
    [gelu] g = com.microsoft.Gelu (a)
    [mul] z = Mul (g, w)
    q = Relu (u)
  })";

TEST(ReplaceNode, ByTextAtItsPlace) {
  EXPECT_THAT(
      edited(kModel,
             R"(replace-node gelu text:"(v) => (r) { s = Sigmoid (v)  [gelu] r = Mul (v, s) }")"),
      AllOf(HasSubstr("s = Sigmoid (a)\n   [gelu] g = Mul (a, s)\n   [mul] z = Mul (g, w)")));
}

TEST(ReplaceNode, ByNames) {
  EXPECT_THAT(
      edited(
          kModel,
          R"(replace-node mul text:"(p, r) => (o, k) { k = Sub (p, r)  o = Add (p, r) }" z=k u=r g=p)"),
      AllOf(HasSubstr("z = Sub (g, u)"), HasSubstr("o = Add (g, u)"),
            testing::Not(HasSubstr("w"))));
}

TEST(ReplaceNode, WhatPassesThroughComesByAnIdentity) {
  EXPECT_THAT(edited(kModel, R"(replace-node gelu text:"(v) => (v) { k = Neg (v) }")"),
              HasSubstr("g = Identity (a)"));
}

TEST(ReplaceNode, ThePrefixMakesRoom) {
  const std::string graph = R"(text:"(v) => (r) { a = Neg (v)  r = Exp (a) }")";
  EXPECT_THAT(refusal(kModel, "replace-node gelu " + graph), HasSubstr("both have value 'a'"));
  EXPECT_THAT(edited(kModel, "replace-node gelu " + graph + " --prefix new/"),
              HasSubstr("\"new/a\" = Neg (a)"));
}

TEST(ReplaceNode, TheRestMustFit) {
  EXPECT_THAT(refusal(kModel, R"(replace-node gelu text:"(v, k) => (r) { r = Add (v, k) }")"),
              HasSubstr("nothing feeds the graph's input 'k'"));
  EXPECT_THAT(refusal(kModel, R"(replace-node gelu text:"(int64[N] v) => (r) { r = Neg (v) }")"),
              HasSubstr("'a' is float32[N] and cannot stand for 'v', which is int64[N]"));
  EXPECT_THAT(refusal(kModel, R"(replace-node gelu text:"(v) => (r) { r = Neg (t) }")"),
              HasSubstr("is not valid"));
  EXPECT_THAT(refusal(kModel, R"(replace-node gelu text:"(v) => (r) { r = Add (v, v) }" z=r)"),
              HasSubstr("no output of the node"));
  EXPECT_THAT(refusal(kModel, R"(replace-node gelu text:"(v, k) => (r) { r = Add (v, k) }" z=k)"),
              HasSubstr("would form a cycle"));
  EXPECT_THAT(refusal(kModel, "replace-node gelu other.onnx"),
              HasSubstr("files cannot be read from here"));
}

TEST(ReplaceNode, OtherOpsetsAreConverted) {
  EXPECT_THAT(
      edited(
          kModel,
          R"(replace-node gelu text:"<ir_version: 8, opset_import: [\"\" : 11]> g (float[N] v) => (float[N] r) { c = Constant <value = int64[1] {0}> ()  e = Unsqueeze <axes = [0]> (v)  r = Squeeze <axes = [0]> (e) }")"),
      AllOf(HasSubstr("Unsqueeze (a, "), HasSubstr("[\"\" : 17")));
}

}  // namespace
}  // namespace acuate
