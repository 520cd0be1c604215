"""What is refused: every source photo and every target is screened for nudity."""
