"""Making libraries, and tuning into them."""
