"""Looking at what a library holds; nothing is changed."""
