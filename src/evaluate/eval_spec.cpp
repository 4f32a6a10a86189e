#include "evaluate/eval_spec.h"

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "data/strict_yaml.h"

namespace acuate {
namespace {

constexpr uint64_t kMaxFileBytes = 1 << 20;

// A path of the spec, made absolute or relative to where we are, that must exist.
Result<std::filesystem::path> existing(const StrictYaml& yaml, const std::string& key,
                                       const std::filesystem::path& folder,
                                       const std::string& text) {
  const std::filesystem::path path = folder / text;
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    return fail("{}{}: there is no file or folder '{}'", yaml.where(key), key,
                to_valid_utf8(path.string()));
  return path;
}

Result<void> read_preprocess_key(const StrictYaml& yaml, const std::filesystem::path& folder,
                                 EvalSpec& spec) {
  if (!yaml.has("preprocess")) return {};
  const auto inline_keys = yaml.map("preprocess");
  const auto name = inline_keys ? Result<std::optional<std::string>>(std::optional<std::string>())
                                : yaml.text("preprocess");
  if (!name) return name.error();
  auto preprocess = inline_keys ? parse_preprocess(*inline_keys) : read_preprocess(**name, folder);
  // A preset's or file's own message carries its place only where it is a file.
  if (!preprocess && inline_keys) return preprocess.error();
  if (!preprocess) return Error{yaml.where("preprocess") + preprocess.error().message};
  spec.preprocess = std::move(*preprocess);
  return {};
}

Result<void> read_decoder(const StrictYaml& yaml, const DecoderRegistry& decoders, EvalSpec& spec) {
  if (!yaml.has("decoder")) return {};
  std::string id;
  DecoderOptions given;
  if (const auto options = yaml.map("decoder")) {
    const auto named = options->text("id");
    if (!named) return named.error();
    if (!*named) return Error{yaml.where("decoder") + "decoder: `id` is missing"};
    id = **named;
    for (const std::string& key : options->keys()) {
      if (key == "id") continue;
      // A list stands in brackets, a number does not.
      const auto list = options->numbers(key);
      const auto value = options->number(key);
      if (!value && !list) return value.error();
      given.set(to_snake_case(key), value ? std::vector{**value} : **list);
    }
  } else {
    const auto named = yaml.text("decoder");
    if (!named) return named.error();
    id = **named;
  }
  const auto decoder = decoders.find(id, "decoder");
  if (!decoder) return Error{yaml.where("decoder") + decoder.error().message};
  auto complete = complete_options(**decoder, given);
  if (!complete) return Error{yaml.where("decoder") + complete.error().message};
  spec.decoder = (*decoder)->id;
  spec.decoder_options = std::move(*complete);
  return {};
}

Result<void> read_metrics(const StrictYaml& yaml, const DecoderRegistry& decoders,
                          const MetricRegistry& metrics, EvalSpec& spec) {
  const auto names = yaml.texts("metrics");
  if (!names) return names.error();
  if (!*names || (*names)->empty())
    return Error{yaml.where("metrics") + "metrics: expected at least one, e.g. [sqnr]"};
  for (const std::string& name : **names) {
    const auto metric = metrics.find(name, "metric");
    if (!metric) return Error{yaml.where("metrics") + metric.error().message};
    const std::string& needs = (*metric)->needs;
    if (!needs.empty() &&
        (spec.decoder.empty() || decoders.lookup(spec.decoder)->produces != needs))
      return fail("{}metric '{}' needs a `decoder` that gives {}, found {}", yaml.where("metrics"),
                  name, needs,
                  spec.decoder.empty() ? "none" : "'" + to_kebab_case(spec.decoder) + "'");
    if (std::find(spec.metrics.begin(), spec.metrics.end(), (*metric)->id) != spec.metrics.end())
      return fail("{}metric '{}' is named twice", yaml.where("metrics"), name);
    spec.metrics.push_back((*metric)->id);
  }
  return {};
}

// `{by: folder, classes: […]}` or `{by: file-name, pattern: …}`.
Result<LabelSource> label_rule(const StrictYaml& yaml) {
  const std::vector<std::string> keys = {"by", "classes", "pattern"},
                                 rules = {"folder", "file-name"};
  if (auto allowed = yaml.allow_only(keys); !allowed) return allowed.error();
  const auto rule = yaml.choice("by", rules);
  if (!rule) return rule.error();
  if (!*rule) return Error{yaml.where("by") + "labels: `by` is missing: folder or file-name"};
  const bool by_folder = **rule == "folder";
  const char* unread = by_folder ? "pattern" : "classes";
  if (yaml.has(unread))
    return fail("{}labels: by {} reads no `{}`", yaml.where(unread), **rule, unread);
  const auto classes = yaml.texts("classes");
  if (!classes) return classes.error();
  const auto pattern = yaml.text("pattern");
  if (!pattern) return pattern.error();
  if (!by_folder && !*pattern)
    return fail("{}labels: `pattern` is missing, e.g. '_(\\d+)\\.'", yaml.where("by"));
  return LabelSource{by_folder ? LabelSource::Kind::Folder : LabelSource::Kind::FileName,
                     {},
                     pattern->value_or(""),
                     classes->value_or(std::vector<std::string>())};
}

Result<void> read_labels(const StrictYaml& yaml, const std::filesystem::path& folder,
                         const MetricRegistry& metrics, EvalSpec& spec) {
  if (yaml.has("labels")) {
    const auto rule = yaml.map("labels");
    const auto name = rule ? Result<std::optional<std::string>>(std::optional<std::string>())
                           : yaml.text("labels");
    if (!name) return name.error();
    const auto path =
        rule ? Result(std::filesystem::path()) : existing(yaml, "labels", folder, **name);
    if (!path) return path.error();
    auto source = rule ? label_rule(*rule) : label_file(*path);
    if (!source && rule) return source.error();
    if (!source) return Error{yaml.where("labels") + source.error().message};
    spec.labels = std::move(*source);
  }
  bool are_read = false;
  for (const std::string& id : spec.metrics) {
    const std::string& needs = metrics.lookup(id)->labels;
    are_read |= !needs.empty();
    if (needs.empty() || (spec.labels && spec.labels->gives() == needs)) continue;
    return fail("{}metric '{}' needs `labels` that give {}, found {}", yaml.where("metrics"),
                to_kebab_case(id), needs == "boxes" ? "boxes (a COCO .json)" : "a class each",
                !spec.labels                      ? "none"
                : spec.labels->gives() == "boxes" ? "boxes"
                                                  : "classes");
  }
  if (spec.labels && !are_read)
    return fail("{}labels: none of the metrics ({}) reads labels; remove this key",
                yaml.where("labels"), join(spec.metrics, ", "));
  return {};
}

}  // namespace

Result<EvalSpec> parse_eval_spec(std::string_view text, const std::filesystem::path& source,
                                 const DecoderRegistry& decoders, const MetricRegistry& metrics) {
  const std::vector<std::string> keys = {"data", "preprocess", "decoder", "metrics", "labels"};
  const auto yaml = StrictYaml::parse(text, source.string());
  if (!yaml) return yaml.error();
  if (auto allowed = yaml->allow_only(keys); !allowed) return allowed.error();
  const std::filesystem::path folder = source.parent_path();
  EvalSpec spec;

  const auto data = yaml->text("data");
  if (!data) return data.error();
  if (!*data)
    return fail("{}: `data` is missing; expected a folder of images, a list, .npy or .npz",
                source.string());
  auto data_path = existing(*yaml, "data", folder, **data);
  if (!data_path) return data_path.error();
  spec.data = std::move(*data_path);

  if (auto done = read_preprocess_key(*yaml, folder, spec); !done) return done.error();
  if (auto done = read_decoder(*yaml, decoders, spec); !done) return done.error();
  if (auto done = read_metrics(*yaml, decoders, metrics, spec); !done) return done.error();

  if (auto done = read_labels(*yaml, folder, metrics, spec); !done) return done.error();
  return spec;
}

Result<EvalSpec> read_eval_spec(const std::filesystem::path& path, const DecoderRegistry& decoders,
                                const MetricRegistry& metrics) {
  const auto text = read_text_file(path, kMaxFileBytes);
  if (!text) return text.error();
  return parse_eval_spec(*text, path, decoders, metrics);
}

}  // namespace acuate
