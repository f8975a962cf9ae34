// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

interface IWrapped0GBase {
    struct Supply {
        uint256 cap;
        uint256 initialSupply;
        uint256 supply;
    }

    function getWA0GI() external view returns (address);
    function minterSupply(address minter) external view returns (Supply memory);
    function mint(address minter, uint256 amount) external;
    function burn(address minter, uint256 amount) external;
    function setMinterCap(address minter, uint256 cap, uint256 initialSupply) external;
}

/// Wrapped 0G: one token for every native 0G that it holds, 18 decimals. `deposit` and `withdraw` wrap and
/// unwrap; bridges that the agency gave a cap mint and burn native supply through the precompile at 0x…1002,
/// which moves this contract's own balance, so that balance always equals the total supply.
contract W0G {
    error InsufficientBalance(address account, uint256 balance, uint256 needed);
    error InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
    error TransferFailed(address to);
    error BaseRefused();

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);
    event Deposit(address indexed to, uint256 value);
    event Withdrawal(address indexed from, uint256 value);

    address private constant BASE = 0x0000000000000000000000000000000000001002;

    string public constant name = "Wrapped 0G";
    string public constant symbol = "W0G";
    uint8 public constant decimals = 18;

    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    receive() external payable {
        deposit();
    }

    function deposit() public payable {
        balanceOf[msg.sender] += msg.value;
        emit Deposit(msg.sender, msg.value);
    }

    function withdraw(uint256 value) external {
        _spend(msg.sender, value);
        emit Withdrawal(msg.sender, value);
        (bool ok,) = msg.sender.call{value: value}("");
        if (!ok) revert TransferFailed(msg.sender);
    }

    function totalSupply() external view returns (uint256) {
        return address(this).balance;
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
        _useAllowance(from, value);
        return _move(from, to, value);
    }

    /// Mint wrapped tokens to `to` against the caller's cap as a minter.
    function mint(address to, uint256 value) external {
        _base(abi.encodeCall(IWrapped0GBase.mint, (msg.sender, value)));
        balanceOf[to] += value;
        emit Transfer(address(0), to, value);
    }

    /// Burn wrapped tokens of `from` and give the caller its cap back.
    function burn(address from, uint256 value) external {
        _useAllowance(from, value);
        _spend(from, value);
        _base(abi.encodeCall(IWrapped0GBase.burn, (msg.sender, value)));
        emit Transfer(from, address(0), value);
    }

    function _move(address from, address to, uint256 value) private returns (bool) {
        _spend(from, value);
        unchecked {
            balanceOf[to] += value; // the sum of all balances is the native balance held here
        }
        emit Transfer(from, to, value);
        return true;
    }

    function _spend(address from, uint256 value) private {
        uint256 balance = balanceOf[from];
        if (balance < value) revert InsufficientBalance(from, balance, value);
        unchecked {
            balanceOf[from] = balance - value;
        }
    }

    function _useAllowance(address from, uint256 value) private {
        if (from == msg.sender) return;
        uint256 allowed = allowance[from][msg.sender];
        if (allowed == type(uint256).max) return;
        if (allowed < value) revert InsufficientAllowance(msg.sender, allowed, value);
        unchecked {
            allowance[from][msg.sender] = allowed - value;
        }
    }

    function _base(bytes memory data) private {
        (bool ok,) = BASE.call(data);
        if (!ok) revert BaseRefused();
    }
}

/// The only contract that may set a minter's cap. Slot 0: owner. It lives behind a beacon proxy.
contract W0GAgency {
    error NotOwner(address caller);
    error BaseRefused();

    event MinterCapSet(address indexed minter, uint256 cap, uint256 initialSupply);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    address private constant BASE = 0x0000000000000000000000000000000000001002;

    address public owner;

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    function transferOwnership(address newOwner) external onlyOwner {
        emit OwnershipTransferred(owner, newOwner);
        owner = newOwner;
    }

    function setMinterCap(address minter, uint256 cap, uint256 initialSupply) external onlyOwner {
        (bool ok,) = BASE.call(abi.encodeCall(IWrapped0GBase.setMinterCap, (minter, cap, initialSupply)));
        if (!ok) revert BaseRefused();
        emit MinterCapSet(minter, cap, initialSupply);
    }
}
