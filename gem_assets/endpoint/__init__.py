"""One client for every way a GEM endpoint is served; the only room that speaks HTTP."""
