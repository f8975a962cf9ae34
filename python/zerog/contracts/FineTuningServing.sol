// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {AddressList, AddressLists} from "./AddressLists.sol";
import {ServingAccounts} from "./ServingAccounts.sol";

/// Services of fine-tuning. A provider delivers the root of an encrypted model, the user acknowledges it, and the
/// settlement of its fee carries the key; who never acknowledges pays a part and gets no key.
contract FineTuningServing is ServingAccounts {
    using AddressLists for AddressList;

    struct Quota {
        uint256 cpuCount;
        uint256 nodeMemory;
        uint256 gpuCount;
        uint256 nodeStorage;
        string gpuType;
    }

    struct Service {
        address provider;
        string url;
        Quota quota;
        uint256 pricePerToken;
        bool occupied;
        string[] models;
        address teeSignerAddress;
        bool teeSignerAcknowledged;
    }

    struct Deliverable {
        string id;
        bytes modelRootHash;
        bytes encryptedSecret;
        bool acknowledged;
        uint248 timestamp;
        bool settled;
    }

    struct AccountDetails {
        address user;
        address provider;
        uint256 nonce;
        uint256 balance;
        uint256 pendingRefund;
        Refund[] refunds;
        string additionalInfo;
        Deliverable[] deliverables;
        uint256 validRefundsLength;
        uint256 deliverablesHead;
        uint256 deliverablesCount;
        bool acknowledged;
    }

    struct AccountSummary {
        address user;
        address provider;
        uint256 nonce;
        uint256 balance;
        uint256 pendingRefund;
        string additionalInfo;
        uint256 validRefundsLength;
        uint256 deliverablesCount;
        bool acknowledged;
    }

    struct VerifierInput {
        string id;
        bytes encryptedSecret;
        bytes modelRootHash;
        uint256 nonce;
        bytes signature;
        uint256 taskFee;
        address user;
    }

    /// A ring: the oldest stands at `head`. `placeOf` is one more than the place of an id, by its hash.
    struct Ring {
        uint8 head;
        uint8 count;
        mapping(uint256 => Deliverable) at;
        mapping(bytes32 => uint256) placeOf;
    }

    error CallerNotLedger();
    error CannotAcknowledgeSettledDeliverable(string id);
    error CannotEvictUnsettledDeliverable(string id);
    error DeliverableAlreadyExists(string id);
    error DeliverableAlreadySettled(string id);
    error DeliverableIdInvalidLength(uint256 length);
    error DeliverableNotExists(string id);
    error ETHTransferFailed();
    error InvalidLedgerAddress();
    error InvalidVerifierInput(string reason);
    error LimitTooLarge(uint256 limit);
    error LockTimeOutOfRange(uint256 lockTime);
    error PenaltyPercentageTooHigh(uint256 percentage);
    error PreviousDeliverableNotAcknowledged(string id);
    error SecretShouldBeEmpty();
    error SecretShouldNotBeEmpty();
    error TransferToLedgerFailed();

    event DeliverableAcknowledged(
        address indexed user, address indexed provider, string deliverableId, uint256 timestamp
    );
    event DeliverableAdded(
        address indexed user, address indexed provider, string deliverableId, bytes modelRootHash, uint256 timestamp
    );
    event DeliverableEvicted(
        address indexed provider,
        address indexed user,
        string evictedDeliverableId,
        string newDeliverableId,
        uint256 timestamp
    );
    event FeesSettled(
        address indexed user,
        address indexed provider,
        string deliverableId,
        uint256 fee,
        bool acknowledged,
        uint256 nonce
    );
    event ServiceUpdated(
        address indexed provider,
        string url,
        Quota quota,
        uint256 pricePerToken,
        address teeSignerAddress,
        bool occupied
    );

    uint256 private constant MAX_DELIVERABLES = 20;
    uint256 private constant MAX_ID = 256;
    bytes32 private constant MESSAGE_TYPE = keccak256(
        "VerifierMessage(string id,bytes encryptedSecret,bytes modelRootHash,uint256 nonce,uint256 taskFee,address user)"
    );

    uint256 public penaltyPercentage;
    address[] private _listed;
    mapping(address => uint256) private _listedAt;
    mapping(address => Service) private _services;
    mapping(address => mapping(address => Ring)) private _rings;

    function initialize(uint256 lockTime_, address ledger, address owner_, uint256 penaltyPercentage_) external {
        _setUp(lockTime_, ledger, owner_);
        _setPenalty(penaltyPercentage_);
    }

    function updatePenaltyPercentage(uint256 penaltyPercentage_) external onlyOwner {
        _setPenalty(penaltyPercentage_);
    }

    function addOrUpdateService(
        string calldata url,
        Quota calldata quota,
        uint256 pricePerToken,
        bool occupied,
        string[] calldata models,
        address teeSignerAddress
    ) external payable {
        _stake();
        Service storage service = _services[msg.sender];
        if (service.provider == address(0)) {
            service.provider = msg.sender;
            _listedAt[msg.sender] = _listed.length;
            _listed.push(msg.sender);
        } else if (service.teeSignerAddress != teeSignerAddress) {
            service.teeSignerAcknowledged = false;
        }
        service.url = url;
        service.quota = quota;
        service.pricePerToken = pricePerToken;
        service.occupied = occupied;
        delete service.models;
        for (uint256 i = 0; i < models.length; i++) {
            service.models.push(models[i]);
        }
        service.teeSignerAddress = teeSignerAddress;
        emit ServiceUpdated(msg.sender, url, quota, pricePerToken, teeSignerAddress, occupied);
    }

    function removeService() external {
        _service(msg.sender);
        uint256 position = _listedAt[msg.sender];
        address last = _listed[_listed.length - 1];
        (_listed[position], _listedAt[last]) = (last, position);
        _listed.pop();
        delete _listedAt[msg.sender];
        delete _services[msg.sender];
        _unstake();
    }

    function acknowledgeTEESignerByOwner(address provider) external onlyOwner {
        _acknowledge(provider, true);
    }

    function revokeTEESignerAcknowledgement(address provider) external onlyOwner {
        _acknowledge(provider, false);
    }

    /// A user who acknowledges nothing blocks only what the same provider makes for the same user.
    function addDeliverable(address user, string calldata id, bytes calldata modelRootHash) external {
        _existing(user, msg.sender);
        if (bytes(id).length == 0 || bytes(id).length > MAX_ID) revert DeliverableIdInvalidLength(bytes(id).length);
        Ring storage ring = _rings[user][msg.sender];
        bytes32 key = keccak256(bytes(id));
        if (ring.placeOf[key] != 0) revert DeliverableAlreadyExists(id);
        uint256 place = (ring.head + uint256(ring.count)) % MAX_DELIVERABLES;
        if (ring.count > 0) {
            Deliverable storage newest = ring.at[(place + MAX_DELIVERABLES - 1) % MAX_DELIVERABLES];
            if (!newest.acknowledged && !newest.settled) revert PreviousDeliverableNotAcknowledged(newest.id);
        }
        Deliverable storage made = ring.at[place];
        if (ring.count == MAX_DELIVERABLES) {
            if (!made.settled) revert CannotEvictUnsettledDeliverable(made.id);
            emit DeliverableEvicted(msg.sender, user, made.id, id, block.timestamp);
            delete ring.placeOf[keccak256(bytes(made.id))];
            delete ring.at[place];
            ring.head = uint8((ring.head + 1) % MAX_DELIVERABLES);
        } else {
            ring.count++;
        }
        ring.placeOf[key] = place + 1;
        made.id = id;
        made.modelRootHash = modelRootHash;
        made.timestamp = uint248(block.timestamp);
        emit DeliverableAdded(user, msg.sender, id, modelRootHash, block.timestamp);
    }

    function acknowledgeDeliverable(address provider, string calldata id) external {
        _existing(msg.sender, provider);
        Deliverable storage made = _deliverable(msg.sender, provider, id);
        if (made.settled) revert CannotAcknowledgeSettledDeliverable(id);
        made.acknowledged = true;
        emit DeliverableAcknowledged(msg.sender, provider, id, block.timestamp);
    }

    function settleFees(VerifierInput calldata verifierInput) external {
        Held storage held = _existing(verifierInput.user, msg.sender);
        Deliverable storage made = _checked(verifierInput, held);
        uint256 fee = verifierInput.taskFee;
        if (made.acknowledged) {
            if (verifierInput.encryptedSecret.length == 0) revert SecretShouldNotBeEmpty();
            made.encryptedSecret = verifierInput.encryptedSecret;
        } else {
            if (verifierInput.encryptedSecret.length != 0) revert SecretShouldBeEmpty();
            fee = fee * penaltyPercentage / 100;
        }
        held.nonce = verifierInput.nonce;
        made.settled = true;
        if (fee > 0) _spend(verifierInput.user, held, fee);
        emit BalanceUpdated(verifierInput.user, msg.sender, held.balance, held.pending);
        emit FeesSettled(
            verifierInput.user, msg.sender, verifierInput.id, fee, made.acknowledged, verifierInput.nonce
        );
        if (fee > 0) _pay(msg.sender, fee);
    }

    function getAccount(address user, address provider) external view returns (AccountDetails memory made) {
        Held storage held = _existing(user, provider);
        Ring storage ring = _rings[user][provider];
        made.user = user;
        made.provider = provider;
        made.nonce = held.nonce;
        made.balance = held.balance;
        made.pendingRefund = held.pending;
        made.refunds = _refundsOf(held);
        made.additionalInfo = held.additionalInfo;
        made.deliverables = _deliverables(ring);
        made.validRefundsLength = held.refunds;
        made.deliverablesHead = ring.head;
        made.deliverablesCount = ring.count;
        made.acknowledged = held.acknowledged;
    }

    function getAllAccounts(uint256 offset, uint256 limit)
        external
        view
        returns (AccountSummary[] memory accounts, uint256 total)
    {
        total = _places.length;
        accounts = new AccountSummary[](_page(offset, limit, total));
        for (uint256 i = 0; i < accounts.length; i++) {
            Place memory place = _places[offset + i];
            accounts[i] = _summary(place.user, _providersOf[place.user].at(place.index));
        }
    }

    function getAccountsByProvider(address provider, uint256 offset, uint256 limit)
        external
        view
        returns (AccountSummary[] memory accounts, uint256 total)
    {
        AddressList storage list = _usersOf[provider];
        total = list.length;
        accounts = new AccountSummary[](_page(offset, limit, total));
        for (uint256 i = 0; i < accounts.length; i++) {
            accounts[i] = _summary(list.at(offset + i), provider);
        }
    }

    function getAccountsByUser(address user, uint256 offset, uint256 limit)
        external
        view
        returns (AccountSummary[] memory accounts, uint256 total)
    {
        AddressList storage list = _providersOf[user];
        total = list.length;
        accounts = new AccountSummary[](_page(offset, limit, total));
        for (uint256 i = 0; i < accounts.length; i++) {
            accounts[i] = _summary(user, list.at(offset + i));
        }
    }

    /// The caller's users, for a provider; those without an account are empty entries.
    function getBatchAccountsByUsers(address[] calldata users) external view returns (AccountSummary[] memory accounts) {
        if (users.length > MAX_BATCH) revert BatchSizeTooLarge(users.length, MAX_BATCH);
        accounts = new AccountSummary[](users.length);
        for (uint256 i = 0; i < users.length; i++) {
            if (_held[users[i]][msg.sender].exists) accounts[i] = _summary(users[i], msg.sender);
        }
    }

    function getDeliverable(address user, address provider, string calldata id)
        external
        view
        returns (Deliverable memory)
    {
        _existing(user, provider);
        return _deliverable(user, provider, id);
    }

    /// Oldest first.
    function getDeliverables(address user, address provider) external view returns (Deliverable[] memory) {
        _existing(user, provider);
        return _deliverables(_rings[user][provider]);
    }

    function getAllServices() external view returns (Service[] memory services) {
        services = new Service[](_listed.length);
        for (uint256 i = 0; i < services.length; i++) {
            services[i] = _services[_listed[i]];
        }
    }

    function getService(address provider) external view returns (Service memory) {
        return _service(provider);
    }

    function _checked(VerifierInput calldata given, Held storage held) private view returns (Deliverable storage made) {
        Service storage service = _service(msg.sender);
        if (service.teeSignerAddress == address(0) || !service.teeSignerAcknowledged || !held.acknowledged) {
            revert InvalidVerifierInput("TEE signer not acknowledged");
        }
        if (given.nonce <= held.nonce) revert InvalidVerifierInput("nonce not above the account's");
        if (given.taskFee > held.balance) revert InvalidVerifierInput("insufficient balance");
        made = _deliverable(given.user, msg.sender, given.id);
        if (made.settled) revert DeliverableAlreadySettled(given.id);
        if (keccak256(made.modelRootHash) != keccak256(given.modelRootHash)) {
            revert InvalidVerifierInput("model root hash mismatch");
        }
        bytes32 content = keccak256(
            abi.encode(
                MESSAGE_TYPE,
                keccak256(bytes(given.id)),
                keccak256(given.encryptedSecret),
                keccak256(given.modelRootHash),
                given.nonce,
                given.taskFee,
                given.user
            )
        );
        if (!_signedBy(service.teeSignerAddress, _digest("0G Fine-Tuning Serving", content), given.signature)) {
            revert InvalidVerifierInput("not signed by the provider's TEE signer");
        }
    }

    function _acknowledge(address provider, bool acknowledged) private {
        Service storage service = _service(provider);
        service.teeSignerAcknowledged = acknowledged;
        emit ProviderTEESignerAcknowledged(provider, service.teeSignerAddress, acknowledged);
    }

    function _setPenalty(uint256 given) private {
        if (given > 100) revert PenaltyPercentageTooHigh(given);
        penaltyPercentage = given;
    }

    function _service(address provider) private view returns (Service storage service) {
        service = _services[provider];
        if (service.provider == address(0)) revert ServiceNotExist(provider);
    }

    function _deliverable(address user, address provider, string calldata id) private view returns (Deliverable storage) {
        Ring storage ring = _rings[user][provider];
        uint256 place = ring.placeOf[keccak256(bytes(id))];
        if (place == 0) revert DeliverableNotExists(id);
        return ring.at[place - 1];
    }

    function _deliverables(Ring storage ring) private view returns (Deliverable[] memory made) {
        made = new Deliverable[](ring.count);
        for (uint256 i = 0; i < made.length; i++) {
            made[i] = ring.at[(ring.head + i) % MAX_DELIVERABLES];
        }
    }

    function _summary(address user, address provider) private view returns (AccountSummary memory made) {
        Held storage held = _held[user][provider];
        made.user = user;
        made.provider = provider;
        made.nonce = held.nonce;
        made.balance = held.balance;
        made.pendingRefund = held.pending;
        made.additionalInfo = held.additionalInfo;
        made.validRefundsLength = held.refunds;
        made.deliverablesCount = _rings[user][provider].count;
        made.acknowledged = held.acknowledged;
    }

    function _refuseCaller() internal pure override {
        revert CallerNotLedger();
    }

    function _refuseAddress(address) internal pure override {
        revert InvalidLedgerAddress();
    }

    function _refuseLockTime(uint256 given) internal pure override {
        revert LockTimeOutOfRange(given);
    }

    function _refuseLimit(uint256 given) internal pure override {
        revert LimitTooLarge(given);
    }

    function _refusePayment(address to) internal view override {
        if (to == ledgerAddress) revert TransferToLedgerFailed();
        revert ETHTransferFailed();
    }

    function _checkNew(address user, address provider) internal pure override {}
}
