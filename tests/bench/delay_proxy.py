"""A loopback proxy that answers late, as a node far away does: ``python delay_proxy.py PORT UPSTREAM_PORT MILLISECONDS``.

Every request waits the same time before it is passed on, however many are under way, and all are counted:
``GET /count`` tells how many there were.
"""

from __future__ import annotations

import asyncio
import sys


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    size = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            size = int(value)
    return head + await reader.readexactly(size)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers pass through as they come: only requests are late."""
    while piece := await reader.read(1 << 18):
        writer.write(piece)
        await writer.drain()
    writer.close()


class Proxy:
    def __init__(self, upstream: int, seconds: float) -> None:
        self.upstream, self.seconds, self.count = upstream, seconds, 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream, limit=1 << 20)
        answers = asyncio.create_task(pump(up_reader, writer))
        try:
            while True:
                request = await read_request(reader)
                if request.startswith(b"GET /count "):
                    body = str(self.count).encode()
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
                    continue
                self.count += 1
                if self.seconds:
                    await asyncio.sleep(self.seconds)
                up_writer.write(request)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            answers.cancel()
            writer.close()
            up_writer.close()


async def main(port: int, upstream: int, milliseconds: float) -> None:
    proxy = Proxy(upstream, milliseconds / 1000)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", port, limit=1 << 27)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
