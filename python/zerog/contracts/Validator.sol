// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

struct Description {
    string moniker;
    string identity;
    string website;
    string securityContact;
    string details;
}

interface IStaking {
    function communityTaxRate() external view returns (uint32);
    function minWithdrawabilityDelay() external view returns (uint64);
    function minDelegationInGwei() external view returns (uint64);
}

/// One validator: its stake, its delegators' shares, its commission and its queue of undelegations.
///
/// Rewards arrive as plain balance (withdrawals of EIP-4895 run no code), so they are found by subtraction:
/// undistributed = balance - bonded - owed. They run down the waterfall community tax, commission, shares
/// whenever somebody touches the contract; `tokens()` counts them before that.
///
/// Slashing takes bonded stake only and burns it. Matured undelegations are paid by anyone's call, a few at a time;
/// a payment that the receiver refuses waits for `claim`.
contract ValidatorContract {
    error NotStaking(address caller);
    error NotSystem(address caller);
    error NotOperator(address caller);
    error NotInitialized();
    error AlreadyInitialized();
    error DelegationBelowMinimum(uint256 sent, uint256 minimum);
    error NotEnoughWithdrawalFee(uint256 sent, uint256 fee);
    error NotEnoughShares(uint256 held, uint256 asked);
    error ValidatorEmpty();
    error NothingToClaim(address account);
    error TransferFailed(address to);
    error ZeroAddress();

    event Delegated(address indexed delegator, uint256 amount, uint256 shares);
    event Undelegated(
        address indexed delegator, address indexed withdrawalAddress, uint256 shares, uint256 amount, uint256 completionHeight
    );
    event UndelegationPaid(address indexed withdrawalAddress, uint256 amount);
    event UndelegationKept(address indexed withdrawalAddress, uint256 amount);
    event RewardsDistributed(uint256 total, uint256 communityTax, uint256 commission);
    event CommissionWithdrawn(address indexed to, uint256 amount);
    event Slashed(uint256 amount);

    struct Undelegation {
        uint64 completionHeight;
        address delegator;
        uint256 amount;
    }

    address private constant SYSTEM = 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE;
    uint256 private constant PARTS = 1_000_000;
    uint256 private constant PAY_AT_ONCE = 4;
    uint256 private constant PAY_GAS = 30_000;

    address public immutable staking;

    address public operator;
    uint32 public commissionRate;
    uint96 public withdrawalFeeInGwei;
    bytes public pubkey;
    Description private _description;

    uint256 public bonded;
    uint256 public delegatorShares;
    uint256 public commission;
    uint256 public communityTax;
    uint256 public unbonding;
    uint256 public unclaimed;
    uint256 public slashed;
    mapping(address => uint256) private _shares;
    mapping(address => uint256) public claimable;
    mapping(uint256 => Undelegation) private _queue;
    uint256 private _first;
    uint256 private _end;

    constructor() {
        staking = msg.sender;
    }

    modifier onlyStaking() {
        if (msg.sender != staking) revert NotStaking(msg.sender);
        _;
    }

    modifier initialized() {
        if (operator == address(0)) revert NotInitialized();
        _;
    }

    /// Called once by the staking contract, which checked sizes, rates, key and signature.
    function initialize(
        address operator_,
        Description calldata description_,
        uint32 commissionRate_,
        uint96 withdrawalFeeInGwei_,
        bytes calldata pubkey_
    ) external payable onlyStaking {
        if (operator != address(0)) revert AlreadyInitialized();
        operator = operator_;
        commissionRate = commissionRate_;
        withdrawalFeeInGwei = withdrawalFeeInGwei_;
        pubkey = pubkey_;
        _description = description_;
        _bond(operator_, msg.value);
    }

    function description() external view returns (Description memory) {
        return _description;
    }

    /// Everything that belongs to shares, rewards that are not yet distributed included.
    function tokens() public view returns (uint256) {
        (,,, uint256 rest) = _pendingRewards(0);
        return bonded + rest;
    }

    function getDelegation(address delegator) external view returns (address, uint256) {
        return (delegator, _shares[delegator]);
    }

    function undelegationCount() external view returns (uint256) {
        return _end - _first;
    }

    /// The waiting undelegations, oldest first.
    function undelegations(uint256 start, uint256 count) external view returns (Undelegation[] memory entries) {
        uint256 waiting = _end - _first;
        if (start > waiting) start = waiting;
        if (count > waiting - start) count = waiting - start;
        entries = new Undelegation[](count);
        for (uint256 i = 0; i < count; ++i) {
            entries[i] = _queue[_first + start + i];
        }
    }

    function delegate(address delegator) external payable initialized returns (uint256) {
        if (delegator == address(0)) revert ZeroAddress();
        uint256 minimum = uint256(IStaking(staking).minDelegationInGwei()) * 1 gwei;
        if (msg.value < minimum) revert DelegationBelowMinimum(msg.value, minimum);
        _distribute(msg.value);
        uint256 shares = _bond(delegator, msg.value);
        _pay(PAY_AT_ONCE);
        return shares;
    }

    /// Take `shares` of the caller out; the tokens go to `withdrawalAddress` when the delay has passed.
    /// The value sent pays the withdrawal fee, which is the operator's. Returns the amount that will be paid.
    function undelegate(address withdrawalAddress, uint256 shares) external payable initialized returns (uint256 amount) {
        if (withdrawalAddress == address(0)) revert ZeroAddress();
        uint256 fee = uint256(withdrawalFeeInGwei) * 1 gwei;
        if (msg.value < fee) revert NotEnoughWithdrawalFee(msg.value, fee);
        uint256 held = _shares[msg.sender];
        if (shares == 0 || held < shares) revert NotEnoughShares(held, shares);
        _distribute(msg.value);
        commission += msg.value;
        amount = shares * bonded / delegatorShares;
        _shares[msg.sender] = held - shares;
        delegatorShares -= shares;
        bonded -= amount;
        unbonding += amount;
        uint64 completionHeight = uint64(block.number) + IStaking(staking).minWithdrawabilityDelay();
        _queue[_end++] = Undelegation(completionHeight, withdrawalAddress, amount);
        emit Undelegated(msg.sender, withdrawalAddress, shares, amount, completionHeight);
        _pay(PAY_AT_ONCE);
    }

    /// Pay at most `count` undelegations whose time has come. Anyone may call. Returns how many were settled.
    function completeUndelegations(uint256 count) external returns (uint256) {
        return _pay(count);
    }

    /// Collect what could not be pushed to `account`.
    function claim(address account) external returns (uint256 amount) {
        amount = claimable[account];
        if (amount == 0) revert NothingToClaim(account);
        claimable[account] = 0;
        unclaimed -= amount;
        _send(account, amount);
    }

    function withdrawCommission(address to) external initialized returns (uint256 amount) {
        if (msg.sender != operator) revert NotOperator(msg.sender);
        if (to == address(0)) revert ZeroAddress();
        _distribute(0);
        amount = commission;
        commission = 0;
        emit CommissionWithdrawn(to, amount);
        _send(to, amount);
    }

    /// Send the community's part to the staking contract, which keeps the pool.
    function withdrawCommunityTax() external returns (uint256 amount) {
        _distribute(0);
        amount = communityTax;
        communityTax = 0;
        _send(staking, amount);
    }

    /// Burn up to `amount` of bonded stake. Returns what was burnt.
    function slash(uint256 amount) external onlyStaking returns (uint256) {
        _distribute(0);
        if (amount > bonded) amount = bonded;
        bonded -= amount;
        slashed += amount;
        emit Slashed(amount);
        _send(address(0), amount);
        return amount;
    }

    /// The reward of a block, told by the system call of chain.md 3.4: 32 bytes, the amount in wei. The balance was
    /// raised before, so there is nothing to add: distribute it.
    fallback() external {
        if (msg.sender != SYSTEM || msg.data.length != 32) revert NotSystem(msg.sender);
        _distribute(0);
    }

    receive() external payable {}

    function _bond(address delegator, uint256 amount) private returns (uint256 shares) {
        if (delegatorShares == 0) {
            shares = amount;
        } else {
            if (bonded == 0) revert ValidatorEmpty(); // slashed to nothing: a share would have no price
            shares = amount * delegatorShares / bonded;
        }
        _shares[delegator] += shares;
        delegatorShares += shares;
        bonded += amount;
        emit Delegated(delegator, amount, shares);
    }

    /// What came in and belongs to nobody yet, and its parts. `incoming` is value of this very call, which is no reward.
    function _pendingRewards(uint256 incoming)
        private
        view
        returns (uint256 total, uint256 tax, uint256 fee, uint256 rest)
    {
        uint256 known = bonded + commission + communityTax + unbonding + unclaimed + incoming;
        if (address(this).balance <= known || bonded == 0) return (0, 0, 0, 0);
        total = address(this).balance - known;
        tax = total * IStaking(staking).communityTaxRate() / PARTS;
        fee = (total - tax) * commissionRate / PARTS;
        rest = total - tax - fee;
    }

    /// Run undistributed rewards down the waterfall.
    function _distribute(uint256 incoming) private {
        (uint256 total, uint256 tax, uint256 fee, uint256 rest) = _pendingRewards(incoming);
        if (total == 0) return;
        communityTax += tax;
        commission += fee;
        bonded += rest;
        emit RewardsDistributed(total, tax, fee);
    }

    function _pay(uint256 count) private returns (uint256 settled) {
        while (settled < count && _first < _end) {
            Undelegation memory entry = _queue[_first];
            if (entry.completionHeight > block.number) break;
            delete _queue[_first];
            ++_first;
            ++settled;
            unbonding -= entry.amount;
            (bool ok,) = entry.delegator.call{value: entry.amount, gas: PAY_GAS}("");
            if (ok) {
                emit UndelegationPaid(entry.delegator, entry.amount);
            } else {
                claimable[entry.delegator] += entry.amount;
                unclaimed += entry.amount;
                emit UndelegationKept(entry.delegator, entry.amount);
            }
        }
    }

    function _send(address to, uint256 amount) private {
        (bool ok,) = to.call{value: amount}("");
        if (!ok) revert TransferFailed(to);
    }
}
