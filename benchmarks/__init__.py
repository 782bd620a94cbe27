"""What the pages cost, as a ratio to the same page written by hand. See README.md."""
