// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {AddressList, AddressLists} from "./AddressLists.sol";
import {IERC165, ILedger, IServing} from "./IServing.sol";
import {Owned} from "./Owned.sol";

/// Accounts of users with providers, their refunds, and what the ledger does with them: common to all services.
/// A new account writes as few slots as can be, see AddressLists.
abstract contract ServingAccounts is Owned, IServing, IERC165 {
    using AddressLists for AddressList;

    struct Refund {
        uint256 index;
        uint256 amount;
        uint256 createdAt;
        bool processed;
    }

    struct Waiting {
        uint192 amount;
        uint64 createdAt;
    }

    /// Nonce, generation and revoked tokens outlive the account, so that nothing old is good again after a re-opening.
    struct Held {
        uint128 balance;
        uint128 pending;
        uint32 position;
        uint32 positionOfUser;
        uint32 positionOfProvider;
        uint8 refunds;
        bool exists;
        bool acknowledged;
        uint256 nonce;
        uint256 generation;
        uint256 revokedBitmap;
        string additionalInfo;
        mapping(uint256 => Waiting) waiting;
    }

    /// The account of `user` with the provider that stands at `index` of the user's list.
    struct Place {
        address user;
        uint32 index;
    }

    error AccountExists(address user, address provider);
    error AccountNotExists(address user, address provider);
    error AdditionalInfoTooLong();
    error BatchSizeTooLarge(uint256 size, uint256 max);
    error CannotAddStakeWhenUpdating();
    error CannotRevokeWithNonZeroBalance(address user, address provider, uint256 balance);
    error DirectDepositsDisabled();
    error InsufficientStake(uint256 provided, uint256 required);
    error ServiceNotExist(address provider);
    error TooManyRefunds(address user, address provider);

    event AccountDeleted(address indexed user, address indexed provider, uint256 refundedAmount);
    event BalanceUpdated(address indexed user, address indexed provider, uint256 amount, uint256 pendingRefund);
    event LockTimeUpdated(uint256 oldLockTime, uint256 newLockTime);
    event ProviderStakeReturned(address indexed provider, uint256 amount);
    event ProviderStaked(address indexed provider, uint256 amount);
    event ProviderTEESignerAcknowledged(address indexed provider, address indexed teeSignerAddress, bool acknowledged);
    event RefundRequested(address indexed user, address indexed provider, uint256 indexed index, uint256 timestamp);
    event ServiceRemoved(address indexed provider);

    uint256 public constant MIN_LOCKTIME = 1 hours;
    uint256 public constant MAX_LOCKTIME = 7 days;
    uint256 public constant MIN_PROVIDER_STAKE = 100 ether;

    uint256 internal constant MAX_REFUNDS = 5;
    uint256 internal constant MAX_INFO = 4096;
    uint256 internal constant MAX_PAGE = 50;
    uint256 internal constant MAX_BATCH = 500;
    // the upper half of the curve's order: a signature above it has a twin below
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    uint256 public lockTime;
    address public ledgerAddress;
    Place[] internal _places;
    mapping(address => mapping(address => Held)) internal _held;
    mapping(address => AddressList) internal _providersOf;
    mapping(address => AddressList) internal _usersOf;
    mapping(address => uint256) internal _stakes;

    modifier onlyLedger() {
        if (msg.sender != ledgerAddress) _refuseCaller();
        _;
    }

    receive() external payable {
        revert DirectDepositsDisabled();
    }

    function updateLockTime(uint256 lockTime_) external onlyOwner {
        _setLockTime(lockTime_);
    }

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == type(IServing).interfaceId || id == type(IERC165).interfaceId;
    }

    function accountExists(address user, address provider) external view returns (bool) {
        return _held[user][provider].exists;
    }

    function getPendingRefund(address user, address provider) external view returns (uint256) {
        return _existing(user, provider).pending;
    }

    function acknowledgeTEESigner(address provider, bool acknowledged) external {
        Held storage held = _existing(msg.sender, provider);
        if (!acknowledged && held.balance != 0) revert CannotRevokeWithNonZeroBalance(msg.sender, provider, held.balance);
        held.acknowledged = acknowledged;
    }

    /// A user's first money for a provider says that its signer is trusted.
    function addAccount(address user, address provider, string calldata additionalInfo) external payable onlyLedger {
        _checkNew(user, provider);
        Held storage held = _held[user][provider];
        if (held.exists) revert AccountExists(user, provider);
        if (bytes(additionalInfo).length > MAX_INFO) revert AdditionalInfoTooLong();
        held.balance = uint128(msg.value);
        held.position = uint32(_places.length);
        held.positionOfUser = _providersOf[user].push(provider);
        held.positionOfProvider = _usersOf[provider].push(user);
        held.exists = true;
        held.acknowledged = true;
        if (bytes(additionalInfo).length > 0) held.additionalInfo = additionalInfo;
        _places.push(Place(user, held.positionOfUser));
        emit BalanceUpdated(user, provider, msg.value, 0);
    }

    function depositFund(address user, address provider, uint256 cancelRetrievingAmount) external payable onlyLedger {
        Held storage held = _existing(user, provider);
        _cancel(held, cancelRetrievingAmount < held.pending ? cancelRetrievingAmount : held.pending);
        held.balance += uint128(msg.value);
        held.acknowledged = true;
        emit BalanceUpdated(user, provider, held.balance, held.pending);
    }

    function requestRefundAll(address user, address provider) external onlyLedger {
        Held storage held = _existing(user, provider);
        uint256 amount = held.balance - held.pending;
        if (amount == 0) return;
        uint8 index = held.refunds;
        if (index >= MAX_REFUNDS) revert TooManyRefunds(user, provider);
        held.waiting[index] = Waiting(uint192(amount), uint64(block.timestamp));
        held.refunds = index + 1;
        held.pending = held.balance;
        emit RefundRequested(user, provider, index, block.timestamp);
    }

    function processRefund(address user, address provider)
        external
        onlyLedger
        returns (uint256 totalAmount, uint256 balance, uint256 pendingRefund)
    {
        Held storage held = _existing(user, provider);
        uint8 kept = 0;
        for (uint8 i = 0; i < held.refunds; i++) {
            Waiting memory one = held.waiting[i];
            if (block.timestamp >= one.createdAt + lockTime) {
                totalAmount += one.amount;
            } else {
                if (kept != i) held.waiting[kept] = one;
                kept++;
            }
        }
        if (totalAmount > 0) {
            held.refunds = kept;
            held.balance -= uint128(totalAmount);
            held.pending -= uint128(totalAmount);
            emit BalanceUpdated(user, provider, held.balance, held.pending);
        }
        (balance, pendingRefund) = (held.balance, held.pending);
        if (totalAmount > 0) _pay(msg.sender, totalAmount);
    }

    function deleteAccount(address user, address provider) external onlyLedger {
        Held storage held = _existing(user, provider);
        uint256 refunded = held.balance;
        _unlist(user, provider, held);
        (held.balance, held.pending) = (0, 0);
        (held.position, held.positionOfUser, held.positionOfProvider) = (0, 0, 0);
        (held.refunds, held.exists, held.acknowledged) = (0, false, false);
        delete held.additionalInfo;
        emit AccountDeleted(user, provider, refunded);
        if (refunded > 0) _pay(msg.sender, refunded);
    }

    function _setUp(uint256 lockTime_, address ledger, address owner_) internal {
        if (owner_ == address(0)) _refuseAddress(owner_);
        if (ledger == address(0)) _refuseAddress(ledger);
        _initialize(owner_);
        ledgerAddress = ledger;
        _setLockTime(lockTime_);
    }

    function _setLockTime(uint256 lockTime_) private {
        if (lockTime_ < MIN_LOCKTIME || lockTime_ > MAX_LOCKTIME) _refuseLockTime(lockTime_);
        emit LockTimeUpdated(lockTime, lockTime_);
        lockTime = lockTime_;
    }

    /// The stake comes with a provider's first service and stays what it was.
    function _stake() internal {
        if (_stakes[msg.sender] > 0) {
            if (msg.value != 0) revert CannotAddStakeWhenUpdating();
            return;
        }
        if (msg.value < MIN_PROVIDER_STAKE) revert InsufficientStake(msg.value, MIN_PROVIDER_STAKE);
        _stakes[msg.sender] = msg.value;
        emit ProviderStaked(msg.sender, msg.value);
    }

    function _unstake() internal {
        uint256 amount = _stakes[msg.sender];
        delete _stakes[msg.sender];
        emit ServiceRemoved(msg.sender);
        emit ProviderStakeReturned(msg.sender, amount);
        _pay(msg.sender, amount);
    }

    /// Takes a fee from an account; where it needs what is on its way back, the newest requests give way first.
    /// The money itself is for the caller to pay out.
    function _spend(address user, Held storage held, uint256 amount) internal {
        uint256 free = held.balance - held.pending;
        if (amount > free) _cancel(held, amount - free);
        held.balance -= uint128(amount);
        ILedger(ledgerAddress).spendFund(user, amount);
    }

    function _cancel(Held storage held, uint256 amount) private {
        if (amount == 0) return;
        held.pending -= uint128(amount);
        uint8 left = held.refunds;
        while (amount > 0) {
            Waiting storage one = held.waiting[left - 1];
            if (one.amount > amount) {
                one.amount -= uint192(amount);
                break;
            }
            amount -= one.amount;
            left--;
        }
        held.refunds = left;
    }

    function _unlist(address user, address provider, Held storage held) private {
        Place memory last = _places[_places.length - 1];
        _held[last.user][_providersOf[last.user].at(last.index)].position = held.position;
        _places[held.position] = last;
        _places.pop();
        address moved = _providersOf[user].remove(held.positionOfUser);
        if (moved != address(0)) {
            Held storage other = _held[user][moved];
            other.positionOfUser = held.positionOfUser;
            _places[other.position].index = held.positionOfUser;
        }
        moved = _usersOf[provider].remove(held.positionOfProvider);
        if (moved != address(0)) _held[moved][provider].positionOfProvider = held.positionOfProvider;
    }

    function _existing(address user, address provider) internal view returns (Held storage held) {
        held = _held[user][provider];
        if (!held.exists) revert AccountNotExists(user, provider);
    }

    function _refundsOf(Held storage held) internal view returns (Refund[] memory made) {
        made = new Refund[](held.refunds);
        for (uint256 i = 0; i < made.length; i++) {
            Waiting memory one = held.waiting[i];
            made[i] = Refund(i, one.amount, one.createdAt, false);
        }
    }

    /// How many entries a page from `offset` has; a limit of 0 means the largest page.
    function _page(uint256 offset, uint256 limit, uint256 total) internal pure returns (uint256) {
        if (limit > MAX_PAGE) _refuseLimit(limit);
        if (limit == 0) limit = MAX_PAGE;
        uint256 rest = offset < total ? total - offset : 0;
        return limit < rest ? limit : rest;
    }

    function _digest(string memory name, bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain =
            keccak256(abi.encode(DOMAIN_TYPE, keccak256(bytes(name)), keccak256("1"), block.chainid, address(this)));
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _signedBy(address signer, bytes32 digest, bytes calldata signature) internal pure returns (bool) {
        if (signature.length != 65 || signer == address(0)) return false;
        bytes32 s = bytes32(signature[32:64]);
        if (uint256(s) > HALF_ORDER) return false;
        return ecrecover(digest, uint8(signature[64]), bytes32(signature[:32]), s) == signer;
    }

    function _pay(address to, uint256 amount) internal {
        (bool ok,) = to.call{value: amount}("");
        if (!ok) _refusePayment(to);
    }

    // The services have errors of their own for the same refusals.
    function _refuseCaller() internal view virtual;
    function _refuseAddress(address given) internal pure virtual;
    function _refuseLockTime(uint256 given) internal pure virtual;
    function _refuseLimit(uint256 given) internal pure virtual;
    function _refusePayment(address to) internal view virtual;
    function _checkNew(address user, address provider) internal pure virtual;
}
