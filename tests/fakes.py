"""Stand-ins for what lies outside: TorchServe's context. ``tests/contract`` holds it to the real one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class FakeMetrics:
    """Remembers what was counted."""

    def __init__(self) -> None:
        self.counted: list[tuple[str, dict[str, str]]] = []
        self.values: list[float] = []

    def add_counter(
        self, name: str, value: float, idx: str | None = None, dimensions: Any = ()
    ) -> None:
        self.counted.append((name, {label.name: label.value for label in dimensions}))
        self.values.append(value)

    def add_metric(
        self,
        name: str,
        value: float,
        unit: str,
        idx: str | None = None,
        dimensions: Any = (),
        metric_type: Any = None,
    ) -> None:
        self.add_counter(name, value, idx, dimensions)

    def named(self, name: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each update of one metric, in order."""
        return [
            (labels, value)
            for (counted, labels), value in zip(self.counted, self.values, strict=True)
            if counted == name
        ]


class FakeContext:
    """A batch's context: headers in, status, type and headers out."""

    def __init__(
        self,
        headers: list[dict[str, str]] | None = None,
        *,
        config: Mapping[str, Any] | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> None:
        self._headers = headers or [{"Content-Type": "application/json"}]
        self.model_name = "f5_fr"
        self.model_yaml_config: Mapping[str, Any] = config or {}
        self.system_properties: Mapping[str, Any] = properties or {}
        self.request_ids = {index: f"request-{index}" for index in range(len(self._headers))}
        self.metrics = FakeMetrics()
        self.statuses: dict[int, int] = {}
        self.content_types: dict[int, str] = {}
        self.sent: dict[int, dict[str, str]] = {}

    def get_request_id(self, idx: int = 0) -> str | None:
        return self.request_ids.get(idx)

    def get_all_request_header(self, idx: int) -> dict[str, str]:
        return self._headers[idx]

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        self.statuses[idx] = code

    def set_response_content_type(self, idx: int, value: str) -> None:
        self.content_types[idx] = value

    def set_response_header(self, idx: int, key: str, value: str) -> None:
        self.sent.setdefault(idx, {})[key] = value
