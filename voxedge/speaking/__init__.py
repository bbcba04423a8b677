"""From a reply's text to its sound."""
