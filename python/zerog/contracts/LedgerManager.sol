// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {AddressList, AddressLists} from "./AddressLists.sol";
import {IERC165, IServing} from "./IServing.sol";
import {Owned} from "./Owned.sol";

/// Everybody's money for the compute network: what is available, and what lies in the accounts of services.
/// The total is both; the services themselves hold what lies in accounts.
contract LedgerManager is Owned {
    using AddressLists for AddressList;

    struct Ledger {
        address user;
        uint256 availableBalance;
        uint256 totalBalance;
        string additionalInfo;
    }

    struct ServiceInfo {
        address serviceAddress;
        address serviceContract;
        string serviceType;
        string version;
        string fullName;
        string description;
        bool isRecommended;
        uint256 registeredAt;
    }

    /// One slot for what every call touches. 2^120 neuron are more than 10^18 tokens.
    struct Held {
        uint120 available;
        uint120 total;
        bool exists;
        bool locked;
        uint32 position;
        string additionalInfo;
    }

    struct Registered {
        uint64 registeredAt;
        bool recommended;
        string serviceType;
        string version;
        string description;
    }

    error AdditionalInfoTooLong(uint256 length, uint256 max);
    error CallFailed();
    error CallerNotRegisteredService(address caller);
    error DirectDepositsDisabled();
    error InsufficientAvailableBalance(uint256 available, uint256 required);
    error InsufficientBalance(address user);
    error InvalidServiceAddress(address serviceAddress);
    error InvalidServiceType(string serviceType);
    error LedgerExists(address user);
    error LedgerLocked();
    error LedgerNotExists(address user);
    error MinimumDepositRequired(uint256 provided, uint256 required);
    error MustWithdrawAllFundsFirst(uint256 remainingBalance);
    error NoRecommendedService(string serviceType);
    error ServiceAlreadyRegistered(address serviceAddress);
    error ServiceMustImplementIServing(address serviceAddress);
    error ServiceNameExists(string serviceName);
    error ServiceNotFound(address serviceAddress);
    error ServiceNotRegistered(address serviceAddress);
    error ServiceRegistryLimitReached(uint256 limit);
    error ServiceTypeRequired();
    error TooManyProviders(uint256 requested, uint256 maximum);
    error TooManyProvidersForService(uint256 current, uint256 maximum);
    error TransferFailed();
    error VersionRequired();
    error ZeroAddressNotAllowed();
    error ZeroAmountNotAllowed();

    event FundSpent(address indexed user, address indexed service, uint256 amount);
    event LedgerInfoUpdated(address indexed user, string additionalInfo);
    event MinimumsChanged(uint256 accountBalance, uint256 transferAmount);
    event RecommendedServiceUpdated(string serviceType, string version, address serviceAddress);
    event ServiceRegistered(address indexed serviceAddress, string serviceName);

    uint256 public constant MAX_PROVIDERS_PER_BATCH = 20;
    uint256 public constant MAX_SERVICES = 500;
    uint256 public constant MAX_PROVIDERS_PER_USER_PER_SERVICE = 50;
    uint256 public constant MAX_ADDITIONAL_INFO_LENGTH = 4096;

    uint128 private _minAccountBalance;
    uint128 private _minTransferAmount;
    address[] private _users;
    address[] private _services;
    mapping(address => Held) private _held;
    mapping(address => mapping(address => AddressList)) private _providers;
    mapping(address => Registered) private _registered;
    mapping(bytes32 => address) private _byName;
    mapping(bytes32 => address) private _recommended;

    /// The owner of a ledger can not come back into it, or be brought back, while a call works on it.
    modifier locking(address user) {
        Held storage held = _held[user];
        if (held.locked) revert LedgerLocked();
        held.locked = true;
        _;
        held.locked = false;
    }

    function initialize(address owner_) external {
        if (owner_ == address(0)) revert ZeroAddressNotAllowed();
        _initialize(owner_);
        _setMinimums(3 ether, 1 ether);
    }

    receive() external payable {
        if (_registered[msg.sender].registeredAt == 0) revert DirectDepositsDisabled();
    }

    function MIN_ACCOUNT_BALANCE() external view returns (uint256) {
        return _minAccountBalance;
    }

    function MIN_TRANSFER_AMOUNT() external view returns (uint256) {
        return _minTransferAmount;
    }

    function setMinimums(uint256 accountBalance, uint256 transferAmount) external onlyOwner {
        _setMinimums(accountBalance, transferAmount);
    }

    function addLedger(string calldata additionalInfo) external payable locking(msg.sender) returns (uint256, uint256) {
        if (_held[msg.sender].exists) revert LedgerExists(msg.sender);
        _checkInfo(additionalInfo);
        _deposit(msg.sender);
        if (bytes(additionalInfo).length > 0) _held[msg.sender].additionalInfo = additionalInfo;
        return (msg.value, 0);
    }

    function depositFund() external payable locking(msg.sender) {
        _deposit(msg.sender);
    }

    function depositFundFor(address recipient) external payable locking(recipient) {
        if (recipient == address(0)) revert ZeroAddressNotAllowed();
        _deposit(recipient);
    }

    function updateAdditionalInfo(string calldata additionalInfo) external locking(msg.sender) {
        _existing(msg.sender);
        _checkInfo(additionalInfo);
        _held[msg.sender].additionalInfo = additionalInfo;
        emit LedgerInfoUpdated(msg.sender, additionalInfo);
    }

    function refund(uint256 amount) external locking(msg.sender) {
        Held storage held = _existing(msg.sender);
        if (amount == 0) revert ZeroAmountNotAllowed();
        if (amount > held.available) revert InsufficientBalance(msg.sender);
        uint256 left = held.available - amount;
        if (left != 0 && left < _minAccountBalance) revert MinimumDepositRequired(left, _minAccountBalance);
        held.available = uint120(left);
        held.total -= uint120(amount);
        if (held.total == 0) _remove(msg.sender);
        (bool ok,) = msg.sender.call{value: amount}("");
        if (!ok) revert TransferFailed();
    }

    function deleteLedger() external locking(msg.sender) {
        Held storage held = _existing(msg.sender);
        if (held.total != 0) revert MustWithdrawAllFundsFirst(held.total);
        _remove(msg.sender);
    }

    /// Into the account with a provider: what is on its way back is taken first, the rest is available money.
    function transferFund(address provider, string calldata serviceName, uint256 amount) external locking(msg.sender) {
        Held storage held = _existing(msg.sender);
        address service = _serviceOf(serviceName);
        if (amount == 0) revert ZeroAmountNotAllowed();
        bytes memory data;
        if (IServing(service).accountExists(msg.sender, provider)) {
            uint256 cancelled = IServing(service).getPendingRefund(msg.sender, provider);
            if (cancelled > amount) cancelled = amount;
            amount -= cancelled;
            data = abi.encodeCall(IServing.depositFund, (msg.sender, provider, cancelled));
        } else {
            if (amount < _minTransferAmount) revert MinimumDepositRequired(amount, _minTransferAmount);
            AddressList storage list = _providers[msg.sender][service];
            if (list.length >= MAX_PROVIDERS_PER_USER_PER_SERVICE) {
                revert TooManyProvidersForService(list.length, MAX_PROVIDERS_PER_USER_PER_SERVICE);
            }
            list.push(provider);
            data = abi.encodeCall(IServing.addAccount, (msg.sender, provider, held.additionalInfo));
        }
        if (amount > held.available) revert InsufficientAvailableBalance(held.available, amount);
        held.available -= uint120(amount);
        (bool ok,) = service.call{value: amount}(data);
        if (!ok) revert CallFailed();
    }

    /// Collects what has waited long enough, and asks for the rest.
    function retrieveFund(address[] calldata providers, string calldata serviceName) external locking(msg.sender) {
        if (providers.length > MAX_PROVIDERS_PER_BATCH) {
            revert TooManyProviders(providers.length, MAX_PROVIDERS_PER_BATCH);
        }
        Held storage held = _existing(msg.sender);
        IServing service = IServing(_serviceOf(serviceName));
        uint256 before = address(this).balance;
        uint256 returned = 0;
        for (uint256 i = 0; i < providers.length; i++) {
            if (!service.accountExists(msg.sender, providers[i])) continue;
            (uint256 amount,,) = service.processRefund(msg.sender, providers[i]);
            returned += amount;
            service.requestRefundAll(msg.sender, providers[i]);
        }
        if (address(this).balance < before + returned) revert TransferFailed();
        if (returned > held.total - held.available) revert InsufficientBalance(msg.sender);
        held.available += uint120(returned);
    }

    function spendFund(address user, uint256 amount) external locking(user) {
        if (_registered[msg.sender].registeredAt == 0) revert CallerNotRegisteredService(msg.sender);
        Held storage held = _existing(user);
        if (amount > held.total - held.available) revert InsufficientBalance(user);
        held.total -= uint120(amount);
        emit FundSpent(user, msg.sender, amount);
    }

    function registerService(
        string calldata serviceType,
        string calldata version,
        address service,
        string calldata description
    ) external onlyOwner {
        if (service == address(0)) revert InvalidServiceAddress(service);
        if (bytes(serviceType).length == 0) revert ServiceTypeRequired();
        if (bytes(version).length == 0) revert VersionRequired();
        if (_registered[service].registeredAt != 0) revert ServiceAlreadyRegistered(service);
        string memory name = string.concat(serviceType, "-", version);
        bytes32 key = keccak256(bytes(name));
        if (_byName[key] != address(0)) revert ServiceNameExists(name);
        if (!_supports(service, type(IERC165).interfaceId) || !_supports(service, type(IServing).interfaceId)) {
            revert ServiceMustImplementIServing(service);
        }
        if (_services.length >= MAX_SERVICES) revert ServiceRegistryLimitReached(MAX_SERVICES);
        _registered[service] = Registered(uint64(block.timestamp), false, serviceType, version, description);
        _byName[key] = service;
        _services.push(service);
        emit ServiceRegistered(service, name);
    }

    function setRecommendedService(string calldata serviceType, string calldata version) external onlyOwner {
        address service = _serviceOf(string.concat(serviceType, "-", version));
        bytes32 key = keccak256(bytes(serviceType));
        address earlier = _recommended[key];
        if (earlier != address(0)) _registered[earlier].recommended = false;
        _recommended[key] = service;
        _registered[service].recommended = true;
        emit RecommendedServiceUpdated(serviceType, version, service);
    }

    function getLedger(address user) external view returns (Ledger memory) {
        _existing(user);
        return _shown(user);
    }

    function getAllLedgers(uint256 offset, uint256 limit) external view returns (Ledger[] memory ledgers, uint256 total) {
        total = _users.length;
        uint256 rest = offset < total ? total - offset : 0;
        ledgers = new Ledger[](limit == 0 || limit > rest ? rest : limit);
        for (uint256 i = 0; i < ledgers.length; i++) {
            ledgers[i] = _shown(_users[offset + i]);
        }
    }

    function getLedgerProviders(address user, string calldata serviceName) external view returns (address[] memory made) {
        AddressList storage list = _providers[user][_serviceOf(serviceName)];
        made = new address[](list.length);
        for (uint256 i = 0; i < made.length; i++) {
            made[i] = list.at(i);
        }
    }

    function getAllActiveServices() external view returns (ServiceInfo[] memory made) {
        made = new ServiceInfo[](_services.length);
        for (uint256 i = 0; i < made.length; i++) {
            made[i] = _info(_services[i]);
        }
    }

    function getServiceInfo(address service) external view returns (ServiceInfo memory) {
        if (_registered[service].registeredAt == 0) revert ServiceNotRegistered(service);
        return _info(service);
    }

    function getAllVersions(string calldata serviceType)
        external
        view
        returns (string[] memory versions, address[] memory addresses, bool[] memory isRecommendedFlags)
    {
        uint256 count = 0;
        versions = new string[](_services.length);
        addresses = new address[](_services.length);
        isRecommendedFlags = new bool[](_services.length);
        for (uint256 i = 0; i < _services.length; i++) {
            Registered storage one = _registered[_services[i]];
            if (keccak256(bytes(one.serviceType)) != keccak256(bytes(serviceType))) continue;
            versions[count] = one.version;
            addresses[count] = _services[i];
            isRecommendedFlags[count] = one.recommended;
            count++;
        }
        assembly {
            mstore(versions, count)
            mstore(addresses, count)
            mstore(isRecommendedFlags, count)
        }
    }

    function getRecommendedService(string calldata serviceType) external view returns (string memory version, address service) {
        service = _recommended[keccak256(bytes(serviceType))];
        if (service == address(0)) revert NoRecommendedService(serviceType);
        version = _registered[service].version;
    }

    function getServiceAddressByName(string calldata serviceName) external view returns (address) {
        return _byName[keccak256(bytes(serviceName))];
    }

    function isRecommendedVersion(string calldata serviceType, string calldata version) external view returns (bool) {
        return _registered[_byName[keccak256(bytes(string.concat(serviceType, "-", version)))]].recommended;
    }

    function _setMinimums(uint256 accountBalance, uint256 transferAmount) private {
        require(accountBalance <= type(uint120).max && transferAmount <= type(uint120).max, "minimum too large");
        _minAccountBalance = uint128(accountBalance);
        _minTransferAmount = uint128(transferAmount);
        emit MinimumsChanged(accountBalance, transferAmount);
    }

    function _deposit(address user) private {
        Held storage held = _held[user];
        if (!held.exists) {
            if (msg.value < _minAccountBalance) revert MinimumDepositRequired(msg.value, _minAccountBalance);
            held.exists = true;
            held.position = uint32(_users.length);
            _users.push(user);
        } else if (msg.value == 0) {
            revert ZeroAmountNotAllowed();
        }
        held.available += uint120(msg.value);
        held.total += uint120(msg.value);
    }

    /// An account that a service does not give up stays listed, so that it is asked again next time.
    function _remove(address user) private {
        for (uint256 i = 0; i < _services.length; i++) {
            AddressList storage list = _providers[user][_services[i]];
            for (uint256 left = list.length; left > 0; left--) {
                try IServing(_services[i]).deleteAccount(user, list.at(left - 1)) {
                    list.remove(left - 1);
                } catch {}
            }
        }
        uint32 position = _held[user].position;
        address last = _users[_users.length - 1];
        _users[position] = last;
        _held[last].position = position;
        _users.pop();
        delete _held[user];
    }

    function _existing(address user) private view returns (Held storage held) {
        held = _held[user];
        if (!held.exists) revert LedgerNotExists(user);
    }

    function _serviceOf(string memory name) private view returns (address service) {
        service = _byName[keccak256(bytes(name))];
        if (service == address(0)) revert InvalidServiceType(name);
    }

    function _checkInfo(string calldata info) private pure {
        if (bytes(info).length > MAX_ADDITIONAL_INFO_LENGTH) {
            revert AdditionalInfoTooLong(bytes(info).length, MAX_ADDITIONAL_INFO_LENGTH);
        }
    }

    function _shown(address user) private view returns (Ledger memory) {
        Held storage held = _held[user];
        return Ledger(user, held.available, held.total, held.additionalInfo);
    }

    function _info(address service) private view returns (ServiceInfo memory made) {
        Registered storage one = _registered[service];
        made.serviceAddress = service;
        made.serviceContract = service;
        made.serviceType = one.serviceType;
        made.version = one.version;
        made.fullName = string.concat(one.serviceType, "-", one.version);
        made.description = one.description;
        made.isRecommended = one.recommended;
        made.registeredAt = one.registeredAt;
    }

    function _supports(address service, bytes4 id) private view returns (bool) {
        (bool ok, bytes memory answer) = service.staticcall(abi.encodeCall(IERC165.supportsInterface, (id)));
        return ok && answer.length == 32 && abi.decode(answer, (uint256)) == 1;
    }
}
