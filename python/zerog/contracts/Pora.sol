// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// The part of the flow that a miner answers for.
struct RecallRange {
    uint256 startPosition;
    uint256 mineLength;
    uint64 shardId;
    uint64 shardMask;
}

struct PoraAnswer {
    bytes32 contextDigest;
    bytes32 nonce;
    bytes32 minerId;
    RecallRange range;
    uint256 recallPosition;
    uint256 sealOffset;
    bytes32 sealedContextDigest;
    bytes32[128] sealedData;
    bytes32[] merkleProof;
}

/// BLAKE2b-512 by the compression precompile (EIP-152), for messages that fill their last block.
library Blake2b {
    /// The two halves of the digest. The message's size must be a multiple of 128 and below 65536.
    function hash(bytes memory message) internal view returns (bytes32 first, bytes32 second) {
        bytes memory frame = new bytes(213); // rounds 4, state 64, block 128, counter 16, last 1
        assembly ("memory-safe") {
            let at := add(frame, 32)
            let state := add(at, 4)
            mstore8(add(at, 3), 12)
            mstore(state, 0x48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5)
            mstore(add(state, 32), 0xd182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b)
            let size := mload(message)
            let source := add(message, 32)
            for { let done := 0 } lt(done, size) {} {
                mcopy(add(at, 68), add(source, done), 128)
                done := add(done, 128)
                mstore8(add(at, 196), and(done, 0xff))
                mstore8(add(at, 197), shr(8, done))
                if eq(done, size) { mstore8(add(at, 212), 1) }
                if iszero(staticcall(gas(), 9, at, 213, state, 64)) { revert(0, 0) }
            }
            first := mload(state)
            second := mload(add(state, 32))
        }
    }
}

/// The arithmetic of proofs of random access: unsealing, the merkle path, the scratchpad and the quality of an answer.
library Pora {
    uint256 internal constant SECTORS_PER_LOAD = 1024;
    uint256 internal constant SECTORS_PER_SEAL = 16;
    uint256 internal constant SEALS_PER_LOAD = SECTORS_PER_LOAD / SECTORS_PER_SEAL;
    uint256 internal constant MAX_MINING_LENGTH = 1 << 35;
    uint256 private constant SECTORS_PER_PRICE = 1 << 25;

    /// Two to the number of zeros in the mask.
    function numShards(RecallRange calldata range) internal pure returns (uint256 count) {
        count = 1;
        for (uint64 free = ~range.shardMask; free > 0; free &= free - 1) {
            count *= 2;
        }
    }

    function check(RecallRange calldata range, uint256 maxEndPosition) internal pure {
        require(range.startPosition % SECTORS_PER_PRICE == 0, "Start position is not aligned");
        require(range.startPosition + range.mineLength <= maxEndPosition, "Mining range overflow");
        uint256 most = MAX_MINING_LENGTH * numShards(range);
        require(range.mineLength <= most, "Mining range too long");
        require(range.mineLength >= (maxEndPosition < most ? maxEndPosition : most), "Mining range too short");
        require(range.shardId & range.shardMask == 0, "Masked bits should be zero");
    }

    /// How much harder an answer is to find for who mines less than all of the flow, times 2^64; never below 2^64.
    function targetScaleX64(RecallRange calldata range, uint256 flowLength) internal pure returns (uint256) {
        uint256 share = flowLength / numShards(range);
        if (flowLength > MAX_MINING_LENGTH) flowLength = MAX_MINING_LENGTH;
        if (share > MAX_MINING_LENGTH) share = MAX_MINING_LENGTH;
        return (flowLength << 64) / share;
    }

    /// Each word was hidden by the hash of the sealed word before it, the first by miner, context and position.
    function unseal(PoraAnswer calldata answer) internal pure returns (bytes32[128] memory words) {
        bytes32 mask = keccak256(abi.encode(answer.minerId, answer.sealedContextDigest, answer.recallPosition));
        bytes32[128] calldata hidden = answer.sealedData;
        assembly ("memory-safe") {
            for { let i := 0 } lt(i, 4096) { i := add(i, 32) } {
                let word := calldataload(add(hidden, i))
                mstore(add(words, i), xor(word, mask))
                mstore(0, word)
                mask := keccak256(0, 32)
            }
        }
    }

    /// The flow's root above these 16 sectors. The words are used up.
    function merkleRoot(PoraAnswer calldata answer, bytes32[128] memory words) internal pure returns (bytes32 node) {
        uint256 index = answer.recallPosition / SECTORS_PER_SEAL;
        bytes32[] calldata proof = answer.merkleProof;
        assembly ("memory-safe") {
            for { let i := 0 } lt(i, 16) { i := add(i, 1) } {
                mstore(add(words, mul(i, 32)), keccak256(add(words, mul(i, 256)), 256))
            }
            for { let width := 8 } width { width := shr(1, width) } {
                for { let i := 0 } lt(i, width) { i := add(i, 1) } {
                    mstore(add(words, mul(i, 32)), keccak256(add(words, mul(i, 64)), 64))
                }
            }
            node := mload(words)
            let end := add(proof.offset, mul(proof.length, 32))
            for { let at := proof.offset } lt(at, end) { at := add(at, 32) } {
                let side := mul(and(index, 1), 32)
                mstore(side, node)
                mstore(sub(32, side), calldataload(at))
                node := keccak256(0, 64)
                index := shr(1, index)
            }
        }
    }

    /// The quality of an answer: smaller is better. Reverts when it answers for another place than its seed names.
    function quality(PoraAnswer calldata answer, bytes32 subtaskDigest) internal view returns (bytes32 result) {
        RecallRange calldata range = answer.range;
        bytes32 rangeDigest =
            keccak256(abi.encode(range.startPosition, range.mineLength, range.shardId, range.shardMask));
        (bytes32 first, bytes32 second) =
            Blake2b.hash(abi.encodePacked(answer.minerId, answer.nonce, subtaskDigest, rangeDigest));

        bytes memory message = new bytes(128 + 4096); // seal offset, pad seed, a zero word, sealed data with the pad
        bytes32[128] calldata hidden = answer.sealedData;
        uint256 offset = answer.sealOffset;
        uint256 seed;
        assembly ("memory-safe") {
            let at := add(message, 32)
            mstore(at, offset)
            mstore(add(at, 32), first)
            mstore(add(at, 64), second)
            at := add(at, 128)
            calldatacopy(at, hidden, 4096)
            mstore(0, first)
            mstore(32, second)
            let skip := mul(and(offset, 3), 4096) // the pad is four seals long
            for { let place := 0 } lt(place, 16384) { place := add(place, 64) } {
                mstore(0, keccak256(0, 64))
                mstore(32, keccak256(0, 64))
                let inside := sub(place, skip)
                if lt(inside, 4096) {
                    let word := add(at, inside)
                    mstore(word, xor(mload(word), mload(0)))
                    mstore(add(word, 32), xor(mload(add(word, 32)), mload(32)))
                }
            }
            seed := keccak256(0, 64)
        }
        uint256 load = uint64(seed % (range.mineLength / SECTORS_PER_LOAD));
        load = (load & range.shardMask) | range.shardId;
        require(load * SECTORS_PER_LOAD <= range.mineLength, "Recall position out of bound");
        uint256 position = range.startPosition + load * SECTORS_PER_LOAD + offset * SECTORS_PER_SEAL;
        require(offset < SEALS_PER_LOAD && answer.recallPosition == position, "Incorrect recall position");
        (result,) = Blake2b.hash(message);
    }
}
