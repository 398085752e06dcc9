"""Genes: identifiers, the model's gene order, and alignment to it. Pure."""
