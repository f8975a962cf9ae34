// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// A small ERC-20 for tests, demos and benchmarks. The whole supply goes to the deployer.
contract Token {
    error InsufficientBalance(address account, uint256 balance, uint256 needed);
    error InsufficientAllowance(address spender, uint256 allowance, uint256 needed);

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    uint8 public constant decimals = 18;

    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    uint256 public totalSupply;
    string public name;
    string public symbol;

    constructor(string memory name_, string memory symbol_, uint256 supply) {
        name = name_;
        symbol = symbol_;
        totalSupply = supply;
        balanceOf[msg.sender] = supply;
        emit Transfer(address(0), msg.sender, supply);
    }

    function approve(address spender, uint256 value) external returns (bool) {
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
        return true;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        return _move(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        uint256 allowed = allowance[from][msg.sender];
        if (allowed != type(uint256).max) {
            if (allowed < value) revert InsufficientAllowance(msg.sender, allowed, value);
            unchecked {
                allowance[from][msg.sender] = allowed - value;
            }
        }
        return _move(from, to, value);
    }

    function _move(address from, address to, uint256 value) private returns (bool) {
        uint256 balance = balanceOf[from];
        if (balance < value) revert InsufficientBalance(from, balance, value);
        unchecked {
            balanceOf[from] = balance - value;
            balanceOf[to] += value; // the supply is fixed, so this cannot overflow
        }
        emit Transfer(from, to, value);
        return true;
    }
}

/// Work of each kind that a chain does, in measured amounts: arithmetic, hashing, storage, logs, memory, failure.
contract Workload {
    event Tick(uint256 indexed index, bytes32 value);

    error Refused(uint256 code);

    mapping(uint256 => uint256) public slots;
    uint256 public counter;

    /// `rounds` times multiply, xor and shift: pure interpreter speed.
    function spin(uint256 rounds) external pure returns (uint256 x) {
        x = 0x9e3779b97f4a7c15;
        unchecked {
            for (uint256 i = 0; i < rounds; ++i) {
                x = (x * 0xbf58476d1ce4e5b9) ^ (x >> 27) ^ (x << 31);
            }
        }
    }

    function hash(uint256 rounds) external pure returns (bytes32 x) {
        unchecked {
            for (uint256 i = 0; i < rounds; ++i) {
                x = keccak256(abi.encode(x, i));
            }
        }
    }

    function write(uint256 first, uint256 count) external {
        unchecked {
            for (uint256 i = 0; i < count; ++i) {
                slots[first + i] = (first ^ (i + 1)) + counter;
            }
        }
        ++counter;
    }

    function read(uint256 first, uint256 count) external view returns (uint256 sum) {
        unchecked {
            for (uint256 i = 0; i < count; ++i) {
                sum += slots[first + i];
            }
        }
    }

    function log(uint256 count) external {
        for (uint256 i = 0; i < count; ++i) {
            emit Tick(i, keccak256(abi.encode(i)));
        }
    }

    function increment() external returns (uint256) {
        return ++counter;
    }

    function fail(uint256 code) external pure {
        revert Refused(code);
    }

    function failWithReason(string calldata reason) external pure {
        revert(reason);
    }
}
