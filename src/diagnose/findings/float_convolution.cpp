#include "diagnose/rule.h"

namespace acuate {

// Made by the pipeline of `convert`, which alone has what it is judged by.
void register_diagnose_float_convolution(FindingRuleRegistry& registry) {
  registry.add(
      {"float_convolution", Severity::Warning,
       "A convolution or matrix product was planned in 8 bits, its weights and tensors were "
       "quantized,\n"
       "and yet the engine's profile shows a float kernel for it: the engine knows no integer "
       "kernel for\n"
       "this form, dequantizes and computes in float. That costs accuracy and brings no speed.\n"
       "\n"
       "To mend it, keep it in float with `--exclude NODE`, or change the form named in the "
       "evidence.",
       nullptr});
}

}  // namespace acuate
