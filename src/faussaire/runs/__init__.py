"""What a run tells: its events, read from the one file that they are written to."""
