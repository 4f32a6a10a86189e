#include "graph/model.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "graph/change_log.h"

namespace acuate {

Model::Model()
    : arena_(std::make_shared<std::pmr::monotonic_buffer_resource>()),
      storage_anchor_(std::make_shared<std::vector<std::shared_ptr<const void>>>()),
      storage_(*storage_anchor_),
      graph_(std::make_unique<Graph>(*this, nullptr)) {
  keep(arena_);  // tensors that load() gives may lie in it
}

Model::~Model() = default;

// ModelProto.producer_name and producer_version (onnx.proto3).
static constexpr uint32_t kProducerName = 2, kProducerVersion = 3;

int64_t Model::opset_version(std::string_view domain) const {
  for (const OpsetImport& import : opset_imports_)
    if (import.domain == domain) return import.version;
  return 0;
}

bool Model::is_touched() const {
  return touched_ || graph_->is_touched() ||
         std::any_of(functions_.begin(), functions_.end(),
                     [](const Function& function) { return function.body->is_touched(); });
}

void Model::touch() {
  if (touched_) return;
  touched_ = true;
  if (change_log_ != nullptr) change_log_->record([this] { touched_ = false; });
}

void Model::set_opset(std::string_view domain, int64_t version) {
  touch();
  for (OpsetImport& import : opset_imports_)
    if (import.domain == domain) {
      if (change_log_ != nullptr)
        change_log_->record([this, place = &import - opset_imports_.data(), old = import.version] {
          opset_imports_[static_cast<size_t>(place)].version = old;
          note_all_changed();
        });
      import.version = version;
      note_all_changed();
      return;
    }
  opset_imports_.push_back({intern(domain), version});
  if (change_log_ != nullptr)
    change_log_->record([this] {
      opset_imports_.pop_back();
      note_all_changed();
    });
  note_all_changed();
}

bool Model::remove_opset(std::string_view domain) {
  auto kept = opset_imports_;
  if (std::erase_if(kept, [&](const auto& import) { return import.domain == domain; }) == 0)
    return false;
  touch();
  opset_imports_.swap(kept);
  if (change_log_ != nullptr)
    change_log_->record([this, old = std::move(kept)]() mutable {
      opset_imports_ = std::move(old);
      note_all_changed();
    });
  note_all_changed();
  return true;
}

std::string_view Model::text_field(uint32_t number) const {
  for (const auto& [other, whole] : other_fields_) {
    if (other != number) continue;
    WireReader reader(whole);
    WireField field;
    if (reader.next(field)) return field.text();
  }
  return {};
}

void Model::set_text_field(uint32_t number, std::string_view text) {
  touch();
  if (change_log_ != nullptr)
    change_log_->record([this, fields = other_fields_, order = field_order_, name = producer_name_,
                         version = producer_version_]() mutable {
      other_fields_ = std::move(fields);
      field_order_ = std::move(order);
      producer_name_ = name;
      producer_version_ = version;
    });
  std::erase_if(other_fields_, [&](const auto& field) { return field.first == number; });
  WireRope rope;
  rope.text_field(number, text);
  if (!text.empty()) other_fields_.emplace_back(number, own(rope));
  if (std::find(field_order_.begin(), field_order_.end(), number) == field_order_.end())
    field_order_.push_back(number);
  if (number == kProducerName) producer_name_ = text_field(number);
  if (number == kProducerVersion) producer_version_ = text_field(number);
}

void Model::set_ir_version(int64_t version) {
  touch();
  if (change_log_ != nullptr) change_log_->record([this, old = ir_version_] { ir_version_ = old; });
  ir_version_ = version;
}

void Model::set_metadata(std::string_view key, std::string_view value) {
  touch();
  for (auto& entry : metadata_)
    if (entry.first == key) {
      if (change_log_ != nullptr)
        change_log_->record([this, place = &entry - metadata_.data(), old = entry.second] {
          metadata_[static_cast<size_t>(place)].second = old;
        });
      entry.second = intern(value);
      return;
    }
  metadata_.emplace_back(intern(key), intern(value));
  if (change_log_ != nullptr) change_log_->record([this] { metadata_.pop_back(); });
}

Function& Model::add_function(std::string_view domain, std::string_view name,
                              std::string_view overload,
                              const std::vector<OpsetImport>& opset_imports) {
  touch();
  Function& function = functions_.emplace_back();
  function.domain = intern(domain);
  function.name = intern(name);
  function.overload = intern(overload);
  for (const OpsetImport& import : opset_imports)
    function.opset_imports.push_back({intern(import.domain), import.version});
  function.body = std::make_unique<Graph>(*this, nullptr, &function);
  if (change_log_ != nullptr)
    change_log_->record([this] {
      functions_.pop_back();
      note_all_changed();
    });
  note_all_changed();
  return function;
}

void Model::remove_function(const Function& function) {
  const auto place = std::find_if(functions_.begin(), functions_.end(),
                                  [&](const Function& each) { return &each == &function; });
  ACUATE_CHECK(place != functions_.end(), "function of another model");
  touch();
  const auto next = std::next(place);
  std::list<Function> removed;
  removed.splice(removed.begin(), functions_, place);
  if (change_log_ != nullptr)
    change_log_->record([this, next, removed = std::move(removed)]() mutable {
      functions_.splice(next, removed);
      note_all_changed();
    });
  note_all_changed();
}

bool Model::remove_metadata(std::string_view key) {
  auto kept = metadata_;
  if (std::erase_if(kept, [&](const auto& entry) { return entry.first == key; }) == 0) return false;
  metadata_.swap(kept);
  if (change_log_ != nullptr)
    change_log_->record([this, old = std::move(kept)]() mutable { metadata_ = std::move(old); });
  touch();
  return true;
}

std::string_view Model::intern(std::string_view text) {
  if (text.empty()) return {};
  auto* memory = static_cast<char*>(arena_->allocate(text.size(), 1));
  std::memcpy(memory, text.data(), text.size());
  return {memory, text.size()};
}

Bytes Model::own(const WireRope& rope) {
  auto* memory =
      static_cast<std::byte*>(arena_->allocate(std::max<uint64_t>(rope.size_bytes(), 1), 1));
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

void Model::note_restored(Value& value) {
  if (tracking_) changes_.restored.push_back(&value);
}

std::vector<Graph*> Model::all_graphs() const {
  std::vector<Graph*> out{graph_.get()};
  for (const Function& function : functions_)
    if (function.body) out.push_back(function.body.get());
  for (size_t i = 0; i < out.size(); ++i)
    for (const Node* node : out[i]->body_owners())
      for (const Attribute& attribute : node->attributes())
        for (const auto& body : attribute.graphs) out.push_back(body.get());
  return out;
}

}  // namespace acuate
