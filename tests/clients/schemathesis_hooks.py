"""What schemathesis cannot know of the server that it is let loose on, read from its environment.

Two things are kept from happening: a job that reads whatever folder of this machine the generator draws, and streams, whose
events the contract describes one by one (tests/stream.rs and tests/apis.rs look at those).
"""
import os

import schemathesis

@schemathesis.hook
def before_call(context, case, kwargs):
    path, body = case.operation.path, case.body
    if not isinstance(body, dict):
        return
    if path == "/v1/jobs" and isinstance(body.get("path"), str) and body["path"].startswith("/"):
        body["path"] = os.environ["FOLDER"]
    if path in ("/v1/ask", "/v1/chat/completions") and body.get("stream") is True:
        body["stream"] = False
