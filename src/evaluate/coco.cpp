#include "evaluate/coco.h"

#include <cmath>
#include <set>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"

namespace acuate {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kMaxBytes = uint64_t{1} << 31;

// Thrown and caught in this file: an entry that is not as it must be.
struct BadEntry {
  std::string message;
};

const Json& list(const Json& document, const char* key) {
  const auto found = document.is_object() ? document.find(key) : document.end();
  if (!document.is_object() || found == document.end() || !found->is_array())
    throw BadEntry{fmt::format("expected a list `{}`", key)};
  return *found;
}

int64_t integer(const Json& entry, const char* key, const std::string& where) {
  if (!entry.is_object() || !entry.contains(key) || !entry[key].is_number_integer())
    throw BadEntry{fmt::format("{}: expected an integer `{}`", where, key)};
  return entry[key].get<int64_t>();
}

Box box_of(const Json& entry, const std::string& where) {
  const auto found = entry.find("bbox");
  const bool is_list = found != entry.end() && found->is_array() && found->size() == 4;
  double v[4] = {};
  for (size_t i = 0; i < 4; ++i) {
    if (!is_list || !(*found)[i].is_number() || !std::isfinite((*found)[i].get<double>()))
      throw BadEntry{where + ": expected `bbox` as [left, top, width, height]"};
    v[i] = (*found)[i].get<double>();
  }
  return {v[0], v[1], v[0] + v[2], v[1] + v[3]};
}

CocoObjects objects_of(const Json& document) {
  CocoObjects objects;
  std::set<int64_t> ids;
  for (const Json& entry : list(document, "categories"))
    ids.insert(integer(entry, "id", fmt::format("category {}", ids.size())));
  std::map<int64_t, int64_t> numbers;
  for (const int64_t id : ids) numbers.emplace(id, static_cast<int64_t>(numbers.size()));
  objects.categories = ids.size();

  std::map<int64_t, std::vector<TruthBox>*> images;
  for (const Json& entry : list(document, "images")) {
    const std::string where = fmt::format("image {}", images.size());
    const int64_t id = integer(entry, "id", where);
    if (!entry.contains("file_name") || !entry["file_name"].is_string())
      throw BadEntry{where + ": expected a text `file_name`"};
    const std::string name =
        std::filesystem::path(entry["file_name"].get<std::string>()).filename().string();
    const auto [place, is_new] = objects.images.try_emplace(name);
    if (!is_new || !images.emplace(id, &place->second).second)
      throw BadEntry{fmt::format("{}: '{}' with id {} is listed twice", where, name, id)};
  }

  size_t number = 0;
  for (const Json& entry : list(document, "annotations")) {
    const std::string where = fmt::format("annotation {}", number++);
    const auto image = images.find(integer(entry, "image_id", where));
    if (image == images.end()) throw BadEntry{where + ": `image_id` is that of no image"};
    const auto category = numbers.find(integer(entry, "category_id", where));
    if (category == numbers.end()) throw BadEntry{where + ": `category_id` is that of no category"};
    const bool is_crowd = entry.contains("iscrowd") && entry["iscrowd"] != 0;
    image->second->push_back({box_of(entry, where), category->second, is_crowd});
  }
  return objects;
}

}  // namespace

Result<CocoObjects> parse_coco(std::string_view text, const std::string& source) {
  const Json document = Json::parse(text, nullptr, false);
  if (document.is_discarded()) return fail("{}: not JSON", source);
  try {
    return objects_of(document);
  } catch (const BadEntry& bad) {
    return fail("{}: {}", source, bad.message);
  }
}

Result<CocoObjects> read_coco(const std::filesystem::path& path) {
  const auto text = read_text_file(path, kMaxBytes);
  if (!text) return text.error();
  return parse_coco(*text, path.string());
}

}  // namespace acuate
