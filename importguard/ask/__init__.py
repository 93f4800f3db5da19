"""Whoever sits at the terminal is asked about what a policy refuses, and what they answer counts."""
