"""Long campaigns against the embedded endpoint: `make campaign`; `results/` keeps their tables."""
