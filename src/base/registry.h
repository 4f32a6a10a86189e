#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/result.h"
#include "base/text.h"

namespace acuate {

// The units of one kind (passes, findings, metrics, …), filled by the generated list of
// register_<room>_<id> functions, sorted by id. A unit type has a member `id` in snake_case.
template <class Unit>
class Registry {
 public:
  void add(Unit unit) {
    ACUATE_CHECK(lookup(unit.id) == nullptr, "unit registered twice: " + std::string(unit.id));
    auto place =
        std::find_if(units_.begin(), units_.end(), [&](const Unit& u) { return u.id > unit.id; });
    units_.insert(place, std::move(unit));
  }

  const std::vector<Unit>& all() const { return units_; }

  // Accepts `-` for `_`. Null where there is none.
  const Unit* lookup(std::string_view id) const {
    const std::string key = to_snake_case(id);
    for (const Unit& unit : units_)
      if (unit.id == key) return &unit;
    return nullptr;
  }

  // As lookup, but an unknown id is an error that lists the ids there are; `kind` names the units
  // ("pass").
  Result<const Unit*> find(std::string_view id, std::string_view kind) const {
    if (const Unit* unit = lookup(id)) return unit;
    std::vector<std::string> ids;
    for (const Unit& unit : units_) ids.push_back(to_kebab_case(unit.id));
    return fail("there is no {} '{}'; there are: {}", kind, id, join(ids, ", "));
  }

 private:
  std::vector<Unit> units_;
};

}  // namespace acuate
