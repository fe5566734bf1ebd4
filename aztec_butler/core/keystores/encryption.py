"""Encrypted key files, as the node reads them: web3 secret storage (v3) for Ethereum, EIP-2335 in form for BLS.

Neither is taken at its full width: the node reads v3 by ``@ethersproject/json-wallets`` and BLS by a reader of its own,
which knows PBKDF2 and AES-128-CTR only. Source: foundation ``bn254_keystore.ts``, ethers v5 ``keystore.ts``.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping

import attrs
from Crypto.Cipher import AES

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import keccak256, parse_address
from aztec_butler.core.keystores.faults import Fault
from aztec_butler.core.keystores.text import BrokenText, parse_text

_LARGEST_MEMORY = 1 << 30
_LARGEST_ROUNDS = 20_000_000
_PRFS = {"hmac-sha256": "sha256", "hmac-sha512": "sha512"}


class KeyFileError(Exception):
    """An encrypted file that gives no key.

    Args:
        fault: why.
        detail: what is particular, without content of the file.
    """

    def __init__(self, fault: Fault, detail: str | None = None) -> None:
        super().__init__(fault.sentence)
        self.fault = fault
        self.detail = detail


@attrs.frozen(kw_only=True, repr=False)
class EncryptedEthKey:
    """A web3 v3 file."""

    address: str | None
    """What the file tells without its password; None when it does not."""
    kdf: str
    parameters: Mapping[str, int]
    salt: bytes
    prf: str
    ciphertext: bytes
    nonce: bytes
    code: bytes
    """Keccak-256 over the second half of the derived key and the ciphertext."""

    def open(self, password: str) -> int:
        """The private key.

        Raises:
            KeyFileError: another password, or another address than the file tells.
        """
        key = self._derive(unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass"))
        if not hmac.compare_digest(keccak256(key[16:32] + self.ciphertext), self.code):
            raise KeyFileError(Fault.WRONG_PASSWORD)
        return int.from_bytes(_decrypted(key[:16], self.nonce, self.ciphertext), "big")

    def _derive(self, password: bytes) -> bytes:
        numbers = self.parameters
        if self.kdf == "pbkdf2":
            return hashlib.pbkdf2_hmac(self.prf, password, self.salt, numbers["c"], 32)
        n, r, p = numbers["n"], numbers["r"], numbers["p"]
        memory = 128 * r * (n + p + 2)
        return hashlib.scrypt(password, salt=self.salt, n=n, r=r, p=p, maxmem=memory + (1 << 20), dklen=32)


@attrs.frozen(kw_only=True, repr=False)
class EncryptedBlsKey:
    """A BLS key in the form of EIP-2335."""

    public_key: bytes | None
    """Compressed G1, as the file tells it without its password; None when it tells it in another form."""
    rounds: int
    length: int
    salt: bytes
    ciphertext: bytes
    nonce: bytes
    checksum: bytes

    def open(self, password: str) -> int:
        """The secret.

        Raises:
            KeyFileError: another password.
        """
        secret = unicodedata.normalize("NFKD", password).encode("utf-8", "surrogatepass")
        key = hashlib.pbkdf2_hmac("sha256", secret, self.salt, self.rounds, self.length)
        if not hmac.compare_digest(hashlib.sha256(key[16:32] + self.ciphertext).digest(), self.checksum):
            raise KeyFileError(Fault.WRONG_PASSWORD)
        return int.from_bytes(_decrypted(key[:16], self.nonce, self.ciphertext), "big")


def _decrypted(key: bytes, nonce: bytes, ciphertext: bytes) -> bytes:
    return AES.new(key, AES.MODE_CTR, nonce=b"", initial_value=nonce).decrypt(ciphertext)


def read_eth_key(text: str) -> EncryptedEthKey:
    """A web3 v3 file; its keys may be of any case, as ethers reads them.

    Raises:
        KeyFileError: it is none.
    """
    root = _object(text)
    if str(_at(root, "version")) != "3":
        raise KeyFileError(Fault.KEY_FILE_BROKEN, "it is not of version 3")
    kdf = str(_at(root, "crypto.kdf")).lower()
    if kdf == "scrypt":
        parameters = {name: _number(root, f"crypto.kdfparams.{name}") for name in ("n", "r", "p")}
        n = parameters["n"]
        if n < 2 or n & (n - 1) or parameters["r"] < 1 or parameters["p"] < 1:
            raise KeyFileError(Fault.KEY_FILE_BROKEN, "parameters of scrypt are out of range")
        if 128 * n * parameters["r"] > _LARGEST_MEMORY or parameters["p"] > 64:
            raise KeyFileError(Fault.KEY_FILE_BROKEN, "scrypt would need more than 1 GiB")
        prf = ""
    elif kdf == "pbkdf2":
        parameters = {"c": _rounds(root, "crypto.kdfparams.c")}
        prf = _PRFS.get(str(_at(root, "crypto.kdfparams.prf")), "")
        if not prf:
            raise KeyFileError(Fault.KEY_FILE_BROKEN, "its prf is neither hmac-sha256 nor hmac-sha512")
    else:
        raise KeyFileError(Fault.KEY_FILE_BROKEN, "its key derivation is neither scrypt nor pbkdf2")
    if _number(root, "crypto.kdfparams.dklen") != 32:
        raise KeyFileError(Fault.KEY_FILE_BROKEN, "its derived key is not of 32 bytes")
    if _at(root, "crypto.cipher") != "aes-128-ctr":
        raise KeyFileError(Fault.KEY_FILE_BROKEN, "its cipher is not aes-128-ctr")
    return EncryptedEthKey(
        address=_address(_at(root, "address")),
        kdf=kdf,
        parameters=parameters,
        salt=_bytes(root, "crypto.kdfparams.salt"),
        prf=prf,
        ciphertext=_bytes(root, "crypto.ciphertext", size=32),
        nonce=_bytes(root, "crypto.cipherparams.iv", size=16),
        code=_bytes(root, "crypto.mac", size=32),
    )


def read_bls_key_file(text: str) -> EncryptedBlsKey:
    """A file of the form of EIP-2335 that holds a key of BN254.

    Raises:
        KeyFileError: it is none, or uses what the node does not read, e.g. scrypt.
    """
    root = _object(text)
    for place, expected in {
        "crypto.kdf.function": "pbkdf2",
        "crypto.checksum.function": "sha256",
        "crypto.cipher.function": "aes-128-ctr",
    }.items():
        if _at(root, place) != expected:
            raise KeyFileError(Fault.KEY_FILE_BROKEN, f"{place} is not {expected}")
    for place in ("crypto.kdf.params.prf", "crypto.kdf.message", "pubkey", "path", "uuid"):
        if not isinstance(_at(root, place), str):
            raise KeyFileError(Fault.KEY_FILE_BROKEN, f"{place} is not text")
    if not isinstance(_at(root, "crypto.checksum.params"), dict):
        raise KeyFileError(Fault.KEY_FILE_BROKEN, "crypto.checksum.params is not an object")
    version = _at(root, "version")
    if not isinstance(version, int | float) or isinstance(version, bool):
        raise KeyFileError(Fault.KEY_FILE_BROKEN, "version is not a number")
    length = _number(root, "crypto.kdf.params.dklen")
    if not 32 <= length <= 1024:
        raise KeyFileError(Fault.KEY_FILE_BROKEN, "its derived key is not of 32 bytes")
    public_key = str(_at(root, "pubkey")).removeprefix("0x")
    try:
        compressed = bytes.fromhex(public_key)
    except ValueError:
        compressed = b""
    return EncryptedBlsKey(
        public_key=compressed if len(compressed) == 32 else None,
        rounds=_rounds(root, "crypto.kdf.params.c"),
        length=length,
        salt=_bytes(root, "crypto.kdf.params.salt"),
        ciphertext=_bytes(root, "crypto.cipher.message", size=32),
        nonce=_bytes(root, "crypto.cipher.params.iv", size=16),
        checksum=_bytes(root, "crypto.checksum.message", size=32),
    )


def _object(text: str) -> dict[str, object]:
    try:
        root = parse_text(text).plain()
    except BrokenText:
        raise KeyFileError(Fault.KEY_FILE_BROKEN, "it is not JSON") from None
    if not isinstance(root, dict):
        raise KeyFileError(Fault.KEY_FILE_BROKEN, "it is not an object")
    return root


def _at(root: Mapping[str, object], place: str) -> object:
    """What stands at a place; keys in any case; None where there is nothing."""
    value: object = root
    for key in place.split("."):
        if not isinstance(value, dict):
            return None
        value = next((part for name, part in value.items() if name.lower() == key), None)
    return value


def _number(root: Mapping[str, object], place: str) -> int:
    value = _at(root, place)
    if isinstance(value, bool) or not isinstance(value, int):
        raise KeyFileError(Fault.KEY_FILE_BROKEN, f"{place} is not a whole number")
    return value


def _rounds(root: Mapping[str, object], place: str) -> int:
    rounds = _number(root, place)
    if not 1 <= rounds <= _LARGEST_ROUNDS:
        raise KeyFileError(Fault.KEY_FILE_BROKEN, f"{place} is out of range")
    return rounds


def _bytes(root: Mapping[str, object], place: str, *, size: int | None = None) -> bytes:
    value = _at(root, place)
    if not isinstance(value, str):
        raise KeyFileError(Fault.KEY_FILE_BROKEN, f"{place} is not text")
    try:
        content = bytes.fromhex(value.removeprefix("0x"))
    except ValueError:
        raise KeyFileError(Fault.KEY_FILE_BROKEN, f"{place} is not hex") from None
    if size is not None and len(content) != size:
        raise KeyFileError(Fault.KEY_FILE_BROKEN, f"{place} is not of {size} bytes")
    return content


def _address(value: object) -> str | None:
    """The address a file tells, which many write without 0x."""
    if not isinstance(value, str):
        return None
    try:
        return parse_address("0x" + value.lower().removeprefix("0x"))
    except InputError:
        raise KeyFileError(Fault.KEY_FILE_BROKEN, "its address is none") from None
