"""What a store takes: bytes of each kind of row, commits a second, memory, and how fast it is copied."""
