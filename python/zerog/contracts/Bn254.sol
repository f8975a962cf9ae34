// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {G1Point, G2Point} from "./DARegistry.sol";

/// Signatures of quorums: BLS over BN254, signatures in G1, one key of a signer in each group.
/// Points of G2 come here with the imaginary part first, as the pairing takes them.
library Bn254 {
    uint256 internal constant P = 21888242871839275222246405745257275088696311157297823662689037894645226208583;
    uint256 internal constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
    uint256 private constant PAIRING_GAS = 120_000;
    // minus the generator of G2
    uint256 private constant G2_X1 = 11559732032986387107991004021392285783925812861821192530917403151452391805634;
    uint256 private constant G2_X0 = 10857046999023057135944570762232829481370756359578518086990519993285655852781;
    uint256 private constant G2_MINUS_Y1 = 17805874995975841540914202342111839520379459829704422454583296818431106115052;
    uint256 private constant G2_MINUS_Y0 = 13392588948715843804641432497768002650278120570034223513918757245338268106653;

    /// The first x at or above the digest with a root of x³ + 3; the root as the exponentiation gives it.
    function mapToG1(bytes32 digest) internal view returns (G1Point memory point) {
        uint256 x = uint256(digest) % P;
        while (true) {
            uint256 square = addmod(mulmod(mulmod(x, x, P), x, P), 3, P);
            uint256 y = _power(square, (P + 1) / 4);
            if (mulmod(y, y, P) == square) return G1Point(x, y);
            x = addmod(x, 1, P);
        }
    }

    /// Whether the signature of `hash` holds and both keys have one secret: one product binds the two by gamma.
    function verify(G1Point memory hash, G1Point memory signature, G1Point memory key1, G2Point memory key2)
        internal
        view
        returns (bool)
    {
        uint256 gamma = uint256(
            keccak256(
                abi.encodePacked(
                    signature.X, signature.Y, key1.X, key1.Y, key2.X[0], key2.X[1], key2.Y[0], key2.Y[1], hash.X, hash.Y
                )
            )
        ) % R;
        G1Point memory left = _add(signature, _multiply(key1, gamma));
        G1Point memory right = _add(hash, _multiply(G1Point(1, 2), gamma));
        uint256[12] memory input = [
            left.X, left.Y, G2_X1, G2_X0, G2_MINUS_Y1, G2_MINUS_Y0,
            right.X, right.Y, key2.X[0], key2.X[1], key2.Y[0], key2.Y[1]
        ];
        uint256[1] memory output;
        bool ok;
        assembly ("memory-safe") {
            ok := staticcall(PAIRING_GAS, 8, input, 384, output, 32)
        }
        return ok && output[0] == 1;
    }

    function _power(uint256 base, uint256 exponent) private view returns (uint256 result) {
        uint256[6] memory input = [uint256(32), 32, 32, base, exponent, P];
        bool ok;
        assembly ("memory-safe") {
            ok := staticcall(gas(), 5, input, 192, input, 32)
        }
        require(ok, "Modular power failed");
        return input[0];
    }

    function _add(G1Point memory a, G1Point memory b) private view returns (G1Point memory sum) {
        uint256[4] memory input = [a.X, a.Y, b.X, b.Y];
        bool ok;
        assembly ("memory-safe") {
            ok := staticcall(gas(), 6, input, 128, sum, 64)
        }
        require(ok, "Point is not on the curve");
    }

    function _multiply(G1Point memory a, uint256 k) private view returns (G1Point memory product) {
        uint256[3] memory input = [a.X, a.Y, k];
        bool ok;
        assembly ("memory-safe") {
            ok := staticcall(gas(), 7, input, 96, product, 64)
        }
        require(ok, "Point is not on the curve");
    }
}
