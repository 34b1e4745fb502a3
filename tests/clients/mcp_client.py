"""The official Python client of the Model Context Protocol against a server with the example documents.

  mcp_client.py BASE_URL

Ends with 0 when all is as the client expects it; results are held against their schemas by the client itself.
"""
import asyncio
import sys
import warnings

from mcp import Client
from mcp.shared.exceptions import MCPError

QUESTION = "How many days of annual leave do employees have?"
TOOLS = ["search_documents", "ask", "get_document"]


async def main(base_url: str) -> None:
    async with Client(f"{base_url}/mcp") as client:
        assert client.protocol_version == "2026-07-28", client.protocol_version
        await use(client)
    async with Client(f"{base_url}/mcp", mode="legacy") as client:
        assert client.protocol_version == "2025-11-25", client.protocol_version
        await client.send_ping()
        await use(client)
    print("ok")


async def use(client: Client) -> None:
    assert client.server_info.name == "taproot" and client.server_info.version, client.server_info
    assert "get_document" in client.instructions and client.server_capabilities.tools is not None
    tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == TOOLS, tools
    for tool in tools:
        assert tool.annotations.read_only_hint and not tool.annotations.destructive_hint, tool
        assert tool.description and tool.title and tool.input_schema and tool.output_schema, tool

    found = await called(client, "search_documents", {"query": "annual leave", "limit": 3})
    passages = found["passages"]
    assert len(passages) == 3 and passages[0]["score"] >= passages[1]["score"], passages
    assert any("leave" in passage["uri"] for passage in passages), passages

    answer = await called(client, "ask", {"question": QUESTION})
    assert answer["status"] == "answered" and "[1]" in answer["answer"], answer
    quote = answer["citations"][0]
    none = await called(client, "ask", {"question": "Who won the football world cup in 1974?"})
    assert none["status"] == "abstained", none

    arguments = {"document_id": quote["document_id"], "start": quote["start"], "max_chars": quote["end"] - quote["start"]}
    part = await called(client, "get_document", arguments)
    assert part["text"] == quote["quote"] and part["next_start"] == quote["end"], part
    whole = await called(client, "get_document", {"document_id": quote["document_id"], "max_chars": 100_000})
    assert len(whole["text"]) == whole["characters"] == whole["end"] and "next_start" not in whole, whole

    # What a model can mend is the tool's result; what it cannot is the protocol's error.
    for name, arguments, told in [
        ("get_document", {"document_id": "none"}, "no document none"),
        ("get_document", {}, "document_id"),
        ("search_documents", {"query": ""}, "empty"),
        ("search_documents", {"query": "x", "limit": 1000}, "1 to 50"),
        ("search_documents", {"query": "x", "colour": "red"}, "colour"),
        ("ask", {"question": QUESTION, "strictness": 9}, "strictness"),
    ]:
        result = await client.call_tool(name, arguments)
        assert result.is_error and told in result.content[0].text, result
    for call in (client.call_tool("no_such_tool", {}), client.list_prompts()):
        try:
            await call
        except MCPError as error:
            assert error.code in (-32602, -32601), error
        else:
            raise AssertionError("an error was to be raised")


async def called(client: Client, name: str, arguments: dict) -> dict:
    result = await client.call_tool(name, arguments)
    assert not result.is_error and result.content[0].type == "text" and result.content[0].text, result
    return result.structured_content


if __name__ == "__main__":
    # That ping is of the older versions is why it is tried on those alone.
    warnings.simplefilter("ignore")
    asyncio.run(main(sys.argv[1]))
