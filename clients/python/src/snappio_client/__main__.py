"""Chat in a terminal: ``python -m snappio_client http://localhost:8000 alice --with bob``."""

import argparse
import asyncio
import getpass
import os
import sys

from snappio_client.client import Client
from snappio_client.conversation import Conversation
from snappio_client.errors import SnappioError
from snappio_client.events import ChangedMessage, Connected, Disconnected, NewMessage
from snappio_client.frames import Message


def main() -> int:
    """Chat until the input ends."""
    options = _parser().parse_args()
    password = os.environ.get("SNAPPIO_PASSWORD") or getpass.getpass(
        f"Password of {options.username}: "
    )
    try:
        asyncio.run(_chat(options, password))
    except SnappioError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m snappio_client",
        description="Chat with a member in a terminal; every line is a message.",
        epilog="The password is asked for, or taken from SNAPPIO_PASSWORD.",
    )
    parser.add_argument("url", help="the instance, e.g. http://localhost:8000")
    parser.add_argument("username", help="who you are")
    parser.add_argument("--with", dest="partner", required=True, help="whom to talk to")
    parser.add_argument("--socket", default="", help="the socket, if it is not at URL/ws/")
    return parser


async def _chat(options: argparse.Namespace, password: str) -> None:
    async with Client(
        options.url, username=options.username, password=password, socket_url=options.socket
    ) as client:
        chat = await client.open(options.partner)
        for message in await chat.history(limit=20):
            _show(message)
        saying = asyncio.create_task(_say_lines(chat))
        showing = asyncio.create_task(_show_events(client, chat.id, chat.last_seq))
        done, pending = await asyncio.wait({saying, showing}, return_when="FIRST_COMPLETED")
        for task in pending:
            task.cancel()
        for task in done:
            task.result()


async def _say_lines(chat: Conversation) -> None:
    while line := await asyncio.to_thread(sys.stdin.readline):
        if text := line.strip():
            await chat.send(text)


async def _show_events(client: Client, conversation_id: str, shown: int) -> None:
    async for event in client.events():
        match event:
            case NewMessage(conversation, message) if conversation.id == conversation_id:
                if message.seq > shown:
                    _show(message)
                await conversation.read(message.seq)
            case ChangedMessage(conversation, message) if conversation.id == conversation_id:
                _show(message, note="(deleted)" if message.deleted else "(changed)")
            case Disconnected(code, seconds):
                print(f"— connection lost ({code}), again in {seconds:.1f} s —", flush=True)
            case Connected():
                print("— connected —", flush=True)


def _show(message: Message, note: str = "") -> None:
    at = message.sent_at.astimezone().strftime("%H:%M")
    print(f"{at} {message.sender_name}: {message.text} {note}".rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
