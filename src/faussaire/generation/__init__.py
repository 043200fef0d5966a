"""A trained generator on its own, and the samples that it writes."""
