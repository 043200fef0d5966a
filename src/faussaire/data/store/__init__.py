"""Prepared images on the disk, mapped and never changed."""
