// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

// What the four storage contracts say to each other and to their callers.

struct SubmissionNode {
    bytes32 root;
    uint256 height;
}

/// A file: its size in bytes, free tags, and the sub-trees that make up its padded sectors, largest first.
struct SubmissionData {
    uint256 length;
    bytes tags;
    SubmissionNode[] nodes;
}

struct Submission {
    SubmissionData data;
    address submitter;
}

/// Sectors [start, end) of the flow.
struct EpochRange {
    uint128 start;
    uint128 end;
}

struct EpochRangeWithContextDigest {
    uint128 start;
    uint128 end;
    bytes32 digest;
}

struct MineContext {
    uint256 epoch;
    uint256 mineStart;
    bytes32 flowRoot;
    uint256 flowLength;
    bytes32 blockDigest;
    bytes32 digest;
}

interface IFlow {
    function blocksPerEpoch() external view returns (uint256);
    function getEpochRange(bytes32 digest) external view returns (EpochRange memory);
    function makeContextWithResult() external returns (MineContext memory);
}

interface IMarket {
    function pricePerSector() external view returns (uint256);
    function chargeFee(uint256 beforeLength, uint256 uploadSectors, uint256 paddingSectors) external;
}

interface IReward {
    function fillReward(uint256 beforeLength, uint256 chargedSectors) external payable;
    function claimMineReward(uint256 pricingIndex, address payable beneficiary, bytes32 minerId) external;
}

bytes32 constant EMPTY_HASH = 0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470; // keccak256("")
uint256 constant SECTORS_PER_SEGMENT = 1024; // 256 KiB, also what one try of a miner loads
uint256 constant SECTORS_PER_PRICE = 1 << 25; // 8 GiB
bytes32 constant PARAMS_ADMIN_ROLE = keccak256("PARAMS_ADMIN_ROLE");

/// Hashes of past blocks: the last 256 from the EVM, up to 8191 back from the contract of EIP-2935; zero beyond, and
/// zero where a chain has no such contract.
library BlockHashes {
    uint256 internal constant WINDOW = 8191;
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;

    function at(uint256 number) internal view returns (bytes32 found) {
        if (number >= block.number || block.number - number <= 256) return blockhash(number);
        if (block.number - number > WINDOW) return 0;
        (bool ok, bytes memory answer) = HISTORY.staticcall(abi.encode(number));
        if (ok && answer.length == 32) found = abi.decode(answer, (bytes32));
    }
}
