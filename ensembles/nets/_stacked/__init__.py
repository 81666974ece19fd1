"""Nets of one architecture trained together, in one program for all of them."""
