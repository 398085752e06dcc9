"""Stated labels: sample sheets, ontology terms, and how two terms relate. Pure."""
