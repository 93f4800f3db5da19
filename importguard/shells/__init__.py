"""Shells for development: how each is started with a mark in its prompt, and what its start-up file may say."""
