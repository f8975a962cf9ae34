// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {Pora, PoraAnswer} from "./Pora.sol";
import {Roles} from "./Roles.sol";
import {
    BlockHashes,
    EMPTY_HASH,
    EpochRange,
    IFlow,
    IReward,
    MineContext,
    PARAMS_ADMIN_ROLE,
    SECTORS_PER_PRICE,
    SECTORS_PER_SEGMENT
} from "./StorageTypes.sol";

struct WorkerContext {
    MineContext context;
    uint256 poraTarget;
    bytes32 subtaskDigest;
    uint64 maxShards;
}

/// Proofs of random access: a miner shows that it holds, sealed for itself, a piece of the flow which its nonce names.
/// In every epoch each miner has a window of blocks; the target follows the number of answers of the epoch before.
contract PoraMine is Roles {
    event NewMinerId(bytes32 indexed minerId, address indexed beneficiary);
    event UpdateMinerId(bytes32 indexed minerId, address indexed from, address indexed to);
    event NewSubmission(uint256 indexed epoch, bytes32 indexed minerId, uint256 epochIndex, uint256 recallPosition);

    struct MineInitParams {
        uint256 difficulty;
        uint256 targetMineBlocks;
        uint256 targetSubmissions;
        uint64 maxShards;
        uint256 nSubtasks;
        uint256 subtaskInterval;
    }

    uint64 public constant poraVersion = 1;
    /// Who `computeWorkerContext` answers to: nobody can send from there, so it costs gas to no one.
    address public constant computeWorkerContextCaller = 0x000000000000000000000000000000000000000A;

    uint256 private constant NO_DATA_SEAL = 1;
    uint256 private constant NO_DATA_PROOF = 2;
    uint256 private constant FIXED_DIFFICULTY = 4;
    uint256 private constant COUNT_MAX = type(uint16).max; // keeps the arithmetic of difficulties inside 256 bits

    uint256 private _settings;
    address public flow;
    address public reward;
    uint64 public maxShards;
    uint256 public targetMineBlocks;
    uint256 public targetSubmissions;
    uint256 public targetSubmissionsNextEpoch;
    uint256 public difficultyAdjustRatio;
    uint256 public lastMinedEpoch;
    uint256 public currentSubmissions;
    uint256 public poraTarget;
    uint256 public minDifficulty;
    uint256 public nSubtasks;
    uint256 public nSubtasksNextEpoch;
    uint256 public subtaskInterval;
    uint256 public subtaskIntervalNextEpoch;
    mapping(bytes32 => bool) private _submittedPora;
    mapping(bytes32 => address) public beneficiaries;

    constructor(uint256 settings) {
        _grant(PARAMS_ADMIN_ROLE, msg.sender);
        _settings = settings;
    }

    function initialize(address flow_, address reward_, MineInitParams calldata params) external initializer {
        require(params.difficulty > 0, "Difficulty cannot be zero");
        require(params.nSubtasks > 0, "Number of subtasks cannot be zero");
        require(params.targetSubmissions <= COUNT_MAX, "Too many target submissions");
        flow = flow_;
        reward = reward_;
        poraTarget = fixedDifficulty() ? type(uint256).max : type(uint256).max / params.difficulty;
        difficultyAdjustRatio = 20;
        targetMineBlocks = params.targetMineBlocks;
        targetSubmissions = params.targetSubmissions;
        targetSubmissionsNextEpoch = params.targetSubmissions;
        maxShards = params.maxShards;
        nSubtasks = params.nSubtasks;
        nSubtasksNextEpoch = params.nSubtasks;
        subtaskInterval = params.subtaskInterval;
        subtaskIntervalNextEpoch = params.subtaskInterval;
    }

    function sealDataEnabled() public view returns (bool) {
        return _settings & NO_DATA_SEAL == 0;
    }

    function dataProofEnabled() public view returns (bool) {
        return _settings & NO_DATA_PROOF == 0;
    }

    function fixedDifficulty() public view returns (bool) {
        return _settings & FIXED_DIFFICULTY != 0;
    }

    // miners

    /// A new miner id for the caller's beneficiary; nobody can know it before its block.
    function requestMinerId(address beneficiary, uint64 seed) external {
        require(beneficiary != address(0), "Beneficiary cannot be zero");
        bytes32 minerId = keccak256(abi.encodePacked(blockhash(block.number - 1), msg.sender, seed));
        require(beneficiaries[minerId] == address(0), "MinerId has registered");
        beneficiaries[minerId] = beneficiary;
        emit NewMinerId(minerId, beneficiary);
    }

    function transferBeneficial(address to, bytes32 minerId) external {
        require(beneficiaries[minerId] == msg.sender, "Sender does not own minerId");
        beneficiaries[minerId] = to;
        emit UpdateMinerId(minerId, msg.sender, to);
    }

    /// What the miner needs to begin. Outside its window the subtask is zero, in a full epoch the target is.
    function computeWorkerContext(bytes32 minerId) external returns (WorkerContext memory answer) {
        require(msg.sender == computeWorkerContextCaller, "Only authorized caller can compute worker context");
        _beneficiary(minerId);
        answer.maxShards = maxShards;
        answer.context = IFlow(flow).makeContextWithResult();
        (uint256 start, uint256 end) = _window(answer.context, minerId);
        if (block.number <= start || block.number > end) return answer;
        answer.subtaskDigest = keccak256(abi.encode(answer.context.digest, BlockHashes.at(start)));
        _beginEpoch(answer.context);
        if (currentSubmissions < 2 * targetSubmissions) answer.poraTarget = poraTarget;
    }

    function canSubmit() external returns (bool) {
        MineContext memory context = IFlow(flow).makeContextWithResult();
        return context.epoch > lastMinedEpoch || currentSubmissions < 2 * targetSubmissions;
    }

    // answers

    function submit(PoraAnswer calldata answer) external {
        address beneficiary = _beneficiary(answer.minerId);
        MineContext memory context = IFlow(flow).makeContextWithResult();
        _beginEpoch(context);
        bytes32 subtaskDigest = getSubtaskDigest(context, answer.minerId);
        basicCheck(answer, context);
        require(Pora.numShards(answer.range) <= maxShards, "Exceeding the allowed number of shards");
        _checkData(answer, context.flowRoot);

        bytes32 quality = pora(answer, subtaskDigest);
        uint256 scaleX64 = Pora.targetScaleX64(answer.range, context.flowLength);
        require(uint256(quality) <= (poraTarget / scaleX64) << 64, "Do not reach target quality");
        require(!_submittedPora[quality], "Answer has been submitted");
        _submittedPora[quality] = true;

        uint256 epochIndex = currentSubmissions;
        currentSubmissions = epochIndex + 1;
        lastMinedEpoch = context.epoch;
        IReward(reward).claimMineReward(answer.recallPosition / SECTORS_PER_PRICE, payable(beneficiary), answer.minerId);
        emit NewSubmission(context.epoch, answer.minerId, epochIndex, answer.recallPosition);
    }

    function basicCheck(PoraAnswer calldata answer, MineContext memory context) public view {
        require(context.digest == answer.contextDigest, "Inconsistent mining digest");
        require(context.digest != EMPTY_HASH, "Empty digest can not mine");
        require(currentSubmissions < 2 * targetSubmissions, "Epoch has enough submissions");
        Pora.check(answer.range, context.flowLength / SECTORS_PER_SEGMENT * SECTORS_PER_SEGMENT);
        // the seal was made in the epoch that holds its last sector
        EpochRange memory range = IFlow(flow).getEpochRange(answer.sealedContextDigest);
        uint256 end = answer.recallPosition + Pora.SECTORS_PER_SEAL;
        require(range.start < end && range.end >= end, "Invalid sealed context digest");
    }

    function _checkData(PoraAnswer calldata answer, bytes32 flowRoot) private view {
        bytes32[128] memory words;
        if (sealDataEnabled()) {
            require(answer.sealedContextDigest != EMPTY_HASH, "Seal digest cannot be empty");
            words = Pora.unseal(answer);
        } else {
            words = answer.sealedData;
        }
        if (dataProofEnabled()) {
            require(Pora.merkleRoot(answer, words) == flowRoot, "Inconsistent merkle root");
        }
    }

    function pora(PoraAnswer calldata answer, bytes32 subtaskDigest) public view returns (bytes32) {
        require(answer.minerId != 0, "Miner ID cannot be empty");
        return Pora.quality(answer, subtaskDigest);
    }

    function getSubtaskDigest(MineContext memory context, bytes32 minerId) public view returns (bytes32) {
        (uint256 start, uint256 end) = _window(context, minerId);
        require(block.number > start, "Earlier than expected subtask start block.");
        require(block.number <= end, "Mine deadline exceed");
        return keccak256(abi.encode(context.digest, BlockHashes.at(start)));
    }

    function _window(MineContext memory context, bytes32 minerId) private view returns (uint256 start, uint256 end) {
        uint256 index = uint256(keccak256(abi.encode(context.digest, minerId))) % nSubtasks;
        start = context.mineStart + index * subtaskInterval;
        end = start + targetMineBlocks;
    }

    function _beneficiary(bytes32 minerId) private view returns (address found) {
        require(minerId != 0, "MinerId cannot be zero");
        found = beneficiaries[minerId];
        require(found != address(0), "MinerId does not registered");
    }

    // difficulty

    function _beginEpoch(MineContext memory context) private {
        require(context.epoch >= lastMinedEpoch, "Internal error: epoch number decrease");
        if (context.epoch == lastMinedEpoch || lastMinedEpoch == 0) return;
        _adjustDifficulty();
        currentSubmissions = 0;
        targetSubmissions = targetSubmissionsNextEpoch;
        nSubtasks = nSubtasksNextEpoch;
        subtaskInterval = subtaskIntervalNextEpoch;
    }

    /// Towards the target that would have brought the wanted number of answers, at most by a factor of two.
    function _adjustDifficulty() private {
        if (fixedDifficulty()) return;
        uint256 most = type(uint256).max >> 16;
        uint256 old = poraTarget >> 16;
        uint256 wanted = currentSubmissions > 0 ? old * targetSubmissions / currentSubmissions : most;
        uint256 made = (old * (difficultyAdjustRatio - 1) + wanted) / difficultyAdjustRatio;
        if (made > 2 * old) made = 2 * old;
        if (made < old / 2) made = old / 2;
        if (made > most) made = most;
        poraTarget = made << 16;
        _limitTarget();
    }

    function _limitTarget() private {
        if (minDifficulty == 0) return;
        uint256 most = type(uint256).max / minDifficulty;
        if (poraTarget > most) poraTarget = most;
    }

    // parameters

    function setTargetMineBlocks(uint256 value) external onlyRole(PARAMS_ADMIN_ROLE) {
        require(value <= BlockHashes.WINDOW, "target mine block must <= 8191");
        targetMineBlocks = value;
    }

    function setTargetSubmissions(uint256 value) external onlyRole(PARAMS_ADMIN_ROLE) {
        require(value <= COUNT_MAX, "Too many target submissions");
        targetSubmissionsNextEpoch = value;
        if (lastMinedEpoch == 0) targetSubmissions = value;
    }

    function setDifficultyAdjustRatio(uint256 value) external onlyRole(PARAMS_ADMIN_ROLE) {
        require(value > 0, "Adjust ratio must be non-zero");
        require(value <= COUNT_MAX / 2, "Adjust ratio too large");
        difficultyAdjustRatio = value;
    }

    function setMaxShards(uint64 value) external onlyRole(PARAMS_ADMIN_ROLE) {
        require(value > 0, "Max shard number cannot be zero");
        require(value & (value - 1) == 0, "Max shard number must be power of 2");
        maxShards = value;
    }

    function setMinDifficulty(uint256 value) external onlyRole(PARAMS_ADMIN_ROLE) {
        minDifficulty = value;
        _limitTarget();
    }

    function setNumSubtasks(uint256 value) external onlyRole(PARAMS_ADMIN_ROLE) {
        require(value > 0, "Number of subtasks cannot be zero");
        require(
            _fits(value, subtaskIntervalNextEpoch), "Number of subtasks must be less than blocks per epoch"
        );
        nSubtasksNextEpoch = value;
        if (lastMinedEpoch == 0) nSubtasks = value;
    }

    function setSubtaskInterval(uint256 value) external onlyRole(PARAMS_ADMIN_ROLE) {
        require(value > 0, "Subtask interval cannot be zero");
        require(
            _fits(nSubtasksNextEpoch, value), "Number of subtask intervals must be less than blocks per epoch"
        );
        subtaskIntervalNextEpoch = value;
        if (lastMinedEpoch == 0) subtaskInterval = value;
    }

    function _fits(uint256 count, uint256 interval) private view returns (bool) {
        return (count - 1) * interval + targetMineBlocks + 1 < IFlow(flow).blocksPerEpoch();
    }
}
