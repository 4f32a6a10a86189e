"""Vendors' Python-only toolchains, one module each (docs/workers.md).

The command line runs them as processes of their own; from Python they are used as they are:

    from acuate.workers import tensorrt
    tensorrt.WORKER().probe(model_bytes)
"""
