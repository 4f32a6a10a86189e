#include "cli/quantize_flags.h"

namespace acuate {

void declare_data_flags(CLI::App& app, ConvertOptions& o) {
  app.add_option("--data", o.data, "samples: a folder or list of images, .npy or .npz")
      ->type_name("DATA");
  app.add_option("--samples", o.samples, "use N of them, drawn by seed; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  app.add_option("--seed", o.seed, "of every random choice")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--preprocess", o.preprocess,
                 "how an image becomes the input: a preset or a YAML file");
}

void declare_quantize_flags(CLI::App& app, ConvertOptions& o) {
  CLI::Option* weights_only =
      app.add_option("--weights-only", o.weights_only,
                     "grids for the weights of matrix products alone, without data: s8 or s4")
          ->type_name("SCHEME");
  app.add_option("--group", o.group,
                 "with --weights-only: inputs that share a scale, a power of two from 16 on; 0: "
                 "all; else 128 for s4, all for s8")
      ->needs(weights_only)
      ->type_name("N");
  CLI::Option* encodings =
      app.add_option(
             "--encodings", o.encodings,
             "encodings to apply as they stand, in place of choosing ranges: encodings.json, JSON "
             "of AIMET, .quantize of Acuity")
          ->type_name("FILE")
          ->excludes(weights_only);
  app.add_option("--scheme", o.scheme,
                 "number scheme of activations: s8, s16 (symmetric), u8, u16 (asymmetric), dfp8, "
                 "dfp16 (power-of-two scale), fp16, bf16; else what serves the target best")
      ->excludes(encodings)
      ->excludes(weights_only);
  app.add_option("--range", o.range,
                 "how ranges are chosen: acuity-kl[:11], average[:W], entropy, minmax, mse, "
                 "percentile[:P], "
                 "sqnr-output; else what is measured to serve best")
      ->type_name("METHOD")
      ->excludes(encodings)
      ->excludes(weights_only);
  app.add_option("--weight-range", o.weight_range,
                 "how ranges of weights are chosen: minmax, or mse, which clips the largest where "
                 "that errs less")
      ->check(CLI::IsMember({"minmax", "mse"}))
      ->type_name("METHOD")
      ->excludes(encodings)
      ->excludes(weights_only);
  app.add_option("--recover", o.recover,
                 "what wins accuracy back: auto (all that is measured to help), none, or by id")
      ->type_name("ID[,ID…]")
      ->delimiter(',')
      ->excludes(encodings)
      ->excludes(weights_only);
  app.add_option("--hybrid", o.hybrid,
                 "what activations become whose 8 bits harm the outputs: s16, u16, float")
      ->type_name("SCHEME")
      ->excludes(encodings)
      ->excludes(weights_only);
  app.add_option("--hybrid-share", o.hybrid_share,
                 "at most this share of the activations, 0 to 1; else as many as --max-drop takes")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("SHARE")
      ->excludes(encodings);
  app.add_option(
         "--hybrid-budget", o.hybrid_budget,
         "at most this much work leaves 8 bits: 15% of multiply-accumulates, or with --costs "
         "of predicted time; 1.5ms")
      ->type_name("SHARE|TIME")
      ->excludes(encodings);
  app.add_option(
         "--costs", o.costs,
         "cost tables of target and host, by which times are predicted; `bench --calibrate`")
      ->type_name("FILE");
  app.add_option("--plots", o.plots,
                 "folder for pictures (SVG): histograms with the ranges of all methods, weights by "
                 "channel, error through the depth, trade-off")
      ->type_name("DIR");
  app.add_option("--exclude", o.exclude, "nodes that stay in float, by name with * and ?")
      ->type_name("PATTERN")
      ->excludes(encodings);
}

}  // namespace acuate
