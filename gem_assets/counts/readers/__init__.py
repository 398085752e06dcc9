"""Read counts from files: what is recognised, read, and assumed.

A format family is one module with one class that fits ``Reader``; to add one, write the module
and put the class into ``READERS`` of ``registry.py``.
"""

from gem_assets.counts.readers.reader import CountsFile, Reader
from gem_assets.counts.readers.registry import READERS, read_counts
from gem_assets.counts.readers.source import CountsSource

__all__ = ["READERS", "CountsFile", "CountsSource", "Reader", "read_counts"]
