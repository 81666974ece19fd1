"""Shallow trees grown on weights of rows that change from round to round."""
