"""The local viewer: pages over run folders, which it reads and adds only remarks to."""
