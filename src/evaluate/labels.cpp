#include "evaluate/labels.h"

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "data/npy.h"
#include "evaluate/coco.h"

namespace acuate {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxLabelBytes = uint64_t{1} << 30;

Result<int64_t> class_number(std::string_view text, const std::string& where) {
  const auto number = parse_int(trim(text));
  if (!number || *number < 0)
    return fail("{}: label '{}' is no class number; expected 0, 1, …", where,
                to_valid_utf8(std::string(trim(text))));
  return *number;
}

}  // namespace

Result<LabelSource> label_file(const fs::path& path) {
  const std::string extension = path.extension().string();
  if (extension == ".csv") return LabelSource{LabelSource::Kind::Csv, path};
  if (extension == ".npy") return LabelSource{LabelSource::Kind::Npy, path};
  if (extension == ".json") return LabelSource{LabelSource::Kind::Coco, path};
  return fail("labels '{}': expected a .csv (file,label), an .npy of class numbers or a COCO .json",
              to_valid_utf8(path.string()));
}

Result<Labels> Labels::open(const LabelSource& source, Dataset dataset) {
  Labels labels(std::move(dataset));
  labels.samples_.resize(labels.dataset_.size());
  const auto read = [&]() -> Result<void> {
    switch (source.kind) {
      case LabelSource::Kind::Csv:
        return labels.read_rows(source);
      case LabelSource::Kind::Npy:
        return labels.read_array(source);
      case LabelSource::Kind::Coco:
        return labels.read_objects(source);
      case LabelSource::Kind::Folder:
        return labels.read_folders(source);
      case LabelSource::Kind::FileName:
        return labels.read_names(source);
    }
    return {};
  };
  if (auto done = read(); !done) return done.error();
  return labels;
}

Result<void> Labels::read_rows(const LabelSource& source) {
  const auto text = read_text_file(source.path, kMaxLabelBytes);
  if (!text) return text.error();
  std::map<std::string, int64_t> classes;
  size_t number = 0;
  for (const std::string& line : split(*text, '\n')) {
    ++number;
    const std::string_view row = trim(line);
    if (row.empty() || (number == 1 && row == "file,label")) continue;
    const std::string where = fmt::format("{}:{}", source.path.string(), number);
    const size_t comma = row.rfind(',');
    if (comma == row.npos)
      return fail("{}: expected `file,label`, found '{}'", where, to_valid_utf8(std::string(row)));
    const auto category = class_number(row.substr(comma + 1), where);
    if (!category) return category.error();
    const std::string name = fs::path(trim(row.substr(0, comma))).filename().string();
    if (!classes.emplace(name, *category).second)
      return fail("{}: '{}' has a label already", where, to_valid_utf8(name));
  }
  for (size_t i = 0; i < samples_.size(); ++i) {
    const auto found = classes.find(dataset_.sample_name(i));
    if (found == classes.end())
      return fail("{}: sample '{}' has no label; expected a line `{},CLASS`", source.path.string(),
                  to_valid_utf8(dataset_.sample_name(i)), to_valid_utf8(dataset_.sample_name(i)));
    samples_[i].category = found->second;
  }
  return {};
}

Result<void> Labels::read_array(const LabelSource& source) {
  const auto array = read_npy(source.path);
  if (!array) return array.error();
  if (array->size() != static_cast<int64_t>(samples_.size()))
    return fail("{}: {} labels for {} samples", source.path.string(), array->size(),
                samples_.size());
  const bool wide = array->type() == ElementType::Int64;
  if (!wide && array->type() != ElementType::Int32)
    return fail("{}: labels are {}, expected int64 or int32", source.path.string(),
                element_type_name(array->type()));
  for (size_t i = 0; i < samples_.size(); ++i) {
    const int64_t category = wide ? array->values<int64_t>()[i] : array->values<int32_t>()[i];
    if (category < 0)
      return fail("{}: label {} is {}; expected 0, 1, …", source.path.string(), i, category);
    samples_[i].category = category;
  }
  return {};
}

Result<void> Labels::read_objects(const LabelSource& source) {
  auto coco = read_coco(source.path);
  if (!coco) return coco.error();
  for (size_t i = 0; i < samples_.size(); ++i) {
    const auto image = coco->images.find(dataset_.sample_name(i));
    if (image == coco->images.end())
      return fail("{}: `images` does not list sample '{}'", source.path.string(),
                  to_valid_utf8(dataset_.sample_name(i)));
    samples_[i].boxes = std::move(image->second);
  }
  has_boxes_ = true;
  return {};
}

Result<void> Labels::read_folders(const LabelSource& source) {
  const auto folder = [&](size_t i) {
    return fs::absolute(dataset_.image_path(i)).parent_path().filename().string();
  };
  std::vector<std::string> classes = source.classes;
  if (classes.empty()) {
    std::set<std::string> names;
    for (size_t i = 0; i < samples_.size(); ++i) names.insert(folder(i));
    classes.assign(names.begin(), names.end());
  }
  for (size_t i = 0; i < samples_.size(); ++i) {
    const auto found = std::find(classes.begin(), classes.end(), folder(i));
    if (found == classes.end())
      return fail("labels: folder '{}' of '{}' is none of the classes ({})",
                  to_valid_utf8(folder(i)), to_valid_utf8(dataset_.image_path(i).string()),
                  to_valid_utf8(join(classes, ", ")));
    samples_[i].category = found - classes.begin();
  }
  return {};
}

Result<void> Labels::read_names(const LabelSource& source) {
  std::regex pattern;
  try {
    pattern = std::regex(source.pattern);
  } catch (const std::regex_error& error) {
    return fail("labels: pattern '{}': {}", source.pattern, error.what());
  }
  if (pattern.mark_count() != 1)
    return fail("labels: pattern '{}' has {} groups, expected one around the class number",
                source.pattern, pattern.mark_count());
  for (size_t i = 0; i < samples_.size(); ++i) {
    const std::string name = dataset_.sample_name(i);
    std::smatch match;
    if (!std::regex_search(name, match, pattern))
      return fail("labels: pattern '{}' does not match the file name '{}'", source.pattern,
                  to_valid_utf8(name));
    const auto category = class_number(match[1].str(), "labels: " + to_valid_utf8(name));
    if (!category) return category.error();
    samples_[i].category = *category;
  }
  return {};
}

Result<Truth> Labels::truth(size_t sample, const Preprocess& preprocess, ImageSize network) const {
  Truth truth = samples_.at(sample);
  if (!dataset_.is_images() || !has_boxes_) return truth;
  const auto size = read_image_size(dataset_.image_path(sample));
  if (!size) return size.error();
  const CoordinateMap map = coordinate_map(preprocess, *size, network);
  const auto place = [&](const Box& box) -> Box {
    return {(box.left - map.offset_x) / map.scale_x, (box.top - map.offset_y) / map.scale_y,
            (box.right - map.offset_x) / map.scale_x, (box.bottom - map.offset_y) / map.scale_y};
  };
  for (TruthBox& object : truth.boxes) object.box = place(object.box);
  truth.frame = place({0, 0, static_cast<double>(size->width), static_cast<double>(size->height)});
  return truth;
}

}  // namespace acuate
