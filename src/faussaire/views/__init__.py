"""What a person sees of a run: console, tables, curves, report, pages. They read run folders only."""
