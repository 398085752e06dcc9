"""A lab's own Dagster project."""
