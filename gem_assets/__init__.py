"""Dagster assets that find RNA-seq samples whose labels their expression contradicts."""

__version__ = "0.1.0"
