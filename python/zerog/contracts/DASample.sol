// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

struct SampleResponse {
    bytes32 sampleSeed;
    uint64 epoch;
    uint64 quorumId;
    uint32 lineIndex;
    uint32 sublineIndex;
    uint256 quality;
    bytes32 dataRoot;
    bytes32[3] blobRoots;
    bytes32[] proof;
    bytes data;
}

struct SampleTask {
    bytes32 sampleHash;
    uint256 podasTarget;
    uint64 restSubmissions;
}

/// Both ends included.
struct SampleRange {
    uint64 startEpoch;
    uint64 endEpoch;
}

/// An answer to a sampling round: 1024 bytes of a row, their quality, and where they stand in the blob.
library DASample {
    uint256 internal constant LINES = 3072;
    uint256 internal constant LINES_PER_BLOB_ROOT = 1024;
    uint256 internal constant SUBLINES = 32;
    uint256 internal constant SUBLINE_SIZE = 1024;
    uint256 internal constant PROOF_LENGTH = 15; // 5 levels inside the row, 10 above it
    uint256 private constant LEAF_SIZE = 256;

    function identifier(SampleResponse calldata r) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(r.dataRoot, r.sampleSeed, r.epoch, r.quorumId, r.lineIndex, r.sublineIndex));
    }

    function quality(SampleResponse calldata r) internal pure returns (uint256) {
        uint256 line = uint256(
            keccak256(
                abi.encodePacked(r.sampleSeed, uint256(r.epoch), uint256(r.quorumId), r.dataRoot, uint64(r.lineIndex))
            )
        );
        uint256 data = uint256(keccak256(abi.encodePacked(line, uint256(r.sublineIndex), r.data)));
        require(line <= type(uint256).max - data, "Quality overflows");
        unchecked {
            return line + data;
        }
    }

    /// Reverts unless the data stand at the named place of the blob.
    function checkPlace(SampleResponse calldata r) internal pure {
        require(r.lineIndex < LINES, "Line index out of range");
        require(r.sublineIndex < SUBLINES, "Subline index out of range");
        require(r.data.length == SUBLINE_SIZE, "Incorrect data length");
        require(r.proof.length == PROOF_LENGTH, "Incorrect proof length");
        bytes32 node = _node(_node(_leaf(r.data, 0), _leaf(r.data, 1)), _node(_leaf(r.data, 2), _leaf(r.data, 3)));
        uint256 position = (r.lineIndex % LINES_PER_BLOB_ROOT) * SUBLINES + r.sublineIndex;
        for (uint256 i = 0; i < PROOF_LENGTH; i++) {
            node = position & 1 == 0 ? _node(node, r.proof[i]) : _node(r.proof[i], node);
            position >>= 1;
        }
        require(node == r.blobRoots[r.lineIndex / LINES_PER_BLOB_ROOT], "Incorrect merkle proof");
        require(_node(_node(r.blobRoots[0], r.blobRoots[1]), r.blobRoots[2]) == r.dataRoot, "Incorrect blob roots");
    }

    function _leaf(bytes calldata data, uint256 index) private pure returns (bytes32) {
        return keccak256(data[index * LEAF_SIZE:(index + 1) * LEAF_SIZE]);
    }

    function _node(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(left, right));
    }
}
