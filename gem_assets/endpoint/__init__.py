"""One client for every way a GEM endpoint is served; the only room that speaks HTTP.

Begin at `connection.EndpointConnection` (synchronous) or `client.EndpointClient` (asynchronous),
with `settings.EndpointSettings.from_environment`; what can go wrong is the tree in `errors`.
"""
