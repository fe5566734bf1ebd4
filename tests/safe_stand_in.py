"""Safe's Transaction Service on this machine: its paths, shapes, checks and refusals, and faults on demand.

::

    with TransactionService(chain_id=31337) as service:
        service.add_safe(safe, owners=[...])
        service.posts.script(status(429, retry_after="1"), lost_reply())      # one fault a POST; healthy afterwards
        ...
        assert len(service.transactions) == 1

What it checks it checks with eth-account, which shares no code with the package. Source of the shapes:
safe-global/safe-transaction-service, history/views.py and history/serializers.py, and npm's @safe-global/types-kit.
"""

import contextlib
import json
import re
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from eth_account import Account
from eth_account.messages import _hash_eip191_message, encode_typed_data

ZERO = "0x" + "00" * 20
_TYPES = {
    "SafeTx": [
        {"name": "to", "type": "address"},
        {"name": "value", "type": "uint256"},
        {"name": "data", "type": "bytes"},
        {"name": "operation", "type": "uint8"},
        {"name": "safeTxGas", "type": "uint256"},
        {"name": "baseGas", "type": "uint256"},
        {"name": "gasPrice", "type": "uint256"},
        {"name": "gasToken", "type": "address"},
        {"name": "refundReceiver", "type": "address"},
        {"name": "nonce", "type": "uint256"},
    ]
}
_NUMBERS = ("value", "operation", "safeTxGas", "baseGas", "gasPrice", "nonce")


class Faults:
    """What goes wrong with the next requests of one method."""

    def __init__(self):
        self._script = []
        self.default = None

    def script(self, *faults):
        self._script += faults

    def take(self):
        return self._script.pop(0) if self._script else self.default


def status(code, body=None, *, carried_out=False, **headers):
    """Answer with a status; ``carried_out`` does first what was asked."""
    return (
        "status",
        code,
        {} if body is None else body,
        {k.replace("_", "-"): v for k, v in headers.items()},
        carried_out,
    )


def lost_request():
    """Break the connection and do nothing."""
    return ("break", False)


def lost_reply():
    """Do what was asked, and break the connection."""
    return ("break", True)


def healthy():
    """Nothing goes wrong, this time."""


class TransactionService:
    """The server. ``transactions`` are its table, as it shows them; ``posts`` and ``gets`` its faults."""

    def __init__(self, *, chain_id, api_key=None, largest_page=100):
        self.chain_id = chain_id
        self.api_key = api_key
        self.largest_page = largest_page
        self.safes = {}
        self.delegates = []
        self.transactions = []
        self.requests = []  # (method, path with query, JSON or None)
        self.posts = Faults()
        self.gets = Faults()
        self.between_pages = None  # called before a page that is not the first
        self._lock = threading.Lock()

    # ------------------------------------------------------------------ what it knows

    def add_safe(self, address, *, owners, nonce=0, threshold=2, version="1.4.1"):
        self.safes[address] = {
            "address": address,
            "nonce": str(nonce),
            "threshold": threshold,
            "owners": list(owners),
            "masterCopy": "0x41675C099F32341bf84BFc5382aF534df5C7461a",
            "modules": [],
            "fallbackHandler": "0xfd0732Dc9E303f09fCEf3a7388Ad10A83459Ec99",
            "guard": ZERO,
            "version": version,
        }

    def add_delegate(self, delegate, delegator, safe=None):
        entry = {
            "safe": safe,
            "delegate": delegate,
            "delegator": delegator,
            "label": "bot",
            "expiryDate": None,
        }
        self.delegates.append(entry)

    def add_transaction(self, safe, *, proposer=None, **fields):
        """One that somebody else proposed."""
        plain = dict.fromkeys(_NUMBERS, 0) | {"data": None, "gasToken": ZERO, "refundReceiver": ZERO}
        transaction = plain | fields
        self._store(
            safe, transaction, self.hash_of(safe, transaction), proposer or self.safes[safe]["owners"][0]
        )
        return self.transactions[-1]

    def hash_of(self, safe, transaction):
        message = {name: transaction[name] for name in ("to", "gasToken", "refundReceiver")}
        message |= {name: int(transaction[name]) for name in _NUMBERS}
        message["data"] = bytes.fromhex((transaction["data"] or "0x")[2:])
        domain = {"chainId": self.chain_id, "verifyingContract": safe}
        return _hash_eip191_message(encode_typed_data(domain, _TYPES, message))

    @property
    def proposals(self):
        """The POSTs that arrived, in order."""
        return [body for method, _, body in self.requests if method == "POST"]

    # ------------------------------------------------------------------ what it does

    def handle(self, method, target, body, headers):
        """Status and JSON of an answer."""
        if self.api_key is not None and headers.get("authorization") != f"Bearer {self.api_key}":
            return 401, {"message": "No API key found in request"}
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        if match := re.fullmatch(r"/api/v1/safes/(0x\w+)/", path):
            found = self.safes.get(match[1])
            return (404, {"detail": "Not found."}) if found is None else (200, found)
        if match := re.fullmatch(r"/api/v2/multisig-transactions/(0x\w+)/", path):
            found = [entry for entry in self.transactions if entry["safeTxHash"] == match[1]]
            return (
                (200, found[0])
                if found
                else (404, {"detail": "No MultisigTransaction matches the given query."})
            )
        if path == "/api/v2/delegates/":
            wanted = query["delegate"][0]
            return 200, self._page([entry for entry in self.delegates if entry["delegate"] == wanted], query)
        if match := re.fullmatch(r"/api/v2/safes/(0x\w+)/multisig-transactions/", path):
            if method == "POST":
                return self._propose(match[1], body)
            return 200, self._list(match[1], query)
        return 404, {"detail": "Not found."}

    def _list(self, safe, query):
        found = [entry for entry in self.transactions if entry["safe"] == safe]
        if query.get("executed") == ["false"]:
            found = [entry for entry in found if not entry["isExecuted"]]
        first = int(query.get("nonce__gte", ["0"])[0])
        found = [entry for entry in found if int(entry["nonce"]) >= first]
        falling = query.get("ordering") != ["nonce"]
        found.sort(key=lambda entry: int(entry["nonce"]), reverse=falling)
        return self._page(found, query) | {"countUniqueNonce": len({entry["nonce"] for entry in found})}

    def _page(self, entries, query):
        limit = min(int(query.get("limit", ["100"])[0]), self.largest_page)
        offset = int(query.get("offset", ["0"])[0])
        # The real one links to itself by the host it believes to have.
        more = f"http://elsewhere.invalid/?offset={offset + limit}" if offset + limit < len(entries) else None
        return {
            "count": len(entries),
            "next": more,
            "previous": None,
            "results": entries[offset : offset + limit],
        }

    def _propose(self, safe, body):
        if safe not in self.safes:
            return 404, {"detail": "Not found."}
        required = {
            "to",
            "operation",
            "nonce",
            "contractTransactionHash",
            "sender",
            "safeTxGas",
            "baseGas",
            "gasPrice",
        }
        if missing := sorted(required - set(body)):
            return 400, {name: ["This field is required."] for name in missing}
        computed = self.hash_of(safe, body)
        stated = body["contractTransactionHash"]
        if "0x" + computed.hex() != stated:
            words = f"Contract-transaction-hash=0x{computed.hex()} does not match provided contract-tx-hash={stated}"
            return 422, {"nonFieldErrors": [words]}
        if any(
            e["isExecuted"] and e["nonce"] == str(body["nonce"]) and e["safe"] == safe
            for e in self.transactions
        ):
            words = f"Tx with nonce={body['nonce']} for safe={safe} already executed in tx-hash=0x00"
            return 422, {"nonFieldErrors": [words]}
        owners = self.safes[safe]["owners"]
        delegations = [e for e in self.delegates if e["safe"] in (None, safe) and e["delegator"] in owners]
        delegates = {entry["delegate"] for entry in delegations}
        sender = body["sender"]
        if sender not in [*owners, *delegates]:
            words = (
                f"Sender={sender} is not an owner or delegate. Current owners={owners}. Delegates={delegates}"
            )
            return 422, {"nonFieldErrors": [words]}
        signer = Account._recover_hash(computed, signature=bytes.fromhex(body["signature"][2:]))
        if signer != sender:
            return 422, {
                "nonFieldErrors": [f"Signature does not match sender={sender}. Calculated owners=[{signer}]"]
            }
        proposer = sender
        if sender not in owners:
            proposer = next(entry["delegator"] for entry in delegations if entry["delegate"] == sender)
        with self._lock:
            self._store(safe, body, computed, proposer, signed_by=sender if sender in owners else None)
        return 201, None

    def _store(self, safe, transaction, computed, proposer, signed_by=None):
        safe_tx_hash = "0x" + computed.hex()
        if any(entry["safeTxHash"] == safe_tx_hash for entry in self.transactions):
            return  # get_or_create
        data = transaction["data"]
        entry = {name: str(transaction[name]) for name in _NUMBERS if name != "operation"}
        entry |= {name: transaction[name] for name in ("to", "gasToken", "refundReceiver")}
        confirmation = {
            "owner": signed_by,
            "signature": "0x",
            "signatureType": "EOA",
            "submissionDate": "2026-01-01T00:00:00Z",
        }
        entry |= {
            "safe": safe,
            "data": data if data not in ("0x", None) else None,
            "operation": int(transaction["operation"]),
            "safeTxHash": safe_tx_hash,
            "executionDate": None,
            "submissionDate": "2026-01-01T00:00:00.000000Z",
            "modified": "2026-01-01T00:00:00.000000Z",
            "blockNumber": None,
            "transactionHash": None,
            "executor": None,
            "proposer": proposer,
            "proposedByDelegate": None,
            "isExecuted": False,
            "isSuccessful": None,
            "ethGasPrice": None,
            "gasUsed": None,
            "fee": None,
            "origin": json.dumps({"name": transaction.get("origin")}),
            "dataDecoded": None,
            "confirmationsRequired": self.safes[safe]["threshold"],
            "confirmations": [] if signed_by is None else [confirmation],
            "trusted": True,
            "signatures": None,
        }
        self.transactions.append(entry)

    # ------------------------------------------------------------------ its life

    def __enter__(self):
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_GET(self):
                if (
                    service.between_pages is not None
                    and "offset=" in self.path
                    and "offset=0" not in self.path
                ):
                    service.between_pages()
                self.answer("GET", None, service.gets.take())

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                self.answer("POST", body, service.posts.take())

            def answer(self, method, body, fault):
                service.requests.append((method, self.path, body))
                headers = {name.lower(): value for name, value in self.headers.items()}

                def carry_out():
                    return service.handle(method, self.path, body, headers)

                if fault is None:
                    self.reply(*carry_out(), {})
                elif fault[0] == "status":
                    _, code, document, extra, carried_out = fault
                    if carried_out:
                        carry_out()
                    self.reply(code, document, extra)
                else:
                    if fault[1]:
                        carry_out()
                    # A reset, so that the client cannot take it for a connection that was closed at rest.
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                    self.connection.close()

            def reply(self, code, document, extra):
                content = (
                    b""
                    if document is None
                    else document
                    if isinstance(document, bytes)
                    else json.dumps(document).encode()
                )
                self.send_response(code)
                for name, value in {
                    "content-type": "application/json",
                    "content-length": str(len(content)),
                    **extra,
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def finish(self):
                with contextlib.suppress(OSError, ValueError):
                    super().finish()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
