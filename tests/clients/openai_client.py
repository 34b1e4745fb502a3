"""The official Python client of OpenAI, unmodified, against a server with the example documents.

  openai_client.py BASE_URL

Ends with 0 when all is as the client expects it.
"""
import math
import sys

import openai
from openai import OpenAI

EMBEDDER = "all-minilm-l6-v2"
QUESTION = "How many days of annual leave do employees have?"


def main(base_url: str) -> None:
    client = OpenAI(base_url=f"{base_url}/v1", api_key="not needed here", max_retries=0)
    models(client)
    answer = chat(client)
    stream(client, answer)
    follow_up(client)
    abstention(client)
    embeddings(client)
    errors(client)
    print("ok")


def models(client: OpenAI) -> None:
    ids = [model.id for model in client.models.list()]
    assert ids[:2] == ["taproot", "taproot-extractive"] and ids[-1] == EMBEDDER, ids
    model = client.models.retrieve("taproot")
    assert (model.id, model.object, model.owned_by) == ("taproot", "model", "taproot") and model.created > 1.7e9, model


def chat(client: OpenAI) -> str:
    messages = [{"role": "system", "content": "Answer like a pirate."}, {"role": "user", "content": QUESTION}]
    # What clients send and what sets nothing here.
    habits = {"temperature": 0.2, "max_tokens": 100, "seed": 1, "user": "ann", "top_p": 1, "stop": ["\n\n\n"]}
    done = client.chat.completions.create(model="taproot", messages=messages, **habits)
    choice = done.choices[0]
    assert (done.object, done.model, choice.finish_reason) == ("chat.completion", "taproot", "stop"), done
    assert choice.message.role == "assistant" and "[1]" in choice.message.content, choice
    context = choice.message.context
    assert context["status"] == "answered" and context["nearest"] == [] and context["intent"].startswith('["'), context
    for citation in context["citations"]:
        assert citation["content"] and citation["title"] and citation["chunk_id"] and citation["filepath"], citation
        assert citation["url"].startswith(f"/v1/documents/{citation['document_id']}/original"), citation
    assert context["citations"][0]["content"] in choice.message.content, choice
    usage = done.usage
    assert usage.prompt_tokens > 10 and usage.completion_tokens > 5, usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens, usage
    return choice.message.content


def stream(client: OpenAI, answer: str) -> None:
    chunks = list(
        client.chat.completions.create(
            model="taproot-extractive",
            messages=[{"role": "user", "content": [{"type": "text", "text": QUESTION}]}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    *told, usage = chunks
    assert usage.choices == [] and usage.usage.completion_tokens > 5, usage
    assert len({chunk.id for chunk in chunks}) == 1 and chunks[0].object == "chat.completion.chunk"
    assert told[0].choices[0].delta.role == "assistant"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in told)
    assert text == answer, (text, answer)
    assert [chunk.choices[0].finish_reason for chunk in told][-2:] == [None, "stop"]
    context = told[-1].choices[0].delta.context
    assert context["citations"] and context["mode"] == "extractive", context
    plain = client.chat.completions.create(
        model="taproot", messages=[{"role": "user", "content": QUESTION}], stream=True
    )
    assert all(chunk.choices and chunk.usage is None for chunk in plain)


def follow_up(client: OpenAI) -> None:
    """What is asked second is understood by what was asked first, in both languages."""
    for first, second, kept, about in [
        ("How long do customers have to pay an invoice?", "And what happens when they pay late?", "pay late", "invoice"),
        ("试用期有多久？", "那期间工资怎么算？", "工资怎么算", "试用期"),
    ]:
        messages = [{"role": "user", "content": first}]
        said = client.chat.completions.create(model="taproot", messages=messages).choices[0].message
        assert said.context["intent"] == f'["{first}"]', said.context
        messages += [{"role": "assistant", "content": said.content}, {"role": "user", "content": second}]
        context = client.chat.completions.create(model="taproot", messages=messages).choices[0].message.context
        assert kept in context["intent"] and about in context["intent"], context["intent"]
        alone = client.chat.completions.create(model="taproot", messages=messages[-1:]).choices[0].message.context
        assert about not in alone["intent"], alone["intent"]


def abstention(client: OpenAI) -> None:
    message = {"role": "user", "content": "Who won the football world cup in 1974?"}
    choice = client.chat.completions.create(model="taproot", messages=[message]).choices[0]
    assert choice.finish_reason == "stop" and choice.message.refusal is None, choice
    assert choice.message.content and choice.message.context["status"] == "abstained", choice
    assert choice.message.context["citations"] == [] and choice.message.context["nearest"], choice


def embeddings(client: OpenAI) -> None:
    texts = ["annual leave", "days of vacation", "a gateway of the second generation"]
    # Base64, which the client asks for by itself and takes apart; and as numbers.
    packed = client.embeddings.create(model=EMBEDDER, input=texts)
    plain = client.embeddings.create(model=EMBEDDER, input=texts, encoding_format="float")
    assert [item.index for item in packed.data] == [0, 1, 2] and packed.usage.prompt_tokens >= 10, packed.usage
    leave, vacation, gateway = (item.embedding for item in packed.data)
    assert all(math.isclose(a, b, abs_tol=1e-6) for a, b in zip(leave, plain.data[0].embedding, strict=True))
    assert len(leave) == 384 and math.isclose(sum(value * value for value in leave), 1, abs_tol=1e-4)
    near, far = (sum(a * b for a, b in zip(leave, other, strict=True)) for other in (vacation, gateway))
    assert near > far + 0.2, (near, far)
    one = client.embeddings.create(model=EMBEDDER, input=texts[0], dimensions=384)
    assert one.data[0].embedding == leave
    long = "many words " * 1000
    client.embeddings.create(model=EMBEDDER, input=long, extra_body={"truncate": True, "input_type": "query"})
    refused(openai.BadRequestError, "input", lambda: client.embeddings.create(model=EMBEDDER, input=long))
    refused(openai.BadRequestError, "input", lambda: client.embeddings.create(model=EMBEDDER, input=[1, 2, 3]))
    refused(openai.NotFoundError, "model", lambda: client.embeddings.create(model="taproot", input="x"))


def errors(client: OpenAI) -> None:
    """Each has the client's own type, and tells a code."""

    def ask(**changes):
        return lambda: client.chat.completions.create(
            **{"model": "taproot", "messages": [{"role": "user", "content": QUESTION}], **changes}
        )

    image = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    refused(openai.BadRequestError, "n", ask(n=2))
    refused(openai.BadRequestError, "messages", ask(messages=[{"role": "user", "content": image}]))
    refused(openai.BadRequestError, "messages", ask(messages=[]))
    refused(openai.BadRequestError, "tool_choice", ask(tools=[tool], tool_choice="required"))
    refused(openai.BadRequestError, "response_format", ask(response_format={"type": "json_object"}))
    ask(tools=[tool], tool_choice="auto")()
    error = refused(openai.NotFoundError, "model", ask(model="gpt-5"))
    assert error.code == "model_not_found" and error.type == "invalid_request_error" and error.request_id, error.body
    assert "/v1/models" in error.message, error.message
    long = ask(messages=[{"role": "user", "content": "why " * 20000}])
    assert refused(openai.BadRequestError, None, long).code == "query_too_long"
    assert refused(openai.BadRequestError, None, ask(messages=[{"role": "user", "content": " "}])).code == "empty_query"
    assert refused(openai.NotFoundError, None, lambda: client.models.retrieve("no such")).code == "model_not_found"
    assert refused(openai.BadRequestError, None, ask(messages="hello")).code == "invalid_request"


def refused(kind, param, call):
    try:
        call()
    except kind as error:
        assert param is None or error.param == param, error.body
        assert error.code and error.type and error.message, error.body
        return error
    raise AssertionError(f"{kind.__name__} was to be raised")


if __name__ == "__main__":
    main(sys.argv[1])
