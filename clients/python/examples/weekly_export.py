"""Appends all calls that became visible since the last run to a CSV file. Needs nothing but Python.

    CALLBAY_URL=https://calls.example.com CALLBAY_TOKEN=… python3 weekly_export.py calls.csv

The highest callId is kept in the file itself: its last row has it. A run that is interrupted leaves whole pages only; run it
again. SSL_CERT_FILE names the certificate of an authority of your own.
"""

import csv
import io
import os
import sys
import urllib.parse
import urllib.request

PER_PAGE = 1000


def fetch(page, after_call_id):
    query = urllib.parse.urlencode(
        {
            "format": "csv",
            "per_page": PER_PAGE,
            "page": page,
            "consecutive": "true",
            # The same for all pages of one run.
            "afterCallId": after_call_id,
            "fromTime": "2020-01-01T00:00:00Z",
            "toTime": "2525-01-01T00:00:00Z",
        }
    )
    request = urllib.request.Request(
        f"{os.environ['CALLBAY_URL']}/v1/sa/call?{query}",
        headers={"authorization": f"Bearer {os.environ['CALLBAY_TOKEN']}"},
    )
    # Any status but 200 raises, and so does an answer that breaks off.
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode()


def last_call_id(path):
    if not os.path.exists(path):
        return 0
    last = 0
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            last = int(row["callId"])
    return last


def main(path):
    after = last_call_id(path)
    rows = 0
    page = 1
    while True:
        text = fetch(page, after)
        calls = list(csv.DictReader(io.StringIO(text, newline="")))
        if not calls:
            break
        is_new = not os.path.exists(path)
        with open(path, "a", encoding="utf-8", newline="") as file:
            file.write(text if is_new else text[text.index("\n") + 1 :])
            file.flush()
            os.fsync(file.fileno())
        rows += len(calls)
        page += 1
    print(f"{rows} calls after {after}")


if __name__ == "__main__":
    main(sys.argv[1])
