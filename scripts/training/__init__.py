"""How the demo checkpoints are made: from word lists to weights a laptop can run."""
