"""From an utterance's sound to its words."""
