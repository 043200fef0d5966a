"""The game in two dimensions: one page on which G and D, two tiny networks, are trained in the reader's own browser."""
