"""A small client of the Callbay API, of the standard library alone.

    from callbay import Client

    client = Client("https://calls.example.com", token)
    for call in client.calls(after_call_id=11345):
        print(call["callId"], call["startTime"])
"""

from .client import Client
from .errors import CallbayError
from .webhooks import verify_webhook

__all__ = ["CallbayError", "Client", "verify_webhook"]
