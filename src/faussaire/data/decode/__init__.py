"""From the bytes of a file to pixels of one size, by several processes."""
