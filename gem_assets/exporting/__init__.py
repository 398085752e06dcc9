"""Results as files for other programs: h5ad for scanpy, parquet, and CSV for spreadsheets."""
