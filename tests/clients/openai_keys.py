"""The official Python client of OpenAI where a key is needed, and where it may ask so often a minute.

  openai_keys.py BASE_URL KEY REQUESTS_A_MINUTE

Ends with 0 when each refusal is the client's own type of error.
"""
import sys

import openai
from openai import OpenAI


def main(base_url: str, key: str, requests: int) -> None:
    stranger = OpenAI(base_url=f"{base_url}/v1", api_key="sk-of-another-service", max_retries=0)
    error = refused(openai.AuthenticationError, stranger.models.list)
    assert error.code == "unauthorized" and error.type == "authentication_error", error.body

    client = OpenAI(base_url=f"{base_url}/v1", api_key=key, max_retries=0)
    for _ in range(requests):
        assert client.models.list().data[0].id == "taproot"
    error = refused(openai.RateLimitError, client.models.list)
    assert error.code == "rate_limited" and error.type == "rate_limit_error", error.body
    assert 1 <= int(error.response.headers["retry-after"]) <= 60, error.response.headers
    print("ok")


def refused(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was to be raised")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
