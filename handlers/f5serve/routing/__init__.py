"""The router's middle floor: plan pieces, have them spoken by the language models, join them."""
