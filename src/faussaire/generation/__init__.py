"""A trained generator on its own: how it is saved and loaded, the latents it is given, the samples that it writes."""
