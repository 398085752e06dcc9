"""Readers of counts files, one file a family of formats."""
