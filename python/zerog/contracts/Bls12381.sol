// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// BLS12-381 signatures with keys in G1 (48 bytes) and signatures in G2 (96 bytes), checked with the Prague
/// precompiles of EIP-2537. Encodings: ZCash's compressed form. Message to curve: RFC 9380,
/// BLS12381G2_XMD:SHA-256_SSWU_RO, with the tag of proofs of possession.
///
/// A field element is 384 bits in two words, hi < 2^128, which is also how the precompiles take it.
library Bls12381 {
    struct Fp {
        uint256 hi;
        uint256 lo;
    }

    struct Fp2 {
        Fp c0;
        Fp c1;
    }

    error BadPoint();

    uint256 private constant P_HI = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant P_LO = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;
    // (p - 1) / 2
    uint256 private constant HALF_HI = 0x0d0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_LO = 0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    bytes private constant P =
        hex"000000000000000000000000000000001a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";
    // (p + 1) / 4: the exponent of a square root, since p = 3 mod 4
    bytes private constant ROOT =
        hex"000000000000000000000000000000000680447a8e5ff9a692c6e9ed90d2eb35d91dd2e13ce144afd9cc34a83dac3d8907aaffffac54ffffee7fbfffffffeaab";
    // p - 2: the exponent of an inverse
    bytes private constant INVERSE =
        hex"000000000000000000000000000000001a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaa9";
    // minus the generator of G1
    bytes private constant MINUS_G1 =
        hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb00000000000000000000000000000000114d1d6855d545a8aa7d76c8cf2e21f267816aef1db507c96655b9d5caac42364e6f38ba0ecb751bad54dcd6b939c2ca";
    bytes private constant TAG = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

    /// True if `signature` over `message` verifies under `pubkey`. A malformed or infinite point reverts with BadPoint.
    function verify(bytes memory pubkey, bytes memory message, bytes memory signature) internal view returns (bool) {
        bytes memory input = bytes.concat(decodeG1(pubkey), hashToG2(message), MINUS_G1, decodeG2(signature));
        (bool ok, bytes memory answer) = address(0x0f).staticcall(input); // checks the subgroups too
        if (!ok) revert BadPoint();
        return abi.decode(answer, (uint256)) == 1;
    }

    /// Revert with BadPoint unless `pubkey` is a point of the group of prime order, other than infinity.
    function checkKey(bytes memory pubkey) internal view {
        // the multiplication precompile checks the subgroup, which costs less than a pairing
        (bool ok,) = address(0x0c).staticcall(bytes.concat(decodeG1(pubkey), bytes32(uint256(1))));
        if (!ok) revert BadPoint();
    }

    /// Uncompress a key into 128 bytes.
    function decodeG1(bytes memory data) internal view returns (bytes memory) {
        if (data.length != 48) revert BadPoint();
        uint8 flags = uint8(data[0]) >> 5;
        if (flags & 6 != 4) revert BadPoint(); // compressed, and not the point at infinity
        Fp memory x = _load(data, 0);
        Fp memory rhs = _add(_mul(_mul(x, x), x), Fp(0, 4));
        (bool found, Fp memory y) = _sqrt(rhs);
        if (!found) revert BadPoint();
        if (_isLarge(y) != (flags & 1 == 1)) y = _neg(y);
        return abi.encode(x, y);
    }

    /// Uncompress a signature into 256 bytes.
    function decodeG2(bytes memory data) internal view returns (bytes memory) {
        if (data.length != 96) revert BadPoint();
        uint8 flags = uint8(data[0]) >> 5;
        if (flags & 6 != 4 || uint8(data[48]) >> 5 != 0) revert BadPoint();
        Fp2 memory x = Fp2(_load(data, 48), _load(data, 0));
        Fp2 memory rhs = _mul2(_mul2(x, x), x);
        rhs.c0 = _add(rhs.c0, Fp(0, 4));
        rhs.c1 = _add(rhs.c1, Fp(0, 4));
        (bool found, Fp2 memory y) = _sqrt2(rhs);
        if (!found) revert BadPoint();
        bool large = _isZero(y.c1) ? _isLarge(y.c0) : _isLarge(y.c1);
        if (large != (flags & 1 == 1)) y = Fp2(_neg(y.c0), _neg(y.c1));
        return abi.encode(x, y);
    }

    function hashToG2(bytes memory message) internal view returns (bytes memory) {
        bytes memory uniform = _expand(message);
        bytes memory first = _map(bytes.concat(_reduce(uniform, 0), _reduce(uniform, 64)));
        bytes memory second = _map(bytes.concat(_reduce(uniform, 128), _reduce(uniform, 192)));
        (bool ok, bytes memory sum) = address(0x0d).staticcall(bytes.concat(first, second));
        if (!ok) revert BadPoint();
        return sum;
    }

    /// expand_message_xmd of RFC 9380 to 256 bytes.
    function _expand(bytes memory message) private pure returns (bytes memory out) {
        bytes memory tag = abi.encodePacked(TAG, uint8(TAG.length));
        bytes32 b0 = sha256(abi.encodePacked(bytes32(0), bytes32(0), message, uint16(256), uint8(0), tag));
        out = new bytes(256);
        bytes32 block_;
        for (uint256 i = 1; i <= 8; ++i) {
            block_ = sha256(abi.encodePacked(b0 ^ block_, uint8(i), tag));
            assembly {
                mstore(add(out, mul(i, 32)), block_)
            }
        }
    }

    function _map(bytes memory element) private view returns (bytes memory) {
        (bool ok, bytes memory point) = address(0x11).staticcall(element);
        if (!ok) revert BadPoint();
        return point;
    }

    function _reduce(bytes memory data, uint256 at) private view returns (bytes memory) {
        bytes memory part = new bytes(64);
        assembly {
            mstore(add(part, 32), mload(add(add(data, 32), at)))
            mstore(add(part, 64), mload(add(add(data, 64), at)))
        }
        return _power(part, hex"01");
    }

    /// 48 bytes at `at` without the three flag bits; not below p reverts.
    function _load(bytes memory data, uint256 at) private pure returns (Fp memory x) {
        uint256 hi;
        uint256 lo;
        assembly {
            hi := shr(128, mload(add(add(data, 32), at)))
            lo := mload(add(add(data, 48), at))
        }
        hi &= (1 << 125) - 1;
        if (!_less(hi, lo, P_HI, P_LO)) revert BadPoint();
        return Fp(hi, lo);
    }

    function _less(uint256 aHi, uint256 aLo, uint256 bHi, uint256 bLo) private pure returns (bool) {
        return aHi < bHi || (aHi == bHi && aLo < bLo);
    }

    function _isZero(Fp memory a) private pure returns (bool) {
        return a.hi == 0 && a.lo == 0;
    }

    function _isLarge(Fp memory a) private pure returns (bool) {
        return _less(HALF_HI, HALF_LO, a.hi, a.lo);
    }

    function _equal(Fp memory a, Fp memory b) private pure returns (bool) {
        return a.hi == b.hi && a.lo == b.lo;
    }

    function _add(Fp memory a, Fp memory b) private pure returns (Fp memory c) {
        unchecked {
            c.lo = a.lo + b.lo;
            c.hi = a.hi + b.hi + (c.lo < a.lo ? 1 : 0);
            if (!_less(c.hi, c.lo, P_HI, P_LO)) {
                uint256 borrow = c.lo < P_LO ? 1 : 0;
                c.lo -= P_LO;
                c.hi -= P_HI + borrow;
            }
        }
    }

    function _neg(Fp memory a) private pure returns (Fp memory c) {
        if (_isZero(a)) return a;
        unchecked {
            c.lo = P_LO - a.lo;
            c.hi = P_HI - a.hi - (P_LO < a.lo ? 1 : 0);
        }
    }

    function _full(uint256 a, uint256 b) private pure returns (uint256 hi, uint256 lo) {
        unchecked {
            uint256 m = mulmod(a, b, type(uint256).max);
            lo = a * b;
            hi = m - lo - (m < lo ? 1 : 0);
        }
    }

    /// Schoolbook product of 768 bits, reduced by the modular exponentiation precompile with exponent 1.
    function _mul(Fp memory a, Fp memory b) private view returns (Fp memory) {
        (uint256 w1, uint256 w0) = _full(a.lo, b.lo);
        uint256 w2;
        unchecked {
            w2 = a.hi * b.hi;
            (uint256 hi, uint256 lo) = _full(a.lo, b.hi);
            w1 += lo;
            w2 += hi + (w1 < lo ? 1 : 0);
            (hi, lo) = _full(a.hi, b.lo);
            w1 += lo;
            w2 += hi + (w1 < lo ? 1 : 0);
        }
        return _fp(_power(abi.encode(w2, w1, w0), hex"01"));
    }

    function _power(bytes memory base, bytes memory exponent) private view returns (bytes memory) {
        (bool ok, bytes memory answer) = address(5).staticcall(
            abi.encodePacked(base.length, exponent.length, uint256(64), base, exponent, P)
        );
        if (!ok) revert BadPoint();
        return answer;
    }

    function _fp(bytes memory data) private pure returns (Fp memory) {
        return abi.decode(data, (Fp));
    }

    function _sqrt(Fp memory a) private view returns (bool, Fp memory) {
        Fp memory root = _fp(_power(abi.encode(a), ROOT));
        return (_equal(_mul(root, root), a), root);
    }

    function _mul2(Fp2 memory a, Fp2 memory b) private view returns (Fp2 memory c) {
        c.c0 = _add(_mul(a.c0, b.c0), _neg(_mul(a.c1, b.c1)));
        c.c1 = _add(_mul(a.c0, b.c1), _mul(a.c1, b.c0));
    }

    /// The complex method: with n = c0² + c1² and s = √n, x = √((c0 ± s)/2) and y = c1/(2x).
    function _sqrt2(Fp2 memory a) private view returns (bool, Fp2 memory root) {
        bool found;
        if (_isZero(a.c1)) {
            (found, root.c0) = _sqrt(a.c0);
            if (!found) {
                root.c0 = Fp(0, 0);
                (found, root.c1) = _sqrt(_neg(a.c0));
            }
            return (found, root);
        }
        Fp memory s;
        (found, s) = _sqrt(_add(_mul(a.c0, a.c0), _mul(a.c1, a.c1)));
        if (!found) return (false, root);
        Fp memory half = Fp(HALF_HI, HALF_LO + 1); // 1/2 = (p + 1) / 2
        (found, root.c0) = _sqrt(_mul(_add(a.c0, s), half));
        if (!found) {
            (found, root.c0) = _sqrt(_mul(_add(a.c0, _neg(s)), half));
            if (!found) return (false, root);
        }
        Fp memory twice = _add(root.c0, root.c0);
        root.c1 = _mul(a.c1, _fp(_power(abi.encode(twice), INVERSE)));
        Fp2 memory square = _mul2(root, root);
        return (_equal(square.c0, a.c0) && _equal(square.c1, a.c1), root);
    }
}
