// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {Bn254} from "./Bn254.sol";
import {G1Point, G2Point, IDASigners} from "./DARegistry.sol";
import {DASample, SampleRange, SampleResponse, SampleTask} from "./DASample.sol";
import {Roles} from "./Roles.sol";
import {PARAMS_ADMIN_ROLE} from "./StorageTypes.sol";

/// Points of G2 with the imaginary part first: the other order than DASigners has.
struct CommitRootSubmission {
    bytes32 dataRoot;
    uint256 epoch;
    uint256 quorumId;
    G1Point erasureCommitment;
    bytes quorumBitmap;
    G2Point aggPkG2;
    G1Point signature;
}

/// The entrance of data availability: blobs are announced and assigned to a quorum, commitments recorded once two thirds
/// of the quorum's rows are signed for, and signers paid for showing pieces of what they hold.
contract DAEntrance is Roles {
    event DataUpload(address sender, bytes32 dataRoot, uint256 epoch, uint256 quorumId, uint256 blobPrice);
    event ErasureCommitmentVerified(bytes32 dataRoot, uint256 epoch, uint256 quorumId);
    event NewSampleRound(uint256 indexed sampleRound, uint256 sampleHeight, bytes32 sampleSeed, uint256 podasTarget);
    event DAReward(
        address indexed beneficiary,
        uint256 indexed sampleRound,
        uint256 indexed epoch,
        uint256 quorumId,
        bytes32 dataRoot,
        uint256 quality,
        uint256 lineIndex,
        uint256 sublineIndex,
        uint256 reward
    );

    uint256 public constant MAX_PODAS_TARGET = type(uint256).max / 128;
    uint256 private constant TARGET_SHIFT = 32; // room for the arithmetic of targets
    uint256 private constant TARGET_DAMPING = 8;
    uint256 private constant BPS = 10_000;
    /// Rounds that a submission may have to catch up with, so that its gas stays bounded; sync() has no such bound.
    uint256 private constant ROUNDS_PER_SUBMISSION = 32;

    IDASigners public daSigners;
    /// 3: epochs begin when somebody calls makeEpoch. 2: the chain begins them by height.
    uint256 public signersVersion;
    uint256 public currentEpoch;
    uint256 public currentQuorumIndex;
    uint256 public blobPrice;
    uint256 public epochWindowSize;

    uint256 public samplePeriod;
    uint256 public nextSampleHeight;
    uint256 public sampleRound;
    bytes32 public currentSampleSeed;
    uint256 public podasTarget;
    uint64 public roundSubmissions;
    uint64 public targetRoundSubmissions;
    uint64 public targetRoundSubmissionsNext;

    uint256 public currentEpochReward;
    uint256 public activedReward;
    uint256 public totalBaseReward;
    uint256 public baseReward;
    uint256 public rewardRatio;
    uint256 public serviceFee;
    uint256 public serviceFeeRateBps;
    address public treasury;

    mapping(bytes32 => G1Point) private _commitments;
    mapping(bytes32 => bool) private _answered;
    mapping(address => uint256) public payments;

    constructor() {
        _grant(PARAMS_ADMIN_ROLE, msg.sender);
    }

    function initialize(
        address daSigners_,
        uint256 signersVersion_,
        uint64 samplePeriod_,
        uint64 targetRoundSubmissions_,
        uint64 epochWindowSize_,
        uint256 rewardRatio_,
        uint256 baseReward_,
        uint256 blobPrice_,
        address treasury_
    ) external initializer {
        require(signersVersion_ == 2 || signersVersion_ == 3, "Unknown version of DASigners");
        require(samplePeriod_ > 0 && targetRoundSubmissions_ > 0 && rewardRatio_ > 0, "Parameter cannot be zero");
        daSigners = IDASigners(daSigners_);
        signersVersion = signersVersion_;
        samplePeriod = samplePeriod_;
        nextSampleHeight = (block.number / samplePeriod_ + 1) * samplePeriod_;
        targetRoundSubmissions = targetRoundSubmissions_;
        targetRoundSubmissionsNext = targetRoundSubmissions_;
        epochWindowSize = epochWindowSize_;
        rewardRatio = rewardRatio_;
        baseReward = baseReward_;
        blobPrice = blobPrice_;
        treasury = treasury_;
        podasTarget = MAX_PODAS_TARGET;
    }

    // blobs

    /// Announces blobs. All of one call go to one quorum, the next in turn; what is paid beyond the price stays in the pot.
    function submitOriginalData(bytes32[] calldata dataRoots) external payable {
        _sync(ROUNDS_PER_SUBMISSION);
        require(msg.value >= dataRoots.length * blobPrice, "Not enough da blob fee");
        currentEpochReward += msg.value;
        uint256 epoch = currentEpoch;
        uint256 quorums = daSigners.quorumCount(epoch);
        require(quorums > 0, "No DA signers");
        uint256 quorum = (currentQuorumIndex + 1) % quorums;
        currentQuorumIndex = quorum;
        for (uint256 i = 0; i < dataRoots.length; i++) {
            emit DataUpload(msg.sender, dataRoots[i], epoch, quorum, blobPrice);
        }
    }

    /// Records commitments that two thirds of their quorum's rows signed. What is recorded already is passed over.
    function submitVerifiedCommitRoots(CommitRootSubmission[] calldata submissions) external {
        for (uint256 i = 0; i < submissions.length; i++) {
            CommitRootSubmission calldata submission = submissions[i];
            bytes32 key = _key(submission.dataRoot, submission.epoch, submission.quorumId);
            if (_recorded(key)) continue;
            _checkSignature(submission);
            _commitments[key] = submission.erasureCommitment;
            emit ErasureCommitmentVerified(submission.dataRoot, submission.epoch, submission.quorumId);
        }
    }

    function verifiedErasureCommitment(bytes32 dataRoot, uint256 epoch, uint256 quorumId)
        external
        view
        returns (G1Point memory)
    {
        return _commitments[_key(dataRoot, epoch, quorumId)];
    }

    function commitmentExists(bytes32 dataRoot, uint256 epoch, uint256 quorumId) public view returns (bool) {
        return _recorded(_key(dataRoot, epoch, quorumId));
    }

    function _checkSignature(CommitRootSubmission calldata s) private view {
        require(s.erasureCommitment.X != 0 || s.erasureCommitment.Y != 0, "Commitment cannot be infinity");
        (G1Point memory key1, uint256 total, uint256 hit) = daSigners.getAggPkG1(s.epoch, s.quorumId, s.quorumBitmap);
        require(2 * total <= 3 * hit, "Insufficient signed slices");
        G1Point memory hash = Bn254.mapToG1(
            keccak256(
                abi.encodePacked(s.dataRoot, s.epoch, s.quorumId, s.erasureCommitment.X, s.erasureCommitment.Y)
            )
        );
        require(Bn254.verify(hash, s.signature, key1, s.aggPkG2), "Signature is not valid");
    }

    function _key(bytes32 dataRoot, uint256 epoch, uint256 quorumId) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(dataRoot, epoch, quorumId));
    }

    function _recorded(bytes32 key) private view returns (bool) {
        return _commitments[key].X != 0 || _commitments[key].Y != 0;
    }

    // sampling

    /// Changes state: ask with eth_call.
    function sampleTask() external returns (SampleTask memory) {
        sync();
        uint256 limit = 2 * uint256(targetRoundSubmissions);
        return SampleTask(currentSampleSeed, podasTarget, uint64(limit - roundSubmissions));
    }

    /// The epochs whose blobs may be sampled. Changes state: ask with eth_call.
    function sampleRange() external returns (SampleRange memory) {
        sync();
        uint256 epoch = currentEpoch;
        uint256 start = epoch > epochWindowSize ? epoch - epochWindowSize : 0;
        return SampleRange(uint64(start), uint64(epoch > 0 ? epoch - 1 : 0));
    }

    /// A piece of a recorded blob whose quality meets the target. The owner of its row is paid, whoever sends it.
    function submitSamplingResponse(SampleResponse calldata answer) external {
        _sync(ROUNDS_PER_SUBMISSION);
        bytes32 id = DASample.identifier(answer);
        require(!_answered[id], "Duplicated submission");
        _answered[id] = true;
        require(sampleRound > 0, "Sample round 0 cannot be mined");
        require(roundSubmissions < 2 * uint256(targetRoundSubmissions), "Too many submissions in one round");
        require(answer.sampleSeed == currentSampleSeed && currentSampleSeed != 0, "Unmatched sample seed");
        require(answer.quality <= podasTarget, "Quality not reached");
        require(commitmentExists(answer.dataRoot, answer.epoch, answer.quorumId), "Unrecorded commitment");
        require(answer.epoch + epochWindowSize >= currentEpoch, "Epoch has stopped sampling");
        require(answer.epoch < currentEpoch, "Epoch has not started sampling");
        DASample.checkPlace(answer);
        require(DASample.quality(answer) == answer.quality, "Incorrect quality");
        roundSubmissions += 1;
        _reward(answer);
    }

    function _reward(SampleResponse calldata answer) private {
        address beneficiary = daSigners.getQuorumRow(answer.epoch, answer.quorumId, answer.lineIndex);
        uint256 active = activedReward / rewardRatio;
        uint256 base = baseReward < totalBaseReward ? baseReward : totalBaseReward;
        activedReward -= active;
        totalBaseReward -= base;
        payments[beneficiary] += active + base;
        emit DAReward(
            beneficiary,
            sampleRound,
            answer.epoch,
            answer.quorumId,
            answer.dataRoot,
            answer.quality,
            answer.lineIndex,
            answer.sublineIndex,
            active + base
        );
    }

    // time

    /// Begins an epoch that is due and every round since the last call.
    function sync() public {
        _sync(type(uint256).max);
    }

    /// The same with at most `times` rounds: for a contract that nobody called for long.
    function syncFixedTimes(uint256 times) external {
        _sync(times);
    }

    function _sync(uint256 rounds) private {
        _syncEpoch();
        while (rounds > 0 && block.number >= nextSampleHeight) {
            _beginRound();
            rounds -= 1;
        }
    }

    function _syncEpoch() private {
        if (signersVersion == 3) {
            // A plain call: the precompile's account has no code before its first use.
            (bool ok,) = address(daSigners).call(abi.encodeCall(IDASigners.makeEpoch, ()));
            require(ok, "Cannot make an epoch");
        }
        uint256 epoch = daSigners.epochNumber();
        if (epoch == currentEpoch) return;
        currentEpoch = epoch;
        uint256 earned = currentEpochReward;
        uint256 fee = earned * serviceFeeRateBps / BPS;
        currentEpochReward = 0;
        activedReward += earned - fee;
        if (fee > 0) {
            serviceFee += fee;
            payments[treasury] += fee;
        }
    }

    /// A round's seed is the hash of the block before its height; 256 blocks later nobody knows it and it is zero.
    function _beginRound() private {
        uint256 height = nextSampleHeight;
        if (sampleRound > 0) _adjustTarget();
        sampleRound += 1;
        nextSampleHeight = height + samplePeriod;
        roundSubmissions = 0;
        targetRoundSubmissions = targetRoundSubmissionsNext;
        currentSampleSeed = blockhash(height - 1);
        emit NewSampleRound(sampleRound, height, currentSampleSeed, podasTarget);
    }

    function _adjustTarget() private {
        uint256 goal = targetRoundSubmissions;
        uint256 found = roundSubmissions;
        uint256 target = podasTarget >> TARGET_SHIFT;
        if (found > goal) {
            target -= target * (found - goal) / goal / TARGET_DAMPING;
        } else {
            target += target * (goal - found) / goal / TARGET_DAMPING;
        }
        uint256 most = MAX_PODAS_TARGET >> TARGET_SHIFT;
        podasTarget = (target < most ? target : most) << TARGET_SHIFT;
    }

    // money

    /// Adds to the pot that base rewards come from.
    function donate() external payable {
        totalBaseReward += msg.value;
    }

    function withdrawPayments(address payable payee) external {
        uint256 amount = payments[payee];
        payments[payee] = 0;
        (bool ok,) = payee.call{value: amount}("");
        require(ok, "Payment refused");
    }

    // parameters

    function setRoundSubmissions(uint64 value) external onlyRole(PARAMS_ADMIN_ROLE) {
        uint256 now_ = targetRoundSubmissions;
        require(value > 0 && value <= 4 * now_ && 4 * uint256(value) >= now_, "Cannot change by more than four times");
        targetRoundSubmissionsNext = value;
    }

    function setEpochWindowSize(uint64 value) external onlyRole(PARAMS_ADMIN_ROLE) {
        epochWindowSize = value;
    }

    function setRewardRatio(uint64 value) external onlyRole(PARAMS_ADMIN_ROLE) {
        require(value > 0, "Reward ratio cannot be zero");
        rewardRatio = value;
    }

    function setBaseReward(uint256 value) external onlyRole(PARAMS_ADMIN_ROLE) {
        baseReward = value;
    }

    function setSamplePeriod(uint64 value) external onlyRole(PARAMS_ADMIN_ROLE) {
        require(value > 0, "Sample period cannot be zero");
        sync();
        samplePeriod = value;
        nextSampleHeight = (block.number / value + 1) * value;
    }

    function setBlobPrice(uint256 value) external onlyRole(PARAMS_ADMIN_ROLE) {
        blobPrice = value;
    }

    function setServiceFeeRate(uint256 bps) external onlyRole(PARAMS_ADMIN_ROLE) {
        require(bps <= BPS, "Service fee above everything");
        require(treasury != address(0), "Treasury cannot be zero");
        serviceFeeRateBps = bps;
    }

    function setTreasury(address value) external onlyRole(PARAMS_ADMIN_ROLE) {
        require(value != address(0), "Treasury cannot be zero");
        treasury = value;
    }
}
