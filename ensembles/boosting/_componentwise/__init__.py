"""Componentwise boosting: learners of one feature each, of which a round takes one."""
