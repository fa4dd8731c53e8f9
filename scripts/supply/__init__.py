"""What serving is made of: packages, checkpoints, and their licences."""
