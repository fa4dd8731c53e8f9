"""Commands of the repository; each is a module with ``main(argv) -> int``."""
