// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

struct G1Point {
    uint256 X;
    uint256 Y;
}

/// Index 0 is the real part (c0), index 1 the imaginary part (c1).
struct G2Point {
    uint256[2] X;
    uint256[2] Y;
}

struct SignerDetail {
    address signer;
    string socket;
    G1Point pkG1;
    G2Point pkG2;
}

struct Params {
    uint256 tokensPerVote;
    uint256 maxVotesPerSigner;
    uint256 maxQuorums;
    uint256 epochBlocks;
    uint256 encodedSlices;
}

/// The precompile at 0x…1000. It holds the signers, their registrations and the quorums of every epoch.
interface IDASigners {
    event NewSigner(address indexed signer, G1Point pkG1, G2Point pkG2);
    event SocketUpdated(address indexed signer, string socket);

    function params() external view returns (Params memory);
    function epochNumber() external view returns (uint256);
    function quorumCount(uint256 epoch) external view returns (uint256);
    function isSigner(address account) external view returns (bool);
    function getSigner(address[] memory accounts) external view returns (SignerDetail[] memory);
    function getQuorum(uint256 epoch, uint256 quorumId) external view returns (address[] memory);
    function getQuorumRow(uint256 epoch, uint256 quorumId, uint32 row) external view returns (address);
    function registeredEpoch(address account, uint256 epoch) external view returns (bool);
    function getAggPkG1(uint256 epoch, uint256 quorumId, bytes memory bitmap)
        external
        view
        returns (G1Point memory aggPkG1, uint256 total, uint256 hit);
    function registerSigner(SignerDetail memory signer, G1Point memory signature) external;
    function registerNextEpoch(address signer, G1Point memory signature, uint256 votes) external;
    function updateSocket(string memory socket) external;
    function makeEpoch() external;
}

/// The only contract that DASigners lets register signers. Voting weight is the caller's liquid balance:
/// one vote for every 30 0G, at most 102,400 votes.
/// Slot 0: owner. It lives behind a beacon proxy, so storage is the proxy's.
contract DARegistry {
    error NotTheSigner(address caller);
    error NotAnAccount(address caller);
    error NoVotes(uint256 balance);
    error Refused();
    error NotOwner(address caller);

    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    address private constant DA_SIGNERS = 0x0000000000000000000000000000000000001000;
    uint256 public constant TOKENS_PER_VOTE = 30 ether;
    uint256 public constant MAX_VOTES = 102400;

    address public owner;

    function transferOwnership(address newOwner) external {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        emit OwnershipTransferred(owner, newOwner);
        owner = newOwner;
    }

    function registerSigner(SignerDetail calldata signer, G1Point calldata signature) external {
        if (msg.sender != tx.origin) revert NotAnAccount(msg.sender);
        if (msg.sender != signer.signer) revert NotTheSigner(msg.sender);
        _forward(abi.encodeCall(IDASigners.registerSigner, (signer, signature)));
    }

    function registerNextEpoch(G1Point calldata signature) external {
        if (msg.sender != tx.origin) revert NotAnAccount(msg.sender);
        uint256 votes = msg.sender.balance / TOKENS_PER_VOTE;
        if (votes > MAX_VOTES) votes = MAX_VOTES;
        if (votes == 0) revert NoVotes(msg.sender.balance);
        _forward(abi.encodeCall(IDASigners.registerNextEpoch, (msg.sender, signature, votes)));
    }

    /// A plain call: the precompile's account has no code before its first use, so Solidity's own check of
    /// code size would refuse it. It answers failures with empty data, hence an error of ours.
    function _forward(bytes memory data) private {
        (bool ok,) = DA_SIGNERS.call(data);
        if (!ok) revert Refused();
    }
}
