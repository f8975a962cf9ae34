"""The official compute clients from npm, unmodified and without addresses, against the local network's contracts."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Network
from tests.e2e.official_clients import JOB_TIMEOUT_S, npm_project
from web3 import Web3

from zerog.contracts import registry
from zerog.contracts.artifact import load

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

HERE = Path(__file__).parent / "official_compute"
ONE = 10**18
DAY = 86_400
ENDPOINT = "http://127.0.0.1:9"


class Chain:
    """The network's people through web3.py: account 0 owns the contracts, 1 provides, 3 signs for its enclave."""

    def __init__(self, network: Network) -> None:
        self.url: str = network.status["rpc_url"]
        self.w3 = Web3(Web3.HTTPProvider(self.url))
        self.keys = [row["private_key"] for row in network.status["accounts"]]
        self.people = [self.w3.eth.account.from_key(key) for key in self.keys]
        contracts = network.status["contracts"]
        self.ledger: Any = self.w3.eth.contract(address=contracts["ledger"], abi=list(load("LedgerManager").abi))
        self.inference: Any = self.w3.eth.contract(address=contracts["inference"], abi=list(load("InferenceServing").abi))

    @property
    def provider(self) -> str:
        return str(self.people[1].address)

    def send(self, who: int, call: Any, value: int = 0, gas: int | None = None) -> Any:
        sender = self.people[who]
        nonce = self.w3.eth.get_transaction_count(sender.address)
        limit = {} if gas is None else {"gas": gas}
        built = call.build_transaction({"from": sender.address, "nonce": nonce, "value": value, **limit})
        hash = self.w3.eth.send_raw_transaction(sender.sign_transaction(built).raw_transaction)
        receipt = self.w3.eth.wait_for_transaction_receipt(hash, timeout=60, poll_latency=0.05)
        assert receipt.status == 1
        return receipt

    def wait_a_day(self) -> None:
        self.w3.provider.make_request("evm_increaseTime", [DAY])  # type: ignore[arg-type]
        self.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def chain(network: Network) -> Chain:
    made = Chain(network)
    params = ("chatbot", ENDPOINT, "smollm2-135m", "TeeML", 1, 2, "{}", made.people[3].address)
    made.send(1, made.inference.functions.addOrUpdateService(params), 100 * ONE)
    made.send(0, made.inference.functions.acknowledgeTEESignerByOwner(made.provider))
    return made


def run(package: str, chain: Chain, who: int, where: Path, steps: list[tuple[str, list[Any]]]) -> list[Any]:
    """The steps through a client; every one of them must succeed."""
    job = where / "job.json"
    job.write_text(
        json.dumps({"rpc": chain.url, "key": chain.keys[who], "steps": [{"do": do, "args": args} for do, args in steps]})
    )
    done = subprocess.run(
        ["node", "run.cjs", package, str(job)],
        cwd=npm_project(HERE, "npm-compute", "run.cjs"), capture_output=True, text=True, timeout=JOB_TIMEOUT_S,
    )  # fmt: skip
    told = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert told, done.stdout[-3000:] + done.stderr[-3000:]
    results = json.loads(told[-1].removeprefix("RESULT"))
    for step, result in zip(steps, results, strict=True):
        assert "error" not in result, (step, result, done.stdout[-2000:])
    return [result["ok"] for result in results]


@pytest.mark.parametrize(
    ("package", "who"), [("@0gfoundation/0g-compute-ts-sdk", 4), ("@0glabs/0g-serving-broker", 5)], ids=["0.9.0", "0.7.8"]
)
def test_money_in_to_a_provider_and_back(chain: Chain, tmp_path: Path, package: str, who: int) -> None:
    user = str(chain.people[who].address)
    signer = str(chain.people[3].address)
    services, metadata, _, created, _, _, held, _, _, account, listed, _, asked = run(
        package,
        chain,
        who,
        tmp_path,
        [
            ("inference.listService", []),
            ("inference.getServiceMetadata", [chain.provider]),
            ("ledger.addLedger", [4]),
            ("ledger.getLedger", []),
            ("ledger.depositFund", [2]),
            ("ledger.transferFund", [chain.provider, "inference", f"{2 * ONE}n"]),
            ("ledger.getLedger", []),
            ("inference.acknowledgeProviderSigner", [chain.provider]),
            ("inference.acknowledged", [chain.provider]),
            ("inference.getAccount", [chain.provider]),
            ("ledger.getProvidersWithBalance", ["inference"]),
            ("ledger.retrieveFund", ["inference"]),
            ("inference.getAccount", [chain.provider]),
        ],
    )
    (service,) = services
    assert service[:5] == [chain.provider, "chatbot", ENDPOINT, "1", "2"]
    assert service[6:] == ["smollm2-135m", "TeeML", "{}", signer, True]
    assert metadata == {"endpoint": f"{ENDPOINT}/v1/proxy", "model": "smollm2-135m"}
    assert created == [user, str(4 * ONE), str(4 * ONE), ""]
    assert held == [user, str(4 * ONE), str(6 * ONE), ""]
    assert account == [user, chain.provider, "0", str(2 * ONE), "0", [], "", True, "0", "0", "0"]
    assert listed == [[chain.provider, str(2 * ONE), "0"]]
    assert asked[3:5] == [str(2 * ONE), str(2 * ONE)]
    assert asked[5][0][:2] == ["0", str(2 * ONE)]
    chain.wait_a_day()
    before = chain.w3.eth.get_balance(user)  # type: ignore[arg-type]
    _, ledger, _ = run(
        package,
        chain,
        who,
        tmp_path,
        [("ledger.retrieveFund", ["inference"]), ("ledger.getLedger", []), ("ledger.refund", [6])],
    )
    assert ledger == [user, str(6 * ONE), str(6 * ONE), ""]
    fees = 10**16
    assert before + 6 * ONE - fees < chain.w3.eth.get_balance(user) < before + 6 * ONE  # type: ignore[arg-type]
    assert chain.ledger.functions.getAllLedgers(0, 0).call() == [[], 0]
    assert chain.inference.functions.getAllAccounts(0, 0).call() == [[], 0]
    assert chain.w3.eth.get_balance(chain.ledger.address) == 0


def test_a_wallet_that_sends_what_the_python_client_sends(chain: Chain) -> None:
    """The gas limits that the published Python client (0.9.1) writes into its transactions, on a fresh ledger and account."""
    ledger = chain.ledger.functions
    chain.send(6, ledger.addLedger(""), ONE // 100, gas=300_000)
    chain.send(6, ledger.transferFund(chain.provider, "inference-v1.0", ONE // 1000), gas=300_000)
    chain.send(6, chain.inference.functions.acknowledgeTEESigner(chain.provider, True), gas=300_000)
    chain.send(6, ledger.depositFund(), 1, gas=200_000)
    chain.send(6, ledger.retrieveFund([chain.provider], "inference-v1.0"), gas=200_000)
    chain.wait_a_day()
    chain.send(6, ledger.retrieveFund([chain.provider], "inference-v1.0"), gas=200_000)
    chain.send(6, ledger.refund(ONE // 100 + 1), gas=200_000)
    assert chain.w3.eth.get_balance(chain.w3.to_checksum_address(registry.INFERENCE.hex())) == 100 * ONE  # the stake
