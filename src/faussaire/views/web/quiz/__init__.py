"""Be the discriminator: the images that are asked about, the questions, and where the answers are kept."""
