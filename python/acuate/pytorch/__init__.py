"""The PyTorch front: an unmodified nn.Module in, a converted model with the same signature out.

Imported where it is needed alone: `import acuate` never imports torch, which is the user's own.
"""
