"""Jobs: their logs while they are open, and how logs become one commit."""
