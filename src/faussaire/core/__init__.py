"""What everything stands on: settings, errors, files, random streams by position, intervals, the terminal."""
