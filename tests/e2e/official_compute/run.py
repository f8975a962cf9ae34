"""Runs a user's life through the official Python client of the compute network, as published, and prints what each step gave.

usage: python run.py JOB.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import requests
from zerog_py_sdk import create_broker
from zerog_py_sdk.verifier import verify_tee_response


def plain(value: Any) -> Any:
    if isinstance(value, bool | int | float | str | None):
        return value
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return {name: plain(one) for name, one in vars(value).items() if not name.startswith("_")}


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    provider, addresses = job["provider"], job["contracts"]
    broker = create_broker(
        private_key=job["key"],
        rpc_url=job["rpc"],
        ledger_address=addresses["ledger"],
        inference_address=addresses["inference"],
        fine_tuning_address=addresses["fine_tuning"],
    )
    told: dict[str, Any] = {"services": plain(broker.inference.list_service())}
    broker.ledger.add_ledger("4")
    broker.ledger.transfer_fund(provider, "inference", 2 * 10**18)  # opens the account, within the client's own gas limit
    meta = broker.inference.get_service_metadata(provider)
    endpoint = meta["endpoint"] if isinstance(meta, dict) else meta.endpoint
    body = {"model": "small", "messages": [{"role": "user", "content": "alpha beta"}]}
    headers = broker.inference.get_request_headers(provider, "alpha beta")
    answer = requests.post(f"{endpoint}/chat/completions", json=body, headers=headers, timeout=60)
    told["status"], told["text"] = answer.status_code, answer.json()["choices"][0]["message"]["content"]
    chat_id = answer.headers["ZG-Res-Key"]
    told["processed"] = broker.inference.process_response(provider, answer.text, chat_id)
    service = broker.inference.get_service(provider)
    told["verified"] = verify_tee_response(service, service.tee_signer_address, True, chat_id)
    made = broker.inference.create_api_key(provider, token_id=3)
    key = {"Authorization": f"Bearer {made.raw_token}"}
    told["with_key"] = requests.post(f"{endpoint}/chat/completions", json=body, headers=key, timeout=60).status_code
    broker.inference.revoke_api_key(provider, 3)
    told["account"] = plain(broker.inference.get_account(provider))
    told["after_revoke"] = 0
    for _ in range(20):
        told["after_revoke"] = requests.post(f"{endpoint}/chat/completions", json=body, headers=key, timeout=60).status_code
        if told["after_revoke"] == 401:
            break
    print("RESULT" + json.dumps(told, default=str))


main()
