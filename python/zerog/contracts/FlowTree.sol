// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// The merkle tree over the flow, append only. Only its peaks are kept: `peaks[h]` is the root of the full sub-tree of
/// 2^h leaves that ends where bit h of the length puts it; entries whose bit is not set are left over and never read.
/// Everything to the right of the length counts as zero sectors.
library FlowTree {
    bytes32 internal constant ZERO_SECTOR = 0xd397b3b043d87fcd6fad1291ff0bfd16401c274896d8c63a923727f077b8e0b5;

    /// The length rounded up to a multiple of 2^height.
    function aligned(uint256 length, uint256 height) internal pure returns (uint256) {
        return ((length + (1 << height) - 1) >> height) << height;
    }

    /// Fill with zero sectors up to the next multiple of 2^height; the new length. The length must not be zero.
    function pad(mapping(uint256 => bytes32) storage peaks, uint256 length, uint256 height) internal returns (uint256 end) {
        end = aligned(length, height);
        if (end != length) _carry(peaks, length, height, _fold(peaks, length, height));
    }

    /// Append a full sub-tree at a length that is a multiple of 2^height; the new length.
    function append(mapping(uint256 => bytes32) storage peaks, uint256 length, uint256 height, bytes32 node)
        internal
        returns (uint256)
    {
        _carry(peaks, length, height, node);
        return length + (1 << height);
    }

    /// The root of the smallest tree that holds `length` > 0 leaves.
    function root(mapping(uint256 => bytes32) storage peaks, uint256 length) internal view returns (bytes32) {
        return _fold(peaks, length, depth(length));
    }

    /// ceil(log2(length))
    function depth(uint256 length) internal pure returns (uint256 levels) {
        while (1 << levels < length) ++levels;
    }

    /// The node of this height that holds the last leaf, zeros behind it.
    function _fold(mapping(uint256 => bytes32) storage peaks, uint256 length, uint256 height)
        private
        view
        returns (bytes32 node)
    {
        bytes32 zero = ZERO_SECTOR;
        uint256 level;
        while ((length >> level) & 1 == 0) {
            zero = _pair(zero, zero);
            ++level;
        }
        node = peaks[level];
        for (bool first = true; level < height; ++level) {
            node = !first && (length >> level) & 1 == 1 ? _pair(peaks[level], node) : _pair(node, zero);
            zero = _pair(zero, zero);
            first = false;
        }
    }

    function _carry(mapping(uint256 => bytes32) storage peaks, uint256 length, uint256 height, bytes32 node) private {
        while ((length >> height) & 1 == 1) {
            node = _pair(peaks[height], node);
            ++height;
        }
        peaks[height] = node;
    }

    function _pair(bytes32 left, bytes32 right) private pure returns (bytes32 node) {
        assembly ("memory-safe") {
            mstore(0, left)
            mstore(32, right)
            node := keccak256(0, 64)
        }
    }
}
