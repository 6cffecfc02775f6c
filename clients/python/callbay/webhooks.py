"""Webhook messages, signed as Standard Webhooks says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any, Mapping

_MAX_AGE_SECONDS = 300


def verify_webhook(
    secret: str, headers: Mapping[str, str], body: bytes, now: float | None = None
) -> dict[str, Any]:
    """The event of a posted message, once its signature is right.

    ``body`` are the bytes as they came, before any parser. Raises ValueError for a message that Callbay did not sign, or
    signed over five minutes ago.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, timestamp = lower["webhook-id"], lower["webhook-timestamp"]
        signatures = lower["webhook-signature"].split(" ")
    except KeyError as error:
        raise ValueError(f"The header {error.args[0]} is missing.") from None
    key = base64.b64decode(secret[len("whsec_") :] if secret.startswith("whsec_") else secret)
    signed = f"{message_id}.{timestamp}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    if not any(hmac.compare_digest(wanted.encode(), given.encode()) for given in signatures):
        raise ValueError("The message is not signed with this secret.")
    age = (time.time() if now is None else now) - float(timestamp)
    if abs(age) > _MAX_AGE_SECONDS:
        raise ValueError("The message was signed more than five minutes ago, or in the future.")
    event: dict[str, Any] = json.loads(body)
    return event
