"""Texts as they are read out, one module a language: numbers, signs and foreign words written as words."""
