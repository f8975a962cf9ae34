// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// One owner, set once by `initialize` behind a proxy; an implementation itself is locked by its constructor.
/// The sentences of the refusals are those that tools know from Ownable.
abstract contract Owned {
    error AlreadyInitialized();

    event Initialized(uint8 version);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    address public owner;
    bool public initialized;

    constructor() {
        initialized = true;
        emit Initialized(255);
    }

    modifier onlyOwner() {
        require(msg.sender == owner, "Ownable: caller is not the owner");
        _;
    }

    function renounceOwnership() external onlyOwner {
        _setOwner(address(0));
    }

    function transferOwnership(address newOwner) external onlyOwner {
        require(newOwner != address(0), "Ownable: new owner is the zero address");
        _setOwner(newOwner);
    }

    function _initialize(address owner_) internal {
        if (initialized) revert AlreadyInitialized();
        initialized = true;
        _setOwner(owner_);
        emit Initialized(1);
    }

    function _setOwner(address owner_) private {
        emit OwnershipTransferred(owner, owner_);
        owner = owner_;
    }
}
