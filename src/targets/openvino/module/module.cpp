#include <algorithm>
#include <mutex>
#include <set>

#include <openvino/core/version.hpp>

#include "targets/openvino/module/message.h"
#include "targets/openvino/module/network.h"

namespace acuate::openvino {
namespace {

class OpenVino final : public Module {
 public:
  std::string version() const override {
    const char* number = ov::get_openvino_version().buildNumber;
    return number == nullptr ? "" : number;
  }

  Result<std::unique_ptr<Network>> compile(const CompileRequest& request) const override {
    try {
      return compile_network(core(), request);
    } catch (const std::exception& thrown) {
      return Error{readable_message(thrown.what())};
    } catch (...) {
      return Error{"it threw what is no exception of the standard library"};
    }
  }

  Result<void> check(std::span<const std::byte> bytes) const override {
    try {
      const auto model = read_model(core(), ModelSource::memory(bytes));
      std::set<std::string> kinds;
      for (const auto& node : model->get_ordered_ops()) kinds.insert(kind_of(*node));
      // Asking costs ten times what the conversion does.
      if (are_known(kinds)) return {};
      const auto taken = core().query_model(model, "CPU");
      for (const auto& node : model->get_ordered_ops())
        if (taken.count(node->get_friendly_name()) == 0)
          return Error{"its CPU plug-in has no " + std::string(node->get_type_name())};
      const std::lock_guard lock(mutex_);
      known_.merge(kinds);
      return {};
    } catch (const std::exception& thrown) {
      return Error{readable_message(thrown.what())};
    } catch (...) {
      return Error{"it threw what is no exception of the standard library"};
    }
  }

 private:
  // Operator, its version, types and ranks of its inputs.
  static std::string kind_of(const ov::Node& node) {
    const auto& type = node.get_type_info();
    std::string kind = std::string(type.version_id == nullptr ? "" : type.version_id) + type.name;
    for (const auto& input : node.inputs()) {
      const auto rank = input.get_partial_shape().rank();
      kind += " " + input.get_element_type().to_string();
      kind += rank.is_static() ? std::to_string(rank.get_length()) : "?";
    }
    return kind;
  }
  bool are_known(const std::set<std::string>& kinds) const {
    const std::lock_guard lock(mutex_);
    return std::includes(known_.begin(), known_.end(), kinds.begin(), kinds.end());
  }

  // Made at the first use, and never ended: networks and threads of it may outlive this file's
  // statics.
  static ov::Core& core() {
    static auto* const made = new ov::Core();
    return *made;
  }

  mutable std::mutex mutex_;
  mutable std::set<std::string> known_;  // kinds that the CPU plug-in has
};

}  // namespace
}  // namespace acuate::openvino

extern "C" __attribute__((visibility("default"))) const acuate::openvino::Module*
acuate_openvino_module(int interface_version) {
  static const auto* const made = new acuate::openvino::OpenVino();
  return interface_version == acuate::openvino::kInterfaceVersion ? made : nullptr;
}
