#include "evaluate/eval_spec.h"

#include <fstream>

#include <gmock/gmock.h>

namespace acuate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class EvalSpecTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "acuate_spec_XXXXXX").string();
    folder_ = mkdtemp(name.data());
    std::filesystem::create_directory(folder_ / "pages");
    std::ofstream(folder_ / "p.yaml") << "preset: ppocr_det\n";
    std::ofstream(folder_ / "labels.csv") << "a.png,0\n";
    register_all_decoders(decoders_);
    register_all_metrics(metrics_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<EvalSpec> parse(std::string_view text) {
    return parse_eval_spec(text, folder_ / "eval.yaml", decoders_, metrics_);
  }
  std::string error_of(std::string_view text) {
    const auto spec = parse(text);
    return spec ? "no error" : spec.error().message;
  }

  std::filesystem::path folder_;
  DecoderRegistry decoders_;
  MetricRegistry metrics_;
};

TEST_F(EvalSpecTest, ReadsPathsBesideItself) {
  std::ofstream(folder_ / "eval.yaml")
      << "data: pages\npreprocess: p.yaml\ndecoder: db-text\nmetrics: [sqnr, text-box-f1]\n";
  const auto spec = read_eval_spec(folder_ / "eval.yaml", decoders_, metrics_);
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->data, folder_ / "pages");
  EXPECT_EQ(spec->preprocess->channel_order, Preprocess::ChannelOrder::Bgr);
  EXPECT_EQ(spec->decoder, "db_text");
  EXPECT_EQ(spec->decoder_options.at("threshold"), 0.3);
  EXPECT_THAT(spec->metrics, ElementsAre("sqnr", "text_box_f1"));
  EXPECT_FALSE(spec->labels);
}

TEST_F(EvalSpecTest, TakesPreprocessAndDecoderInline) {
  const auto spec = parse(
      "data: pages\npreprocess: {preset: unit, layout: nhwc}\ndecoder: {id: db-text, threshold: "
      "0.4}\nmetrics: [cosine]\n");
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->preprocess->layout, Preprocess::Layout::Nhwc);
  EXPECT_EQ(spec->decoder_options.at("threshold"), 0.4);
  EXPECT_FALSE(parse("data: pages\nmetrics: [sqnr]\n")->preprocess);
}

TEST_F(EvalSpecTest, RefusesMistakesByLine) {
  EXPECT_THAT(error_of("metrics: [sqnr]\n"), HasSubstr("`data` is missing"));
  EXPECT_THAT(error_of("metrics: [sqnr]\ndata: none\n"),
              HasSubstr("eval.yaml:2: data: there is no file or folder"));
  EXPECT_THAT(error_of("data: pages\nmetric: [sqnr]\n"),
              HasSubstr("eval.yaml:2: unknown key 'metric', did you mean 'metrics'?"));
  EXPECT_THAT(error_of("data: pages\n"), HasSubstr("expected at least one"));
  EXPECT_THAT(error_of("data: pages\nmetrics: []\n"), HasSubstr("expected at least one"));
  EXPECT_THAT(
      error_of("data: pages\nmetrics: [psnr]\n"),
      HasSubstr("there is no metric 'psnr'; there are: agreement-ap, coco-ap, cosine, sqnr, "));
  EXPECT_THAT(error_of("data: pages\nmetrics: [sqnr, sqnr]\n"), HasSubstr("named twice"));
  EXPECT_THAT(error_of("data: pages\nmetrics: [text-box-f1]\n"),
              HasSubstr("needs a `decoder` that gives text_boxes, found none"));
  EXPECT_THAT(error_of("data: pages\ndecoder: yola\nmetrics: [sqnr]\n"),
              HasSubstr("eval.yaml:2: there is no decoder 'yola'"));
  EXPECT_THAT(error_of("data: pages\ndecoder: {threshold: 1}\nmetrics: [sqnr]\n"),
              HasSubstr("`id` is missing"));
  EXPECT_THAT(error_of("data: pages\ndecoder: {id: db-text, threshold: 2}\nmetrics: [sqnr]\n"),
              HasSubstr("threshold is 2, expected 0 to 1"));
  EXPECT_THAT(error_of("data: pages\npreprocess: unt\nmetrics: [sqnr]\n"),
              HasSubstr("did you mean 'unit'?"));
  EXPECT_THAT(error_of("data: pages\nmetrics: [sqnr]\nlabels: labels.csv\n"),
              HasSubstr("none of the metrics (sqnr) reads labels"));
}

TEST_F(EvalSpecTest, ReadsLabelsAsAFileOrARule) {
  const std::string start = "data: pages\ndecoder: classifier\nmetrics: [top1]\nlabels: ";
  EXPECT_EQ(parse(start + "labels.csv\n")->labels->path, folder_ / "labels.csv");
  const auto folders = parse(start + "{by: folder, classes: [b, a]}\n");
  ASSERT_TRUE(folders) << folders.error().message;
  EXPECT_EQ(folders->labels->kind, LabelSource::Kind::Folder);
  EXPECT_THAT(folders->labels->classes, ElementsAre("b", "a"));
  const auto names = parse(start + "{by: file-name, pattern: '_(\\d+)'}\n");
  ASSERT_TRUE(names) << names.error().message;
  EXPECT_EQ(names->labels->pattern, "_(\\d+)");
  EXPECT_THAT(error_of(start + "{by: file-name}\n"), HasSubstr("`pattern` is missing"));
  EXPECT_THAT(error_of(start + "{by: folder, pattern: x}\n"), HasSubstr("reads no `pattern`"));
  EXPECT_THAT(error_of(start + "{classes: [a]}\n"), HasSubstr("`by` is missing"));
  EXPECT_THAT(error_of(start + "pages\n"), HasSubstr("eval.yaml:4: labels"));
  EXPECT_THAT(error_of("data: pages\ndecoder: classifier\nmetrics: [top1]\n"),
              HasSubstr("metric 'top1' needs `labels` that give a class each, found none"));
  EXPECT_THAT(error_of("data: pages\ndecoder: yolo\nmetrics: [coco-ap]\nlabels: labels.csv\n"),
              HasSubstr("'coco-ap' needs `labels` that give boxes (a COCO .json), found classes"));
}

TEST_F(EvalSpecTest, ReadsListsOfADecoder) {
  const auto spec =
      parse("data: pages\ndecoder: {id: yolox, strides: [4, 8], score: 0.1}\nmetrics: [sqnr]\n");
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_THAT(spec->decoder_options.list("strides"), ElementsAre(4, 8));
  EXPECT_EQ(spec->decoder_options.at("score"), 0.1);
  EXPECT_THAT(error_of("data: pages\ndecoder: {id: yolox, strides: a}\nmetrics: [sqnr]\n"),
              HasSubstr("eval.yaml:2: strides: expected a number, found 'a'"));
}

}  // namespace
}  // namespace acuate
