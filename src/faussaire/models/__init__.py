"""What is trained: the architectures, the losses with their penalties, and what D sees samples through."""
