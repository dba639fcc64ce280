"""Reasoning over graphs by delays."""
