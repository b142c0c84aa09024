"""Measures the real server beside floors that run in the same minutes on the same machine."""
