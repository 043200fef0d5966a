"""The chapter's three steps, and what a training needs around them: shards, sizes, reports by the clock."""
