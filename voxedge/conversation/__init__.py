"""Replies from a small local language model."""
