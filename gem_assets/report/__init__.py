"""The report that people read: charts and one HTML file a dataset. Pure."""
