"""The project's own component types."""
