"""Verdicts in words: of a training (`training`), and of the figures of a generator (`figures`)."""
