#pragma once

#include "rewrite/legalizer.h"
#include "rewrite/pass_test_support.h"

namespace acuate {

// Every node that it replaces; what it writes, it has declared.
inline PassOutcome run_legalizer(const char* id, Model& model) {
  const Legalizer& legalizer = *legalizers().find(id, "legalizer").value();
  const PassOutcome outcome = run_legalizer(legalizer, model);
  EXPECT_TRUE(verify(model).empty());
  return outcome;
}

}  // namespace acuate
