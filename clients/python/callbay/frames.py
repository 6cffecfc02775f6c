"""Calls as a data frame of pandas, with the types that they have."""

from __future__ import annotations

from typing import Any, Sequence

TIMES = ("startTime", "endTime", "updatedAt")
INTEGERS = ("callId", "numAudioChannels", "version", "revision", "changeSeq")
DECIMALS = ("duration",)


def frame_of(pandas: Any, calls: Sequence[dict[str, Any]]) -> Any:
    """Nested members get dotted names, such as ``agent.id``."""
    frame = pandas.json_normalize(list(calls))
    for name in frame.columns:
        if name in TIMES:
            frame[name] = pandas.to_datetime(frame[name], utc=True)
        elif name in INTEGERS:
            frame[name] = frame[name].astype("Int64")
        elif name in DECIMALS:
            frame[name] = frame[name].astype("Float64")
        else:
            frame[name] = frame[name].astype("string")
    return frame
