"""The processes that read files side by side: what is handed to them, and what comes back."""
