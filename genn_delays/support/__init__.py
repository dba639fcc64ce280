"""What every room uses: errors, checks, bounds, the cache, files that are whole or not there."""
