"""An OpenID Connect issuer on a free port of this machine: prints its address, and serves until its input ends.

The issuer is oidc-provider-mock, which signs with keys that it makes. Besides what the protocol has, the tests may change it:

  PUT  /test/user   {"sub", …claims}            what it tells of somebody from now on
  POST /test/rotate                             another signing key
  POST /test/token  {"claims", "signed_by"}     a token with these claims: signed by the "issuer", by "another" key under
                                                the issuer's key id, with the public key as a shared "secret", or by "none"
"""
from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
import threading
import time
import uuid

import flask
import jwt
import oidc_provider_mock
import werkzeug.serving

application = oidc_provider_mock.app(require_nonce=True)


def storage():
    return flask.g.oidc_provider_mock_storage


def another(key):
    return type(key).generate_key(2048, {"kid": uuid.uuid4().hex}, is_private=True)


@application.put("/test/user")
def put_user():
    claims = flask.request.get_json()
    storage().store_user(oidc_provider_mock.User(sub=claims.pop("sub"), claims=claims))
    return "", 204


@application.post("/test/rotate")
def rotate():
    storage().jwk = another(storage().jwk)
    return "", 204


@application.post("/test/token")
def token():
    asked = flask.request.get_json()
    now = int(time.time())
    claims = {"iss": flask.request.host_url.rstrip("/"), "aud": "taproot", "iat": now, "exp": now + 600, **asked["claims"]}
    claims = {name: value for name, value in claims.items() if value is not None}
    key, signed_by = storage().jwk, asked.get("signed_by", "issuer")
    header = {"kid": key.as_dict().get("kid") or key.thumbprint()}
    if signed_by == "none":
        return jwt.encode(claims, None, algorithm="none", headers=header)
    if signed_by == "secret":
        return with_shared_secret({**header, "alg": "HS256", "typ": "JWT"}, claims, key.as_pem(is_private=False))
    signing = another(key) if signed_by == "another" else key
    return jwt.encode(claims, signing.as_pem(is_private=True), algorithm="RS256", headers=header)


def with_shared_secret(header: dict, claims: dict, secret: bytes) -> str:
    """What no library makes: everybody has the public key, so a server that takes it for a secret believes everybody."""
    def encoded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    signed = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{encoded(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def main() -> None:
    server = werkzeug.serving.make_server("localhost", 0, application, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://localhost:{server.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
