#include "graph/model.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

namespace acuate {

Model::Model()
    : storage_anchor_(std::make_shared<std::vector<std::shared_ptr<const void>>>()),
      storage_(*storage_anchor_),
      graph_(std::make_unique<Graph>(*this, nullptr)) {}

Model::~Model() = default;

int64_t Model::opset_version(std::string_view domain) const {
  for (const OpsetImport& import : opset_imports_)
    if (import.domain == domain) return import.version;
  return 0;
}

void Model::set_opset(std::string_view domain, int64_t version) {
  touched_ = true;
  for (OpsetImport& import : opset_imports_)
    if (import.domain == domain) {
      import.version = version;
      return;
    }
  opset_imports_.push_back({intern(domain), version});
}

void Model::set_ir_version(int64_t version) {
  ir_version_ = version;
  touched_ = true;
}

void Model::set_metadata(std::string_view key, std::string_view value) {
  touched_ = true;
  for (auto& [k, v] : metadata_)
    if (k == key) {
      v = intern(value);
      return;
    }
  metadata_.emplace_back(intern(key), intern(value));
}

bool Model::remove_metadata(std::string_view key) {
  const size_t removed = std::erase_if(metadata_, [&](const auto& e) { return e.first == key; });
  if (removed > 0) touched_ = true;
  return removed > 0;
}

std::string_view Model::intern(std::string_view text) {
  if (text.empty()) return {};
  auto* memory = static_cast<char*>(arena_.allocate(text.size(), 1));
  std::memcpy(memory, text.data(), text.size());
  return {memory, text.size()};
}

Bytes Model::own(const WireRope& rope) {
  auto* memory =
      static_cast<std::byte*>(arena_.allocate(std::max<uint64_t>(rope.size_bytes(), 1), 1));
  std::byte* end = memory;
  for (const Bytes piece : rope.pieces()) {
    std::memcpy(end, piece.data(), piece.size());
    end += piece.size();
  }
  return {memory, rope.size_bytes()};
}

void Model::keep(std::shared_ptr<const void> storage, Bytes bytes) {
  storage_.push_back(std::move(storage));
  if (!bytes.empty()) kept_.push_back(bytes);
}

void Model::keep_storage_of(const Model& other) {
  storage_.insert(storage_.end(), other.storage_.begin(), other.storage_.end());
  kept_.insert(kept_.end(), other.kept_.begin(), other.kept_.end());
}

bool Model::is_kept(Bytes bytes) const {
  const std::less_equal<const std::byte*> at_most;
  return std::any_of(kept_.begin(), kept_.end(), [&](const Bytes kept) {
    return at_most(kept.data(), bytes.data()) &&
           at_most(bytes.data() + bytes.size(), kept.data() + kept.size());
  });
}

Node* Model::new_node() { return &nodes_.emplace_back(); }
Value* Model::new_value() { return &values_.emplace_back(); }

void Model::track_changes(bool on) {
  take_changes();
  tracking_ = on;
}

ChangeSet Model::take_changes() {
  for (Node* node : changes_.nodes) node->noted_ = false;
  for (Value* value : changes_.values) value->noted_ = false;
  return std::exchange(changes_, {});
}

void Model::note_change(Node& node) {
  if (!tracking_ || node.noted_) return;
  node.noted_ = true;
  changes_.nodes.push_back(&node);
}

void Model::note_change(Value& value) {
  if (!tracking_ || value.noted_) return;
  value.noted_ = true;
  changes_.values.push_back(&value);
}

std::vector<Graph*> Model::all_graphs() const {
  std::vector<Graph*> out{graph_.get()};
  for (const Function& function : functions_)
    if (function.body) out.push_back(function.body.get());
  for (size_t i = 0; i < out.size(); ++i)
    for (Node* node = out[i]->first(); node != nullptr; node = node->next())
      for (const Attribute& attribute : node->attributes())
        for (const auto& body : attribute.graphs) out.push_back(body.get());
  return out;
}

}  // namespace acuate
