"""The embedded endpoint: GEM's protocol, served by a small real model. It is not GEM-1."""
