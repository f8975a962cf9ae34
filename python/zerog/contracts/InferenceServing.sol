// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {AddressList, AddressLists} from "./AddressLists.sol";
import {ServingAccounts} from "./ServingAccounts.sol";

/// Services of inference, the tokens that open them, and fees that a signer in the provider's enclave vouches for.
contract InferenceServing is ServingAccounts {
    using AddressLists for AddressList;

    struct Account {
        address user;
        address provider;
        uint256 nonce;
        uint256 balance;
        uint256 pendingRefund;
        Refund[] refunds;
        string additionalInfo;
        bool acknowledged;
        uint256 validRefundsLength;
        uint256 generation;
        uint256 revokedBitmap;
    }

    struct Service {
        address provider;
        string serviceType;
        string url;
        uint256 inputPrice;
        uint256 outputPrice;
        uint256 updatedAt;
        string model;
        string verifiability;
        string additionalInfo;
        address teeSignerAddress;
        bool teeSignerAcknowledged;
    }

    struct ServiceParams {
        string serviceType;
        string url;
        string model;
        string verifiability;
        uint256 inputPrice;
        uint256 outputPrice;
        string additionalInfo;
        address teeSignerAddress;
    }

    struct TEESettlementData {
        address user;
        address provider;
        uint256 totalFee;
        bytes32 requestsHash;
        uint256 nonce;
        bytes signature;
    }

    enum SettlementStatus {
        SUCCESS,
        PARTIAL,
        PROVIDER_MISMATCH,
        NO_TEE_SIGNER,
        INVALID_NONCE,
        INVALID_SIGNATURE
    }

    error CallerNotLedger(address caller);
    error InvalidAddress(address addr);
    error InvalidTEESignature(string reason);
    error LimitTooLarge(uint256 limit, uint256 max);
    error LockTimeOutOfRange(uint256 lockTime, uint256 min, uint256 max);
    error NoSettlementsProvided();
    error ProviderCannotBeUser();
    error TooManySettlements(uint256 count, uint256 max);
    error TransferFailed();

    event AllTokensRevoked(address indexed user, address indexed provider, uint256 newGeneration);
    event BatchBalanceUpdated(address[] users, uint256[] balances, uint256[] pendingRefunds);
    event ContractInitialized(address indexed owner, uint256 lockTime, address ledgerAddress);
    event ServiceUpdated(
        address indexed service,
        string serviceType,
        string url,
        uint256 inputPrice,
        uint256 outputPrice,
        uint256 updatedAt,
        string model,
        string verifiability
    );
    event TEESettlementResult(address indexed user, SettlementStatus status, uint256 unsettledAmount);
    event TokenRevoked(address indexed user, address indexed provider, uint8 tokenId);
    event TokensRevoked(address indexed user, address indexed provider, uint8[] tokenIds);

    uint256 private constant MAX_SETTLEMENTS = 50;
    bytes32 private constant SETTLEMENT_TYPE =
        keccak256("TEESettlement(bytes32 requestsHash,uint256 nonce,address provider,address user,uint256 totalFee)");

    address[] private _listed;
    mapping(address => uint256) private _listedAt;
    mapping(address => Service) private _services;

    function initialize(uint256 lockTime_, address ledger, address owner_) external {
        _setUp(lockTime_, ledger, owner_);
        emit ContractInitialized(owner_, lockTime_, ledger);
    }

    /// Whoever changes what is served or who signs for it has to be looked at again; address and prices are free.
    function addOrUpdateService(ServiceParams calldata params) external payable {
        if (bytes(params.additionalInfo).length > MAX_INFO) revert AdditionalInfoTooLong();
        _stake();
        Service storage service = _services[msg.sender];
        if (service.provider == address(0)) {
            service.provider = msg.sender;
            _listedAt[msg.sender] = _listed.length;
            _listed.push(msg.sender);
        } else if (_differs(service, params)) {
            service.teeSignerAcknowledged = false;
        }
        service.serviceType = params.serviceType;
        service.url = params.url;
        service.inputPrice = params.inputPrice;
        service.outputPrice = params.outputPrice;
        service.updatedAt = block.timestamp;
        service.model = params.model;
        service.verifiability = params.verifiability;
        service.additionalInfo = params.additionalInfo;
        service.teeSignerAddress = params.teeSignerAddress;
        emit ServiceUpdated(
            msg.sender,
            params.serviceType,
            params.url,
            params.inputPrice,
            params.outputPrice,
            block.timestamp,
            params.model,
            params.verifiability
        );
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

    function revokeToken(address provider, uint8 tokenId) external {
        _revoke(provider, tokenId);
        emit TokenRevoked(msg.sender, provider, tokenId);
    }

    function revokeTokens(address provider, uint8[] calldata tokenIds) external {
        for (uint256 i = 0; i < tokenIds.length; i++) {
            _revoke(provider, tokenIds[i]);
        }
        emit TokensRevoked(msg.sender, provider, tokenIds);
    }

    function revokeAllTokens(address provider) external {
        Held storage held = _existing(msg.sender, provider);
        held.generation++;
        held.revokedBitmap = 0;
        emit AllTokensRevoked(msg.sender, provider, held.generation);
    }

    function isTokenRevoked(address user, address provider, uint8 tokenId) external view returns (bool) {
        return _held[user][provider].revokedBitmap >> tokenId & 1 == 1;
    }

    /// Each item settles or fails by itself; what all of them paid goes to the provider at once.
    function settleFeesWithTEE(TEESettlementData[] calldata settlements)
        external
        returns (SettlementStatus[] memory statuses)
    {
        _checkCount(settlements.length);
        statuses = new SettlementStatus[](settlements.length);
        address[] memory users = new address[](settlements.length);
        uint256 sum = 0;
        uint256 settled = 0;
        for (uint256 i = 0; i < settlements.length; i++) {
            TEESettlementData calldata item = settlements[i];
            (SettlementStatus status, uint256 pay) = _judge(item);
            statuses[i] = status;
            if (status <= SettlementStatus.PARTIAL) {
                Held storage held = _held[item.user][msg.sender];
                held.nonce = item.nonce;
                if (pay > 0) _spend(item.user, held, pay);
                sum += pay;
                users[settled++] = item.user;
            }
            emit TEESettlementResult(item.user, status, item.totalFee - pay);
        }
        if (settled > 0) _tell(users, settled);
        if (sum > 0) _pay(msg.sender, sum);
    }

    /// What `settleFeesWithTEE` would answer, each item judged as if it were the first.
    function previewSettlementResults(TEESettlementData[] calldata settlements)
        external
        view
        returns (
            address[] memory failedUsers,
            SettlementStatus[] memory failureReasons,
            address[] memory partialUsers,
            uint256[] memory partialAmounts
        )
    {
        _checkCount(settlements.length);
        failedUsers = new address[](settlements.length);
        failureReasons = new SettlementStatus[](settlements.length);
        partialUsers = new address[](settlements.length);
        partialAmounts = new uint256[](settlements.length);
        uint256 failed = 0;
        uint256 parts = 0;
        for (uint256 i = 0; i < settlements.length; i++) {
            (SettlementStatus status, uint256 pay) = _judge(settlements[i]);
            if (status == SettlementStatus.PARTIAL) {
                partialUsers[parts] = settlements[i].user;
                partialAmounts[parts++] = settlements[i].totalFee - pay;
            } else if (status != SettlementStatus.SUCCESS) {
                failedUsers[failed] = settlements[i].user;
                failureReasons[failed++] = status;
            }
        }
        assembly {
            mstore(failedUsers, failed)
            mstore(failureReasons, failed)
            mstore(partialUsers, parts)
            mstore(partialAmounts, parts)
        }
    }

    function getAccount(address user, address provider) external view returns (Account memory) {
        _existing(user, provider);
        return _account(user, provider);
    }

    function getAllAccounts(uint256 offset, uint256 limit)
        external
        view
        returns (Account[] memory accounts, uint256 total)
    {
        total = _places.length;
        accounts = new Account[](_page(offset, limit, total));
        for (uint256 i = 0; i < accounts.length; i++) {
            Place memory place = _places[offset + i];
            accounts[i] = _account(place.user, _providersOf[place.user].at(place.index));
        }
    }

    function getAccountsByProvider(address provider, uint256 offset, uint256 limit)
        external
        view
        returns (Account[] memory accounts, uint256 total)
    {
        AddressList storage list = _usersOf[provider];
        total = list.length;
        accounts = new Account[](_page(offset, limit, total));
        for (uint256 i = 0; i < accounts.length; i++) {
            accounts[i] = _account(list.at(offset + i), provider);
        }
    }

    function getAccountsByUser(address user, uint256 offset, uint256 limit)
        external
        view
        returns (Account[] memory accounts, uint256 total)
    {
        AddressList storage list = _providersOf[user];
        total = list.length;
        accounts = new Account[](_page(offset, limit, total));
        for (uint256 i = 0; i < accounts.length; i++) {
            accounts[i] = _account(user, list.at(offset + i));
        }
    }

    /// The caller's users, for a provider; those without an account are empty entries.
    function getBatchAccountsByUsers(address[] calldata users) external view returns (Account[] memory accounts) {
        if (users.length > MAX_BATCH) revert BatchSizeTooLarge(users.length, MAX_BATCH);
        accounts = new Account[](users.length);
        for (uint256 i = 0; i < users.length; i++) {
            if (_held[users[i]][msg.sender].exists) accounts[i] = _account(users[i], msg.sender);
        }
    }

    function getAllServices(uint256 offset, uint256 limit)
        external
        view
        returns (Service[] memory services, uint256 total)
    {
        total = _listed.length;
        services = new Service[](_page(offset, limit, total));
        for (uint256 i = 0; i < services.length; i++) {
            services[i] = _services[_listed[offset + i]];
        }
    }

    function getService(address provider) external view returns (Service memory) {
        return _service(provider);
    }

    function serviceExists(address provider) external view returns (bool) {
        return _services[provider].provider != address(0);
    }

    function _judge(TEESettlementData calldata item) private view returns (SettlementStatus, uint256 pay) {
        if (item.provider != msg.sender) return (SettlementStatus.PROVIDER_MISMATCH, 0);
        Held storage held = _held[item.user][msg.sender];
        if (!held.exists) return (SettlementStatus.INVALID_SIGNATURE, 0);
        Service storage service = _services[msg.sender];
        if (service.provider == address(0)) return (SettlementStatus.PROVIDER_MISMATCH, 0);
        address signer = service.teeSignerAddress;
        if (signer == address(0) || !service.teeSignerAcknowledged || !held.acknowledged) {
            return (SettlementStatus.NO_TEE_SIGNER, 0);
        }
        if (item.nonce <= held.nonce) return (SettlementStatus.INVALID_NONCE, 0);
        bytes32 content = keccak256(
            abi.encode(SETTLEMENT_TYPE, item.requestsHash, item.nonce, item.provider, item.user, item.totalFee)
        );
        if (!_signedBy(signer, _digest("0G Inference Serving", content), item.signature)) {
            return (SettlementStatus.INVALID_SIGNATURE, 0);
        }
        pay = item.totalFee < held.balance ? item.totalFee : held.balance;
        return (pay == item.totalFee ? SettlementStatus.SUCCESS : SettlementStatus.PARTIAL, pay);
    }

    function _tell(address[] memory users, uint256 count) private {
        uint256[] memory balances = new uint256[](count);
        uint256[] memory pending = new uint256[](count);
        for (uint256 i = 0; i < count; i++) {
            Held storage held = _held[users[i]][msg.sender];
            (balances[i], pending[i]) = (held.balance, held.pending);
        }
        assembly {
            mstore(users, count)
        }
        emit BatchBalanceUpdated(users, balances, pending);
    }

    function _acknowledge(address provider, bool acknowledged) private {
        Service storage service = _service(provider);
        service.teeSignerAcknowledged = acknowledged;
        emit ProviderTEESignerAcknowledged(provider, service.teeSignerAddress, acknowledged);
    }

    /// Token 255 stands for all short sessions; those end by themselves or with their generation.
    function _revoke(address provider, uint8 tokenId) private {
        require(tokenId < 255, "token 255 cannot be revoked alone");
        _existing(msg.sender, provider).revokedBitmap |= 1 << tokenId;
    }

    function _service(address provider) private view returns (Service storage service) {
        service = _services[provider];
        if (service.provider == address(0)) revert ServiceNotExist(provider);
    }

    function _differs(Service storage service, ServiceParams calldata params) private view returns (bool) {
        return service.teeSignerAddress != params.teeSignerAddress || !_same(service.serviceType, params.serviceType)
            || !_same(service.model, params.model) || !_same(service.verifiability, params.verifiability)
            || !_same(service.additionalInfo, params.additionalInfo);
    }

    function _same(string memory a, string calldata b) private pure returns (bool) {
        return keccak256(bytes(a)) == keccak256(bytes(b));
    }

    function _account(address user, address provider) private view returns (Account memory made) {
        Held storage held = _held[user][provider];
        made.user = user;
        made.provider = provider;
        made.nonce = held.nonce;
        made.balance = held.balance;
        made.pendingRefund = held.pending;
        made.refunds = _refundsOf(held);
        made.additionalInfo = held.additionalInfo;
        made.acknowledged = held.acknowledged;
        made.validRefundsLength = held.refunds;
        made.generation = held.generation;
        made.revokedBitmap = held.revokedBitmap;
    }

    function _checkCount(uint256 count) private pure {
        if (count == 0) revert NoSettlementsProvided();
        if (count > MAX_SETTLEMENTS) revert TooManySettlements(count, MAX_SETTLEMENTS);
    }

    function _refuseCaller() internal view override {
        revert CallerNotLedger(msg.sender);
    }

    function _refuseAddress(address given) internal pure override {
        revert InvalidAddress(given);
    }

    function _refuseLockTime(uint256 given) internal pure override {
        revert LockTimeOutOfRange(given, MIN_LOCKTIME, MAX_LOCKTIME);
    }

    function _refuseLimit(uint256 given) internal pure override {
        revert LimitTooLarge(given, MAX_PAGE);
    }

    function _refusePayment(address) internal pure override {
        revert TransferFailed();
    }

    function _checkNew(address user, address provider) internal pure override {
        if (user == provider) revert ProviderCannotBeUser();
    }
}
