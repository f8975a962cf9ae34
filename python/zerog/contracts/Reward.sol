// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {Roles} from "./Roles.sol";
import {SECTORS_PER_PRICE} from "./StorageTypes.sol";

/// Fees by pricing chunk (8 GiB of the flow), paid out to the miners who prove that they hold it. A chunk's money is
/// released evenly over `releaseSeconds` from the moment the chunk is full; each proof takes half of what is released
/// and not yet paid. Payments wait here until somebody has them withdrawn.
contract ChunkLinearReward is Roles {
    event DistributeReward(
        uint256 indexed pricingIndex, address indexed beneficiary, bytes32 indexed minerId, uint256 amount
    );
    event Withdrawn(address indexed payee, uint256 weiAmount);

    struct Reward {
        uint128 lockedReward;
        uint128 claimableReward;
        uint128 distributedReward;
        uint40 startTime;
        uint40 lastUpdate;
    }

    address public market;
    address public mine;
    address public treasury;
    address public foundationAdmin;
    uint64 public releaseSeconds;
    uint256 public serviceFeeRateBps;
    uint256 public totalBaseReward;
    uint256 public baseReward;
    mapping(uint256 => Reward) private _rewards;
    mapping(address => uint256) public payments;

    function initialize(
        address market_,
        address mine_,
        address foundationAdmin_,
        address treasury_,
        uint64 releaseSeconds_
    ) external initializer {
        require(releaseSeconds_ > 0, "Release time cannot be zero");
        market = market_;
        mine = mine_;
        foundationAdmin = foundationAdmin_;
        treasury = treasury_;
        releaseSeconds = releaseSeconds_;
    }

    modifier onlyFoundationAdmin() {
        require(msg.sender == foundationAdmin, "Not foundation admin");
        _;
    }

    function setBaseReward(uint256 baseReward_) external onlyFoundationAdmin {
        baseReward = baseReward_;
    }

    function setServiceFeeRate(uint256 bps) external onlyFoundationAdmin {
        require(bps <= 10000, "Service fee above everything");
        serviceFeeRateBps = bps;
    }

    function setTreasury(address treasury_) external onlyFoundationAdmin {
        treasury = treasury_;
    }

    function setFoundationAdmin(address foundationAdmin_) external onlyFoundationAdmin {
        foundationAdmin = foundationAdmin_;
    }

    /// Into the pool that base rewards come from.
    function donate() external payable {
        totalBaseReward += msg.value;
    }

    function rewards(uint256 pricingIndex) external view returns (Reward memory) {
        return _rewards[pricingIndex];
    }

    /// When all of a chunk's money is released; zero while the chunk is not full.
    function rewardDeadline(uint256 pricingIndex) public view returns (uint256) {
        uint256 startTime = _rewards[pricingIndex].startTime;
        return startTime == 0 ? 0 : startTime + releaseSeconds;
    }

    /// The first chunk that still pays, and the time of the answer.
    function firstRewardableChunk() external view returns (uint64 index, uint256 timestamp) {
        uint64 low = 0;
        uint64 high = 1024;
        while (_deadlinePassed(high)) {
            low = high;
            high *= 2;
        }
        while (low < high) {
            uint64 middle = low + (high - low) / 2;
            if (_deadlinePassed(middle)) low = middle + 1;
            else high = middle;
        }
        return (low, block.timestamp);
    }

    function _deadlinePassed(uint256 pricingIndex) private view returns (bool) {
        uint256 deadline = rewardDeadline(pricingIndex);
        return deadline != 0 && deadline < block.timestamp;
    }

    /// Spread the money over the pricing chunks that the sectors [beforeLength, beforeLength + chargedSectors) touch.
    function fillReward(uint256 beforeLength, uint256 chargedSectors) external payable {
        require(msg.sender == market, "Sender does not have permission");
        uint256 serviceFee = msg.value * serviceFeeRateBps / 10000;
        uint256 rest = msg.value - serviceFee;
        uint256 end = beforeLength + chargedSectors;
        uint256 first = beforeLength / SECTORS_PER_PRICE;
        uint256 last = (end - 1) / SECTORS_PER_PRICE;
        bool lastIsFull = end % SECTORS_PER_PRICE == 0;
        if (first == last) {
            _add(first, rest, lastIsFull);
        } else {
            uint256 perChunk = rest * SECTORS_PER_PRICE / chargedSectors;
            _add(first, perChunk * ((first + 1) * SECTORS_PER_PRICE - beforeLength) / SECTORS_PER_PRICE, true);
            for (uint256 i = first + 1; i < last; ++i) {
                _add(i, perChunk, true);
            }
            _add(last, perChunk * (end - last * SECTORS_PER_PRICE) / SECTORS_PER_PRICE, lastIsFull);
        }
        if (serviceFee > 0) _toTreasury(serviceFee);
    }

    function _add(uint256 pricingIndex, uint256 amount, bool full) private {
        Reward storage reward = _rewards[pricingIndex];
        require(amount <= type(uint128).max, "Reward overflow");
        reward.lockedReward += uint128(amount);
        if (full) {
            reward.startTime = uint40(block.timestamp);
            reward.lastUpdate = uint40(block.timestamp);
        }
    }

    /// A treasury that cannot take money must not stop uploads: then it waits with the other payments.
    function _toTreasury(uint256 amount) private {
        (bool ok,) = treasury.call{value: amount}("");
        if (!ok) payments[treasury] += amount;
    }

    function claimMineReward(uint256 pricingIndex, address payable beneficiary, bytes32 minerId) external {
        require(msg.sender == mine, "Sender does not have permission");
        Reward memory reward = _rewards[pricingIndex];
        uint256 amount = 0;
        if (reward.startTime != 0) {
            uint256 elapsed = block.timestamp - reward.startTime;
            uint256 known = uint256(reward.claimableReward) + reward.distributedReward;
            uint256 total = known + reward.lockedReward;
            uint256 released = (elapsed >= releaseSeconds ? total : total * elapsed / releaseSeconds) - known;
            reward.lockedReward -= uint128(released);
            reward.claimableReward += uint128(released);
            amount = reward.claimableReward / 2;
            reward.claimableReward -= uint128(amount);
            reward.distributedReward += uint128(amount);
            reward.lastUpdate = uint40(block.timestamp);
            _rewards[pricingIndex] = reward;
            if (elapsed < releaseSeconds) {
                uint256 base = baseReward < totalBaseReward ? baseReward : totalBaseReward;
                totalBaseReward -= base;
                amount += base;
            }
        }
        if (amount > 0) {
            payments[beneficiary] += amount;
            emit DistributeReward(pricingIndex, beneficiary, minerId, amount);
        }
    }

    /// Send a payee what it is owed. Anyone may ask for it.
    function withdrawPayments(address payable payee) external {
        uint256 amount = payments[payee];
        payments[payee] = 0;
        (bool ok,) = payee.call{value: amount}("");
        require(ok, "Payee refused the payment");
        emit Withdrawn(payee, amount);
    }
}
