"""The folder of a run: how it begins and goes on, its plan, its checkpoints, and its events, the one file of them."""
