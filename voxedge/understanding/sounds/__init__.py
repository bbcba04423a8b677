"""What words sound like, and what sounds alike."""
