"""The version, in a file of its own so that the build reads it without importing the package."""

__version__ = "0.1.0"

RELEASE_YEAR = 2026
"""When this version was made: a machine's clock that shows an earlier year was never set."""
