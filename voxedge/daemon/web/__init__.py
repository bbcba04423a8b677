"""HTTP and WebSocket. `routes.ROUTES` is the one table of what is served; OpenAPI comes from it."""
