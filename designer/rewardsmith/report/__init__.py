"""What a run came to, as tables and pictures: read from the store, never written to it."""
