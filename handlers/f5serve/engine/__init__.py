"""The speech model: F5-TTS and Vocos for inference only; the one place that imports torch."""
