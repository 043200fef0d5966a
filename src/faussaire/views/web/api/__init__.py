"""What programs, the pages' own scripts among them, ask for: runs and their events, samples, walks."""
