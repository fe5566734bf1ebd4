"""Every way in which an Ethereum node misbehaves that a watcher has to live with, by name."""

from __future__ import annotations

from fault_proxy import (
    altered,
    close,
    close_in_the_middle,
    doubled,
    drip,
    hang,
    html,
    http_status,
    no_http,
    no_result,
    null_result,
    out_of_order,
    reset,
    reset_in_the_middle,
    rpc_error,
    short,
    truncated,
    whole_error,
    wrong_id,
)


def of_logs(change):
    """A fault of the answers to ``eth_getLogs`` that hold any."""

    def changed(reply, call):
        if call["method"] != "eth_getLogs" or not reply.get("result"):
            return reply
        return reply | {"result": change(reply["result"])}

    return altered(changed)


def last(**changes):
    """The last log is another."""
    return of_logs(lambda logs: [*logs[:-1], logs[-1] | changes])


OTHER = "0x" + "ab" * 32
HARMLESS = {"out of order": out_of_order(), "drip": drip(0.0)}
FAULTS = {
    "429": http_status(429),
    "429 with Retry-After": http_status(429, retry_after="0"),
    "500": http_status(500),
    "503 with a page": html(503),
    "page": html(),
    "hang": hang(),
    "reset": reset(),
    "close": close(),
    "reset in the middle": reset_in_the_middle(),
    "close in the middle": close_in_the_middle(),
    "no http": no_http(),
    "half of the json": truncated(),
    "error": rpc_error(-32000, "internal error"),
    "error of logs": rpc_error(-32000, "internal error", only="eth_getLogs"),
    "error of all": whole_error(-32603, "internal error"),
    "rate limit": rpc_error(-32005, "rate limit exceeded"),
    "batch refused": whole_error(-32600, "batch requests are not supported", status=400),
    "batch short": short(),
    "batch doubled": doubled(),
    "wrong id": wrong_id(),
    "null": null_result(),
    "null of headers": null_result("eth_getBlockByNumber"),
    "null of logs": null_result("eth_getLogs"),
    "no result": no_result(),
    "too many results": rpc_error(-32005, "query returned more than 10000 results", only="eth_getLogs"),
    "logs twice": of_logs(lambda logs: [*logs, logs[-1]]),
    "log removed": last(removed=True),
    "log outside": last(blockNumber=hex(10**6)),
    "log before": last(blockNumber="0x0"),
    "log of another address": last(address="0x" + "99" * 20),
    "log of another topic": last(topics=[OTHER]),
    "log of another block": last(blockHash=OTHER),
    "log without topics": last(topics=[]),
    "log in pieces": last(data="0xzz"),
    "log that waits": last(blockNumber=None),
    "header of another block": altered(
        lambda reply, call: (
            reply | {"result": reply["result"] | {"number": "0x1"}}
            if call["method"] == "eth_getBlockByNumber" and reply["result"]
            else reply
        )
    ),
    "header without a hash": altered(
        lambda reply, call: (
            reply | {"result": reply["result"] | {"hash": None}}
            if call["method"] == "eth_getBlockByNumber" and reply["result"]
            else reply
        )
    ),
    "other hashes": altered(
        lambda reply, call: (
            reply | {"result": reply["result"] | {"hash": OTHER, "parentHash": OTHER}}
            if call["method"] == "eth_getBlockByNumber" and reply["result"]
            else reply
        )
    ),
    "header cut short": altered(
        lambda reply, call: (
            reply | {"result": {"number": "0x1"}} if call["method"] == "eth_getBlockByNumber" else reply
        )
    ),
}
