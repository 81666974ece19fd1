"""Searches for parameters, and what their results tell."""
