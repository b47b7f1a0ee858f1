"""The Model Context Protocol's own client (`pip install mcp`) asks `trawl mcp`, in the newest revision and in those before it."""
import asyncio
from pathlib import Path

from mcp import Client, ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client

TOOLS = ["search", "count", "find", "get_document"]


def server(binary: str, notes: Path) -> StdioServerParameters:
    return StdioServerParameters(command=binary, args=["mcp", str(notes)])


def test_the_newest_revision(binary: str, notes: Path) -> None:
    async def ask() -> None:
        async with Client(stdio_client(server(binary, notes))) as client:
            assert client.protocol_version == "2026-07-28"
            assert [tool.name for tool in (await client.list_tools()).tools] == TOOLS
            found = await client.call_tool("search", {"query": "what pulls the océans", "mode": "lexical", "k": 1})
            assert not found.is_error and "id: moon  Tides" in found.content[0].text
            assert found.structured_content["hits"][0]["document"] == "moon"

    asyncio.run(ask())


def test_a_revision_with_a_handshake(binary: str, notes: Path) -> None:
    async def ask() -> None:
        async with stdio_client(server(binary, notes)) as (reading, writing):
            async with ClientSession(reading, writing) as session:
                greeting = await session.initialize()
                assert greeting.protocol_version == "2025-11-25" and greeting.server_info.name == "trawl"
                assert [tool.name for tool in (await session.list_tools()).tools] == TOOLS
                assert (await session.call_tool("count", {"phrase": "water"})).content[0].text == "2"
                found = await session.call_tool("find", {"phrase": "water", "k": 1})
                assert found.content[0].text.startswith("2 occurrences in 2 passages of 2 documents")
                document = await session.call_tool("get_document", {"id": "a/b #c?"})
                assert document.content[0].text.startswith("Odd\n\nAn id with a slash")
                wrong = await session.call_tool("get_document", {"id": "nothing"})
                assert wrong.is_error and "no document" in wrong.content[0].text

    asyncio.run(ask())
