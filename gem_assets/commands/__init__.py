"""The commands of ``gem-assets``, one a module."""
