"""What only a terminal needs: its width, its pager, and failures in words."""
