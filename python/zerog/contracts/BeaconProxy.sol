// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

interface IBeacon {
    function implementation() external view returns (address);
}

/// Names the code behind every proxy that points here; only the owner may change it.
/// Slot 0: owner, slot 1: implementation. Genesis writes both; a deployment goes through the constructor.
contract UpgradeableBeacon is IBeacon {
    error NotOwner(address caller);
    error NotAContract(address target);

    event Upgraded(address indexed implementation);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    address public owner;
    address public override implementation;

    constructor(address implementation_, address owner_) {
        owner = owner_;
        emit OwnershipTransferred(address(0), owner_);
        _set(implementation_);
    }

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    function upgradeTo(address implementation_) external onlyOwner {
        _set(implementation_);
    }

    function transferOwnership(address newOwner) external onlyOwner {
        emit OwnershipTransferred(owner, newOwner);
        owner = newOwner;
    }

    function _set(address implementation_) private {
        if (implementation_.code.length == 0) revert NotAContract(implementation_);
        implementation = implementation_;
        emit Upgraded(implementation_);
    }
}

/// Runs the beacon's current implementation in its own storage. The beacon's address stands in the
/// ERC-1967 slot, so explorers recognise it: keccak256("eip1967.proxy.beacon") - 1.
contract BeaconProxy {
    bytes32 private constant BEACON_SLOT = 0xa3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6cb3582b35133d50;

    event BeaconUpgraded(address indexed beacon);

    constructor(address beacon, bytes memory data) payable {
        assembly {
            sstore(BEACON_SLOT, beacon)
        }
        emit BeaconUpgraded(beacon);
        if (data.length > 0) {
            (bool ok, bytes memory answer) = IBeacon(beacon).implementation().delegatecall(data);
            if (!ok) {
                assembly {
                    revert(add(answer, 32), mload(answer))
                }
            }
        }
    }

    fallback() external payable {
        _delegate();
    }

    receive() external payable {
        _delegate();
    }

    function _delegate() private {
        address beacon;
        assembly {
            beacon := sload(BEACON_SLOT)
        }
        address target = IBeacon(beacon).implementation();
        assembly {
            calldatacopy(0, 0, calldatasize())
            let ok := delegatecall(gas(), target, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if iszero(ok) { revert(0, returndatasize()) }
            return(0, returndatasize())
        }
    }
}
