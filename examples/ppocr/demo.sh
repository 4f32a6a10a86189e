#!/usr/bin/env bash
# The main job on a real network: PP-OCRv4's text detector, exported with dynamic shapes by Paddle, to
# 8 bits on ONNX Runtime, judged on pages of documents that calibration has not seen. First what an
# NPU compiler would refuse. Exit status 1 where the F1 of text boxes falls below 0.95.
#   examples/ppocr/demo.sh [OUTPUT]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

output=${1:-build/demo}
fixtures=.deps/fixtures
model=$fixtures/ppocr_v4_det.onnx

say() { printf '\n$ %s\n\n' "$*"; "$@"; }

say build/bin/acuate diagnose "$model" --target vsi_npu --data "$fixtures/pages/calibration"
say build/bin/acuate convert "$model" -o "$output" --overwrite \
  --target onnxruntime --diagnose vsi_npu --precision int8 \
  --data "$fixtures/pages/calibration" --preprocess ppocr-det \
  --eval examples/ppocr/pages.yaml --max-drop text-box-f1=0.05
