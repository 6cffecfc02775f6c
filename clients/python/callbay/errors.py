"""What the API answers in place of what was asked for."""

from __future__ import annotations

from typing import Any


class CallbayError(Exception):
    """An answer other than 2xx. ``code`` is a row of docs/errors.md; the message says what to do.

    ``issues`` names each field that is wrong, as ``{"code", "message", "at"}``.
    """

    def __init__(self, status: int, problem: Any) -> None:
        problem = problem if isinstance(problem, dict) else {}
        said = [problem[name] for name in ("title", "detail") if isinstance(problem.get(name), str)]
        super().__init__(" ".join(said) or f"The server answered {status}.")
        self.status = status
        self.code: str = problem.get("code") or "UNKNOWN"
        self.issues: list[dict[str, Any]] = problem.get("issues") or []
        self.request_id: str | None = problem.get("requestId")
