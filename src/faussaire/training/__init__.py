"""The chapter's three steps, and what a training needs around them: session, settings, cadence, recorder."""
