"""faussaire: generative adversarial networks from a folder of images to a trained generator."""

__version__ = "0.1.0"
