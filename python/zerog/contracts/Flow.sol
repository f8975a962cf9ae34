// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {FlowTree} from "./FlowTree.sol";
import {Roles} from "./Roles.sol";
import {
    BlockHashes,
    EMPTY_HASH,
    EpochRange,
    EpochRangeWithContextDigest,
    IMarket,
    MineContext,
    PARAMS_ADMIN_ROLE,
    SECTORS_PER_SEGMENT,
    Submission,
    SubmissionData
} from "./StorageTypes.sol";

/// The last roots of the flow at epoch ends, as a ring.
abstract contract RootHistory {
    error UnavailableIndex(uint256 index);

    uint256 private constant CAPACITY = 1000;
    mapping(uint256 => bytes32) private _roots;
    uint256 private _next;

    function at(uint256 index) external view returns (bytes32) {
        if (!available(index)) revert UnavailableIndex(index);
        return _roots[index % CAPACITY];
    }

    function available(uint256 index) public view returns (bool) {
        return index < _next && index + CAPACITY >= _next;
    }

    function contains(bytes32 root) external view returns (bool) {
        for (uint256 i = _next > CAPACITY ? _next - CAPACITY : 0; i < _next; ++i) {
            if (_roots[i % CAPACITY] == root) return true;
        }
        return false;
    }

    function _remember(bytes32 root) internal {
        _roots[_next % CAPACITY] = root;
        ++_next;
    }
}

/// The log of the storage network: every file gets a place in one growing array of 256-byte sectors, whose merkle tree
/// is kept here. Sector 0 is a dummy with a leaf of zero. Both submit interfaces in use are answered; the older one has
/// no submitter, its caller counts.
///
/// An epoch ends every `blocksPerEpoch` blocks; the first call after its end closes it and names the context that
/// miners work on. One step per missed epoch: after a long pause let `makeContextFixedTimes` catch up in pieces.
contract Flow is Roles, RootHistory {
    using FlowTree for mapping(uint256 => bytes32);

    error NotEnoughFee(uint256 price, uint256 amount, uint256 paid);
    error EnforcedPause();
    error ExpectedPause();

    event Submit(
        address indexed sender,
        bytes32 indexed identity,
        uint256 submissionIndex,
        uint256 startPos,
        uint256 length,
        SubmissionData submission
    );
    event NewEpoch(
        address indexed sender,
        uint256 indexed index,
        bytes32 startMerkleRoot,
        uint256 submissionIndex,
        uint256 flowLength,
        bytes32 context
    );
    event Paused(address account);
    event Unpaused(address account);
    event BlocksPerEpochChanged(uint256 blocksPerEpoch, uint256 anchorBlock, uint256 anchorEpoch);

    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");

    uint128 private _length;
    uint64 private _submissions;
    uint64 private _epoch;

    // Epoch e ends at block _anchorBlock + (e + 1 - _anchorEpoch) * _blocksPerEpoch.
    uint64 private _firstBlock;
    uint64 private _anchorBlock;
    uint64 private _anchorEpoch;
    uint64 private _blocksPerEpoch;

    address private _market;
    bool private _paused;

    mapping(uint256 => bytes32) private _peaks;
    mapping(uint256 => bytes32) private _rootByTxSeq;

    uint256 private _epochStartPosition;
    uint256 private _mineStart;
    bytes32 private _contextRoot;
    uint256 private _contextLength;
    bytes32 private _blockDigest;
    bytes32 private _digest;
    mapping(bytes32 => EpochRange) private _epochRanges;
    EpochRangeWithContextDigest[] private _epochRangeHistory;

    constructor() {
        _grant(PAUSER_ROLE, msg.sender);
        _grant(PARAMS_ADMIN_ROLE, msg.sender);
        _length = 1;
        _contextLength = 1;
        _blockDigest = EMPTY_HASH;
        _digest = EMPTY_HASH;
    }

    function initialize(address market_, uint64 blocksPerEpoch_, uint64 firstBlock_) external initializer {
        require(blocksPerEpoch_ > 0, "Blocks per epoch cannot be zero");
        _market = market_;
        _blocksPerEpoch = blocksPerEpoch_;
        _firstBlock = firstBlock_;
        _anchorBlock = firstBlock_;
        _mineStart = firstBlock_;
    }

    modifier whenNotPaused() {
        if (_paused) revert EnforcedPause();
        _;
    }

    modifier launched() {
        require(block.number >= _firstBlock, "Contract has not launched.");
        _;
    }

    function pause() external onlyRole(PAUSER_ROLE) whenNotPaused {
        _paused = true;
        emit Paused(msg.sender);
    }

    function unpause() external onlyRole(PAUSER_ROLE) {
        if (!_paused) revert ExpectedPause();
        _paused = false;
        emit Unpaused(msg.sender);
    }

    /// Another length of epochs, from this block on. Epochs that are over are closed first.
    function setBlocksPerEpoch(uint64 blocksPerEpoch_) external onlyRole(PARAMS_ADMIN_ROLE) {
        require(blocksPerEpoch_ > 0, "Blocks per epoch cannot be zero");
        makeContext();
        _blocksPerEpoch = blocksPerEpoch_;
        _anchorBlock = uint64(block.number);
        _anchorEpoch = _epoch;
        emit BlocksPerEpochChanged(blocksPerEpoch_, block.number, _epoch);
    }

    // views

    function market() external view returns (address payable) {
        return payable(_market);
    }

    function paused() external view returns (bool) {
        return _paused;
    }

    function submissionIndex() external view returns (uint256) {
        return _submissions;
    }

    function numSubmissions() external view returns (uint256) {
        return _submissions;
    }

    function epoch() external view returns (uint256) {
        return _epoch;
    }

    function epochStartPosition() external view returns (uint256) {
        return _epochStartPosition;
    }

    function firstBlock() external view returns (uint256) {
        return _firstBlock;
    }

    function blocksPerEpoch() external view returns (uint256) {
        return _blocksPerEpoch;
    }

    /// The second value is the height up to which the tree is hashed: always all of it, counted in levels.
    function tree() external view returns (uint256 currentLength, uint256 unstagedHeight) {
        return (_length, FlowTree.depth(_length) + 1);
    }

    /// The ring of roots is part of this contract.
    function rootHistory() external view returns (address) {
        return address(this);
    }

    function computeFlowRoot() external view returns (bytes32) {
        return _peaks.root(_length);
    }

    function getFlowRootByTxSeq(uint256 txSeq) external view returns (bytes32) {
        return _rootByTxSeq[txSeq];
    }

    function getContext() public view returns (MineContext memory) {
        return MineContext(_epoch, _mineStart, _contextRoot, _contextLength, _blockDigest, _digest);
    }

    function getEpochRange(bytes32 digest) external view returns (EpochRange memory) {
        return _epochRanges[digest];
    }

    function getEpochRangeHistory(uint256 index) external view returns (EpochRangeWithContextDigest memory) {
        return _epochRangeHistory[index];
    }

    // submissions

    function submit(Submission calldata submission)
        external
        payable
        whenNotPaused
        launched
        returns (uint256 index, bytes32 digest, uint256 startIndex, uint256 length)
    {
        return _submit(submission.data, submission.submitter);
    }

    function submit(SubmissionData calldata submission)
        external
        payable
        whenNotPaused
        launched
        returns (uint256 index, bytes32 digest, uint256 startIndex, uint256 length)
    {
        return _submit(submission, msg.sender);
    }

    function batchSubmit(Submission[] calldata submissions)
        external
        payable
        whenNotPaused
        launched
        returns (uint256[] memory indexes, bytes32[] memory digests, uint256[] memory startIndexes, uint256[] memory lengths)
    {
        (indexes, digests, startIndexes, lengths) = _results(submissions.length);
        for (uint256 i = 0; i < submissions.length; ++i) {
            (indexes[i], digests[i], startIndexes[i], lengths[i]) = _submit(submissions[i].data, submissions[i].submitter);
        }
    }

    function batchSubmit(SubmissionData[] calldata submissions)
        external
        payable
        whenNotPaused
        launched
        returns (uint256[] memory indexes, bytes32[] memory digests, uint256[] memory startIndexes, uint256[] memory lengths)
    {
        (indexes, digests, startIndexes, lengths) = _results(submissions.length);
        for (uint256 i = 0; i < submissions.length; ++i) {
            (indexes[i], digests[i], startIndexes[i], lengths[i]) = _submit(submissions[i], msg.sender);
        }
    }

    function _results(uint256 count)
        private
        pure
        returns (uint256[] memory, bytes32[] memory, uint256[] memory, uint256[] memory)
    {
        return (new uint256[](count), new bytes32[](count), new uint256[](count), new uint256[](count));
    }

    /// The market is called last: whoever it pays finds the submission complete.
    function _submit(SubmissionData calldata data, address submitter)
        private
        returns (uint256 index, bytes32 digest, uint256 start, uint256 sectors)
    {
        require(submitter != address(0) && _valid(data), "Invalid submission");
        sectors = _sectors(data);
        uint256 fee = _fee(sectors);
        makeContext();
        uint256 before = _length;
        start = _place(data, sectors);
        digest = _identity(data);
        index = _submissions;
        _submissions = uint64(index + 1);
        _rootByTxSeq[index] = _peaks.root(_length);
        emit Submit(submitter, digest, index, start, sectors, data);
        _pay(fee, before, sectors, start - before);
    }

    /// The smallest number of bytes is one more than what the next smaller padded size would hold.
    function _valid(SubmissionData calldata data) private pure returns (bool) {
        uint256 count = data.nodes.length;
        if (count == 0) return false;
        uint256 top = data.nodes[0].height;
        if (top - data.nodes[count - 1].height >= 4) return false;
        if (top >= 64) return false;
        for (uint256 i = 1; i < count; ++i) {
            if (data.nodes[i].height >= data.nodes[i - 1].height) return false;
        }
        uint256 capacity = _sectors(data);
        uint256 smaller;
        if (capacity < 16) smaller = capacity - 1;
        else if (count == 1) smaller = capacity - capacity / 16;
        else smaller = capacity - (1 << (top - 3));
        return data.length <= capacity * 256 && data.length > smaller * 256;
    }

    function _sectors(SubmissionData calldata data) private pure returns (uint256 sectors) {
        for (uint256 i = 0; i < data.nodes.length; ++i) {
            sectors += 1 << data.nodes[i].height;
        }
    }

    /// The hash of the roots of its nodes: not the root of the file.
    function _identity(SubmissionData calldata data) private pure returns (bytes32) {
        uint256 count = data.nodes.length;
        bytes32[] memory roots = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            roots[i] = data.nodes[i].root;
        }
        return keccak256(abi.encodePacked(roots));
    }

    /// A file lies inside one segment or begins at the start of one; each node is aligned to its own size.
    function _place(SubmissionData calldata data, uint256 sectors) private returns (uint256 start) {
        uint256 length = _length;
        uint256 count = data.nodes.length;
        start = FlowTree.aligned(length, data.nodes[0].height);
        if (
            start % SECTORS_PER_SEGMENT != 0
                && start / SECTORS_PER_SEGMENT != (start + sectors - 1) / SECTORS_PER_SEGMENT
        ) {
            length = _peaks.pad(length, 10);
            start = length;
        }
        for (uint256 i = 0; i < count; ++i) {
            uint256 height = data.nodes[i].height;
            length = _peaks.pad(length, height);
            length = _peaks.append(length, height, data.nodes[i].root);
        }
        require(length <= type(uint128).max, "Flow is full");
        _length = uint128(length);
    }

    /// What was sent with earlier submissions and not used counts too.
    function _fee(uint256 sectors) private view returns (uint256 fee) {
        uint256 price = IMarket(_market).pricePerSector();
        fee = sectors * price;
        if (fee > address(this).balance) revert NotEnoughFee(price, sectors, address(this).balance);
    }

    function _pay(uint256 fee, uint256 before, uint256 sectors, uint256 padding) private {
        (bool ok,) = _market.call{value: fee}("");
        require(ok, "Market refused the fee");
        IMarket(_market).chargeFee(before, sectors, padding);
    }

    // epochs

    function makeContext() public launched {
        while (_makeContext()) {}
    }

    /// At most `count` + 1 epochs, as the deployed contracts have it.
    function makeContextFixedTimes(uint256 count) external launched {
        for (uint256 i = 0; i <= count; ++i) {
            if (!_makeContext()) return;
        }
    }

    function makeContextWithResult() external launched returns (MineContext memory) {
        makeContext();
        return getContext();
    }

    /// The epoch whose data hold this sector.
    function queryContextAtPosition(uint128 targetPosition) external returns (EpochRangeWithContextDigest memory range) {
        makeContext();
        require(targetPosition < _length, "Queried position exceeds upper bound");
        uint256 low = 0;
        uint256 high = _epochRangeHistory.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            range = _epochRangeHistory[middle];
            if (targetPosition >= range.end) low = middle + 1;
            else if (targetPosition < range.start) high = middle;
            else return range;
        }
        revert("Can not find proper context");
    }

    /// Close one epoch if it is over. Data of an epoch that is closed too late go into the next one's range.
    function _makeContext() private whenNotPaused returns (bool) {
        uint256 end = uint256(_anchorBlock) + (uint256(_epoch) + 1 - _anchorEpoch) * _blocksPerEpoch;
        if (end >= block.number) return false;
        uint256 length = _length;
        bytes32 root = _peaks.root(length);
        _remember(root);
        bytes32 blockDigest = EMPTY_HASH;
        bytes32 digest = EMPTY_HASH;
        if (end + BlockHashes.WINDOW >= block.number) {
            blockDigest = BlockHashes.at(end);
            digest = keccak256(abi.encode(blockDigest, root, length));
            uint128 start = uint128(_epochStartPosition);
            _epochRanges[digest] = EpochRange(start, uint128(length));
            _epochRangeHistory.push(EpochRangeWithContextDigest(start, uint128(length), digest));
            _epochStartPosition = length;
        }
        ++_epoch;
        _mineStart = end;
        _contextRoot = root;
        _contextLength = length;
        _blockDigest = blockDigest;
        _digest = digest;
        emit NewEpoch(msg.sender, _epoch, root, _submissions, length, digest);
        return true;
    }
}
