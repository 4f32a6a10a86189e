#include "convert/module_config.h"

#include <gtest/gtest.h>

namespace acuate {
namespace {

std::string text(std::string_view json) {
  const auto config = parse_module_config(json, "c.json");
  if (!config) return config.error().message;
  std::string out;
  for (const auto& [path, choice] : *config)
    out += path + (choice.convert ? ":convert" : ":host") + (choice.may_divide ? ":auto" : "") +
           (choice.fp16 ? ":fp16" : "") + (choice.int8 ? ":int8" : "") + " ";
  return out;
}

TEST(ModuleConfig, ReadsDottedKeysAndChildrenAlike) {
  EXPECT_EQ(text(R"({"backbone.conv.stem1": {"rt_mode": "onnx", "auto": true, "fp16": true}})"),
            "backbone.conv.stem1:convert:auto:fp16 ");
  EXPECT_EQ(text(R"({"backbone": {"children": {"conv": {"rt_mode": "onnx", "int8": true},
                                               "head": {"rt_mode": null}}}})"),
            "backbone.conv:convert:int8 backbone.head:host ");
}

TEST(ModuleConfig, NamesWhatIsWrong) {
  EXPECT_EQ(text(R"({"a": {"rt_mod": "onnx"}})"),
            "c.json: 'a' has the unknown key 'rt_mod'; did you mean 'rt_mode'?");
  EXPECT_EQ(text(R"({"a": {"rt_mode": "trt"}})"),
            "c.json: rt_mode of 'a' is \"trt\"; expected \"onnx\", \"torch\" or null");
  EXPECT_EQ(text(R"({"a": {"auto": 1, "rt_mode": "onnx"}})"),
            "c.json: auto of 'a' is 1; expected true or false");
  EXPECT_EQ(text(R"({"a": {"rt_mode": "onnx"}, "a.b": {"rt_mode": "onnx"}})"),
            "c.json: 'a.b' is converted with 'a', which holds it; name one of them");
  EXPECT_EQ(text(R"({"a.b": {"rt_mode": null}, "a": {"children": {"b": {"rt_mode": "onnx"}}}})"),
            "c.json: module 'a.b' is named twice");
  EXPECT_EQ(text(R"({"a": {"rt_mode": "onnx"}, "a": {"rt_mode": null}})"),
            "c.json: the key 'a' stands twice");
  EXPECT_EQ(text(R"(["a"])"), "c.json: the configuration is no object; expected modules by path");
  EXPECT_EQ(text("{"), "c.json: this is no JSON");
}

TEST(ModuleConfig, AModuleIsWithinItself) {
  EXPECT_TRUE(is_within("a.b", "a.b"));
  EXPECT_TRUE(is_within("a.b.c", "a.b"));
  EXPECT_FALSE(is_within("a.bc", "a.b"));
  EXPECT_TRUE(is_within("a", ""));
}

}  // namespace
}  // namespace acuate
