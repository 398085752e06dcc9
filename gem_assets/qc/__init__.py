"""Verdicts: which stated labels the expression contradicts. Pure."""
