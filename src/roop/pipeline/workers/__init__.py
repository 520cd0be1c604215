"""Process segments in parallel: worker processes of this machine, and Ray clusters."""
