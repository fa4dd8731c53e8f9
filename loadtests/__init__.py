"""Load tests: who asks for what and how fast, what each answer must be, and what the whole must keep to."""
