// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {Bls12381} from "./Bls12381.sol";
import {Description, ValidatorContract} from "./Validator.sol";

/// The register of validators. A validator is known by its 48-byte BLS12-381 key; its contract stands at a CREATE2
/// address that depends on the key alone. Rates are parts per million. Only validators with a stake count against the
/// maximum: making a contract is free for all, so it must not use up a place. Genesis writes the parameters into storage;
/// a deployment goes through the constructor.
contract StakingContract {
    error NotOwner(address caller);
    error NotSystem(address caller);
    error ValidatorExists(address validator);
    error ValidatorMissing();
    error AlreadyInitialized(address validator);
    error TooManyValidators(uint32 most);
    error BadPubkey(uint256 size);
    error BadSignature();
    error BadAmount(uint256 sent, uint256 minimum);
    error BadCommissionRate(uint32 rate);
    error DescriptionTooLong(uint256 field, uint256 size, uint256 most);
    error TransferFailed(address to);

    event ValidatorCreated(address indexed validator, bytes pubkey);
    event ValidatorInitialized(address indexed validator, address indexed operator, bytes pubkey, uint64 amountInGwei);
    event ValidatorSlashed(address indexed validator, uint256 asked, uint256 burnt);
    event ParametersChanged(Parameters parameters);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    struct Parameters {
        uint32 maxValidatorCount;
        uint32 communityTaxRate;
        uint64 minWithdrawabilityDelay;
        uint64 minActivationStakesInGwei;
        uint64 maxEffectiveStakesInGwei;
        uint64 effectiveDelegationInGwei;
        uint64 minDelegationInGwei;
    }

    address private constant SYSTEM = 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE;
    uint32 private constant PARTS = 1_000_000;
    string private constant DOMAIN = "0G_VALIDATOR_DEPOSIT";

    address public owner;
    bytes32 public genesisId;
    uint32 public maxValidatorCount;
    uint32 public communityTaxRate;
    uint64 public minWithdrawabilityDelay;
    uint64 public minActivationStakesInGwei;
    uint64 public maxEffectiveStakesInGwei;
    uint64 public effectiveDelegationInGwei;
    uint64 public minDelegationInGwei;
    uint32 public validatorCount;
    address[] private _validators;
    mapping(address => bool) public isValidator;

    constructor(address owner_, bytes32 genesisId_, Parameters memory parameters) {
        owner = owner_;
        genesisId = genesisId_;
        _set(parameters);
    }

    receive() external payable {} // the community's part of rewards

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    function transferOwnership(address newOwner) external onlyOwner {
        emit OwnershipTransferred(owner, newOwner);
        owner = newOwner;
    }

    function setParameters(Parameters calldata parameters) external onlyOwner {
        _set(parameters);
    }

    function withdrawCommunityPool(address to, uint256 amount) external onlyOwner {
        (bool ok,) = to.call{value: amount}("");
        if (!ok) revert TransferFailed(to);
    }

    /// Make the validator's contract. Anyone may; it does nothing until it is initialized.
    function createValidator(bytes calldata pubkey) external returns (address) {
        address validator = computeValidatorAddress(pubkey);
        if (isValidator[validator]) revert ValidatorExists(validator);
        return _create(pubkey);
    }

    /// Give a created validator its operator (the caller) and its first stake. `signature` is the key's signature
    /// over `depositMessage(pubkey, value)`.
    function initializeValidator(
        Description calldata description,
        uint32 commissionRate,
        uint96 withdrawalFeeInGwei,
        bytes calldata pubkey,
        bytes calldata signature
    ) external payable {
        address validator = computeValidatorAddress(pubkey);
        if (!isValidator[validator]) revert ValidatorMissing();
        _initialize(validator, description, commissionRate, withdrawalFeeInGwei, pubkey, signature);
    }

    function createAndInitializeValidatorIfNecessary(
        Description calldata description,
        uint32 commissionRate,
        uint96 withdrawalFeeInGwei,
        bytes calldata pubkey,
        bytes calldata signature
    ) external payable {
        address validator = computeValidatorAddress(pubkey);
        if (!isValidator[validator]) _create(pubkey);
        _initialize(validator, description, commissionRate, withdrawalFeeInGwei, pubkey, signature);
    }

    /// The validator's contract, or zero if there is none.
    function getValidator(bytes calldata pubkey) external view returns (address) {
        address validator = computeValidatorAddress(pubkey);
        return isValidator[validator] ? validator : address(0);
    }

    /// All initialized validators' contracts in order, a page at a time.
    function validators(uint256 start, uint256 count) external view returns (address[] memory page) {
        if (start > _validators.length) start = _validators.length;
        if (count > _validators.length - start) count = _validators.length - start;
        page = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            page[i] = _validators[start + i];
        }
    }

    function computeValidatorAddress(bytes calldata pubkey) public view returns (address) {
        if (pubkey.length != 48) revert BadPubkey(pubkey.length);
        bytes32 code = keccak256(type(ValidatorContract).creationCode);
        return address(uint160(uint256(keccak256(abi.encodePacked(bytes1(0xff), address(this), keccak256(pubkey), code)))));
    }

    /// What the key signs: the chain's genesis, the validator's contract and the first amount.
    function depositMessage(bytes calldata pubkey, uint64 amountInGwei) public view returns (bytes32) {
        return keccak256(abi.encodePacked(DOMAIN, genesisId, block.chainid, computeValidatorAddress(pubkey), amountInGwei));
    }

    /// Voting weight in gwei: zero below the activation stake, capped, in whole steps of `effectiveDelegationInGwei`.
    function effectiveStakesInGwei(address validator) external view returns (uint64) {
        if (!isValidator[validator]) revert ValidatorMissing();
        uint256 stake = ValidatorContract(payable(validator)).tokens() / 1 gwei;
        if (stake < minActivationStakesInGwei) return 0;
        if (stake > maxEffectiveStakesInGwei) stake = maxEffectiveStakesInGwei;
        return uint64(stake - stake % effectiveDelegationInGwei);
    }

    /// The consensus layer's word that a validator misbehaved; comes as a system call only.
    function slashValidator(address validator, uint256 amount) external {
        if (msg.sender != SYSTEM) revert NotSystem(msg.sender);
        if (!isValidator[validator]) revert ValidatorMissing();
        uint256 burnt = ValidatorContract(payable(validator)).slash(amount);
        emit ValidatorSlashed(validator, amount, burnt);
    }

    function _set(Parameters memory parameters) private {
        require(parameters.communityTaxRate <= PARTS && parameters.effectiveDelegationInGwei > 0, "bad parameters");
        maxValidatorCount = parameters.maxValidatorCount;
        communityTaxRate = parameters.communityTaxRate;
        minWithdrawabilityDelay = parameters.minWithdrawabilityDelay;
        minActivationStakesInGwei = parameters.minActivationStakesInGwei;
        maxEffectiveStakesInGwei = parameters.maxEffectiveStakesInGwei;
        effectiveDelegationInGwei = parameters.effectiveDelegationInGwei;
        minDelegationInGwei = parameters.minDelegationInGwei;
        emit ParametersChanged(parameters);
    }

    function _create(bytes calldata pubkey) private returns (address validator) {
        Bls12381.checkKey(pubkey); // another key could never be initialized
        validator = address(new ValidatorContract{salt: keccak256(pubkey)}());
        isValidator[validator] = true;
        emit ValidatorCreated(validator, pubkey);
    }

    function _initialize(
        address validator,
        Description calldata description,
        uint32 commissionRate,
        uint96 withdrawalFeeInGwei,
        bytes calldata pubkey,
        bytes calldata signature
    ) private {
        if (ValidatorContract(payable(validator)).operator() != address(0)) revert AlreadyInitialized(validator);
        if (validatorCount >= maxValidatorCount) revert TooManyValidators(maxValidatorCount);
        uint256 minimum = uint256(minActivationStakesInGwei) * 1 gwei;
        if (msg.value < minimum || msg.value % 1 gwei != 0 || msg.value / 1 gwei > type(uint64).max) {
            revert BadAmount(msg.value, minimum);
        }
        if (commissionRate > PARTS) revert BadCommissionRate(commissionRate);
        _checkLength(0, description.moniker, 70);
        _checkLength(1, description.identity, 3000);
        _checkLength(2, description.website, 140);
        _checkLength(3, description.securityContact, 140);
        _checkLength(4, description.details, 280);
        uint64 amountInGwei = uint64(msg.value / 1 gwei);
        bytes32 message = depositMessage(pubkey, amountInGwei);
        if (!Bls12381.verify(pubkey, abi.encodePacked(message), signature)) revert BadSignature();
        ValidatorContract(payable(validator)).initialize{value: msg.value}(
            msg.sender, description, commissionRate, withdrawalFeeInGwei, pubkey
        );
        _validators.push(validator);
        ++validatorCount;
        emit ValidatorInitialized(validator, msg.sender, pubkey, amountInGwei);
    }

    function _checkLength(uint256 field, string calldata text, uint256 most) private pure {
        if (bytes(text).length > most) revert DescriptionTooLong(field, bytes(text).length, most);
    }
}
