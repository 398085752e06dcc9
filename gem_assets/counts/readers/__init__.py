"""Read counts from files: what is recognised, read, and assumed.

A format is one module of ``formats/`` with one class that fits ``Reader``; it is found there, and
entered nowhere else.
"""

from gem_assets.counts.readers.reader import CountsFile, Reader
from gem_assets.counts.readers.registry import READERS, read_counts
from gem_assets.counts.readers.source import CountsSource

__all__ = ["READERS", "CountsFile", "CountsSource", "Reader", "read_counts"]
