"""Neurons written as text: from lines of equations to symbols, without running any of it."""
