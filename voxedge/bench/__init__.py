"""Measurements that anyone can run again: ``voxedge bench NAME``."""
