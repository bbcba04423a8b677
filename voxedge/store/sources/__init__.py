"""Where models come from: a hub, pinned wheels, plain addresses, files at hand."""
