"""Import TorchServe's package once, before the tests."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # ts/__init__.py leaves its version file to the garbage collector.
    warnings.simplefilter("ignore", ResourceWarning)
    import ts.context  # noqa: F401
