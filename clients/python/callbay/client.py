"""Requests, pages and retries."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Sequence

from .errors import CallbayError

if TYPE_CHECKING:
    import pandas

# What another attempt may mend, by the status of the answer.
_REPEATED = frozenset({429, 502, 503, 504})
_SAFE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_MAX_PAUSE_SECONDS = 60.0
# What a request of an upload carries: so much is sent again where it was lost.
_PART_BYTES = 8 * 2**20


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the credential to another address."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Client:
    """``key`` is an API key, or a token of a tenant.

    ``retries`` says how often a request that failed on the way, or that the server asks to repeat, is sent again;
    ``ca_file`` names a file with the certificate of an authority of your own.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        retries: int = 4,
        retry_seconds: float = 0.5,
        timeout_seconds: float = 60.0,
        ca_file: str | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._retries = retries
        self._retry_seconds = retry_seconds
        self._timeout = timeout_seconds
        context = ssl.create_default_context(cafile=ca_file)
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context), _NoRedirect()
        )

    def calls(self, after_call_id: int = 0, **filters: Any) -> Iterator[dict[str, Any]]:
        """Visible calls in the order of callId, from the one after ``after_call_id``.

        Keep the highest ``callId`` and begin with it next time: each call comes once. Filters are the parameters of
        ``GET /v1/sa/call``, such as ``fromTime`` and ``queueId``. A page is read to its end before its first call is given.
        """
        while True:
            page = self._page({**filters, "consecutive": True, "afterCallId": after_call_id})
            yield from page
            if not page:
                return
            after_call_id = page[-1]["callId"]

    def changes(self, changed_after: int = 0, **filters: Any) -> Iterator[dict[str, Any]]:
        """Calls that are new, changed or deleted since ``changed_after``, in the order of changeSeq.

        Of a deleted call ``{"callId", "changeSeq", "deleted": True}`` is left. Keep the highest ``changeSeq`` and begin with
        it next time. A call that changes meanwhile comes again.
        """
        while True:
            page = self._page({**filters, "changedAfter": changed_after, "includeDeleted": True})
            yield from page
            if not page:
                return
            changed_after = page[-1]["changeSeq"]

    def frame(self, after_call_id: int = 0, **filters: Any) -> pandas.DataFrame:
        """The calls as a data frame: times as UTC timestamps, numbers of ours as Int64, all else as text.

        Ids of twenty digits and numbers such as ``+14155550123`` stay what they are.
        """
        import pandas

        from .frames import frame_of

        return frame_of(pandas, list(self.calls(after_call_id, **filters)))

    def list(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """All items of a list of the API, such as ``/v1/tenants/acme/files``, page by page."""
        while True:
            page = self.request("GET", path, query=query)
            yield from page["items"]
            if page["nextCursor"] is None:
                return
            query = {**query, "cursor": page["nextCursor"]}

    def upload(self, tenant_id: str, path: str, name: str | None = None) -> dict[str, Any]:
        """Sends a local file to a tenant, in parts; answers the file as it was received.

        It is received once, however often a part is sent again. Name it as docs/sending-files.md says; the local name unless
        given.
        """
        tenant = f"/v1/tenants/{urllib.parse.quote(tenant_id, safe='')}"
        upload_id = str(uuid.uuid4())
        named = {"name": name if name is not None else os.path.basename(path)}
        headers = {"content-type": "application/octet-stream"}
        answer: dict[str, Any]
        with open(path, "rb") as source:
            size = os.fstat(source.fileno()).st_size
            if size == 0:
                text = self._send("POST", f"{tenant}/files", {**named, "id": upload_id}, b"", headers)
                answer = json.loads(text)
                return answer
            start = 0
            while True:
                source.seek(start)
                part = source.read(_PART_BYTES)
                headers["content-range"] = f"bytes {start}-{start + len(part) - 1}/{size}"
                answer = json.loads(self._send("PUT", f"{tenant}/uploads/{upload_id}", named, part, headers))
                if "receivedBytes" not in answer:
                    return answer
                start = answer["receivedBytes"]

    def request(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = None
    ) -> Any:
        """One request, answered by its JSON; None where the answer has no body. Raises CallbayError for any other status than 2xx."""
        data = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"content-type": "application/json"}
        text = self._send(method, path, query or {}, data, headers)
        return json.loads(text) if text else None

    def _page(self, asked: dict[str, Any]) -> Sequence[dict[str, Any]]:
        asked = {"per_page": 1000, **asked, "format": "ndjson"}
        if "columns" in asked:
            # Position and order need these two, whatever columns are wanted.
            asked["columns"] = ",".join(dict.fromkeys(["callId", "changeSeq", *asked["columns"]]))
        # Not splitlines: a text may hold U+2028.
        lines = self._send("GET", "/v1/sa/call", asked).decode().split("\n")
        return [json.loads(line) for line in lines if line]

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        pairs = {name: _text_of(value) for name, value in query.items() if value is not None}
        url = f"{self._url}{path}"
        if pairs:
            url += "?" + urllib.parse.urlencode(pairs, doseq=True)
        headers = {"authorization": f"Bearer {self._key}", **(headers or {})}
        attempt = 0
        while True:
            is_last = attempt >= self._retries or method not in _SAFE
            request = urllib.request.Request(url, data=data, headers=headers, method=method)
            try:
                with self._opener.open(request, timeout=self._timeout) as response:
                    # Read here: an answer that breaks off raises, and is asked for again.
                    answer: bytes = response.read()
                    return answer
            except urllib.error.HTTPError as error:
                with error:
                    if is_last or error.code not in _REPEATED:
                        raise CallbayError(error.code, _parse(error.read())) from None
                    self._pause(attempt, error.headers.get("retry-after"))
            except (urllib.error.URLError, http.client.HTTPException, OSError):
                if is_last:
                    raise
                self._pause(attempt, None)
            attempt += 1

    def _pause(self, attempt: int, retry_after: str | None) -> None:
        """As long as the server asks, else twice as long each time."""
        try:
            seconds = float(retry_after) if retry_after is not None else self._retry_seconds * 2**attempt
        except ValueError:
            seconds = self._retry_seconds * 2**attempt
        time.sleep(min(max(seconds, 0.0), _MAX_PAUSE_SECONDS))


def _text_of(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _parse(text: bytes) -> Any:
    """A front that answers in place of the API has no problem document."""
    try:
        return json.loads(text)
    except ValueError:
        return None
