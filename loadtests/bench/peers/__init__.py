"""Other ways to serve F5, as people run them today; started by ``loadtests.bench.serving``."""
