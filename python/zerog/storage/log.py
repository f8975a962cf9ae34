"""A Submit log of the flow contract becomes a file of the node's log."""

from __future__ import annotations

from zerog.contracts import flow
from zerog.errors import PeerFault
from zerog.runtime.eth import EthLog
from zerog.storage.api import Tx
from zerog.storage.layout import root_of_nodes

SUBMIT_TOPIC = flow.SUBMIT_TOPIC


def read_submission(log: EthLog) -> Tx:
    """The file that a log announces. Its root is folded from the nodes: the event carries another hash.

    Raises:
        PeerFault: not a Submit log, or one that the contract would have refused.
    """
    try:
        found = flow.decode_submit(log.topics, log.data)
        found.data.check()
        identity, sectors = found.data.identity, found.data.sectors
        if found.identity != identity or found.sectors != sectors:
            raise ValueError(f"expected identity 0x{identity.hex()} of {sectors} sectors")
        return Tx(
            seq=found.index,
            root=root_of_nodes([node.root for node in found.data.nodes]),
            nodes=tuple((node.root, node.height) for node in found.data.nodes),
            start_entry=found.start,
            size=found.data.length,
            sender=bytes(found.sender),
            identity=found.identity,
            tags=found.data.tags,
            block_number=log.block_number,
            block_hash=log.block_hash,
            tx_hash=log.tx_hash,
        )
    except ValueError as error:
        raise PeerFault(f"log {log.index} of block {log.block_number} is no submission: {error}") from None
