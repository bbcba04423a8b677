"""The models: catalogue, content-addressed store, sources, verification."""
