"""Every method that a node serves, by name, gathered from the namespaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from zerog.chain.consensus.embedded import EmbeddedConsensus
from zerog.chain.rpc.context import CLIENT_VERSION, Context
from zerog.chain.rpc.debug import Debug, Trace
from zerog.chain.rpc.dev import Dev
from zerog.chain.rpc.eth import Eth
from zerog.chain.rpc.fees import Fees
from zerog.chain.rpc.filters import Filters, Subscriptions
from zerog.chain.rpc.logs import Logs
from zerog.chain.rpc.simulate import Simulate
from zerog.chain.signing import DevAccounts
from zerog.chain.types import hexd
from zerog.runtime.rpc_http import BatchMethod, Method, Session

_PUBLIC = ("eth_", "net_", "web3_", "txpool_")
_WATCHING = ("debug_", "trace_")
_DEVELOPMENT = ("evm_", "eth_", "personal_", "zerog_", "hardhat_")
_ALIASES = {
    "anvil_mine": "hardhat_mine",
    "hardhat_setBalance": "zerog_setBalance",
    "anvil_setBalance": "zerog_setBalance",
}


class Surface:
    """The namespaces of one chain.

    Args:
        accounts: unlocked development accounts; None leaves development methods out.
    """

    def __init__(self, context: Context, consensus: EmbeddedConsensus, accounts: DevAccounts | None) -> None:
        self._context = context
        fees = Fees(context)
        logs = Logs(context)
        self.filters = Filters(context, logs)
        self.subscriptions = Subscriptions(context, context.config.subscriptions_max)
        eth = Eth(context, fees)
        debug = Debug(context)
        self.methods: dict[str, Method] = {}
        self._add(_PUBLIC, eth, fees, self.filters, Simulate(context, fees))
        self.methods["eth_subscribe"] = self.subscriptions.eth_subscribe
        self.methods["eth_unsubscribe"] = self.subscriptions.eth_unsubscribe
        if context.config.debug:
            self._add(_WATCHING, debug, Trace(context, debug))
        if accounts is not None:

            def forget() -> None:
                context.forget_records()
                fees.forget()

            self._add(_DEVELOPMENT, Dev(context, fees, consensus, accounts, forget))
            for alias, name in _ALIASES.items():
                self.methods[alias] = self.methods[name]
        self.batch_methods: dict[str, BatchMethod] = {"eth_sendRawTransaction": eth.send_raw_transactions}
        self.methods["rpc_modules"] = _sessionless(self._modules)

    async def short_way(self, body: bytes) -> bytes | None:
        """Whole batches that submit transactions go to the native engine in one call, when it knows everything in them.

        Not those that ask for the height: the engine's head is ahead of what is served for a moment in every block.
        """
        if b"eth_sendRawTransaction" not in body or b"eth_blockNumber" in body:
            return None
        context = self._context
        return await context.application.pool.answer_body(body, context.config.batch_max, context.readers)

    def _add(self, prefixes: tuple[str, ...], *namespaces: object) -> None:
        for namespace in namespaces:
            for name in dir(namespace):
                if name.startswith(prefixes) and name not in ("eth_subscribe", "eth_unsubscribe"):
                    self.methods[name] = _sessionless(getattr(namespace, name))

    def _modules(self, params: list[Any]) -> dict[str, str]:
        return dict.fromkeys(sorted({name.split("_", 1)[0] for name in self.methods}), "1.0")

    def admin(self, ports: Callable[[], Mapping[str, int]]) -> dict[str, Method]:
        """admin_*: for a port of its own, behind a token."""

        def node_info(params: list[Any]) -> dict[str, Any]:
            context = self._context
            latest = context.application.latest
            genesis = context.application.blocks.hash_of(0)
            chain = {"network": context.genesis.chain_id, "genesis": hexd(genesis), "head": hexd(latest.hash)}
            return {"name": CLIENT_VERSION, "ports": dict(ports()), "protocols": {"eth": chain}}

        def peers(params: list[Any]) -> list[Any]:
            return []

        return {"admin_nodeInfo": _sessionless(node_info), "admin_peers": _sessionless(peers)}


def _sessionless(function: Callable[[list[Any]], Any]) -> Method:
    def method(session: Session | None, params: list[Any]) -> Any:
        return function(params)

    return method
