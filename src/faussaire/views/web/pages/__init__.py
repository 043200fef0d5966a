"""The HTML pages: their addresses, templates, scripts and styles, and their text in both languages."""
