"""The front door: a connection to one network, and its questions as DataFrames.

::

    import aztec_butler as ab

    net = ab.connect("mainnet", l1="https://...")
    net.attesters()                      # at the latest block, read anew each time
    net.at("finalized").entry_queue()    # at one block; a pinned network reads everything once
    net.events("Slashed", "7d")          # decoded, from the disk as far as it was read before

Every table is of one block, named in ``frame.attrs``. A failure is an error, never a shorter table.
"""

from aztec_butler.network.connecting import connect
from aztec_butler.network.network import Network

__all__ = ["Network", "connect"]
