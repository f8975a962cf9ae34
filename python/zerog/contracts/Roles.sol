// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// Who may do what, with the functions, events and errors that tools for AccessControl know. Every role is given and
/// taken by the holders of DEFAULT_ADMIN_ROLE. A contract is deployed by its first admin, who then initializes it once.
abstract contract Roles {
    error AccessControlUnauthorizedAccount(address account, bytes32 neededRole);
    error AccessControlBadConfirmation();
    error InvalidInitialization();

    event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender);
    event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender);
    event Initialized(uint64 version);

    bytes32 public constant DEFAULT_ADMIN_ROLE = 0;

    mapping(bytes32 => mapping(address => bool)) private _roles;
    bool private _initialized;

    constructor() {
        _grant(DEFAULT_ADMIN_ROLE, msg.sender);
    }

    modifier onlyRole(bytes32 role) {
        if (!_roles[role][msg.sender]) revert AccessControlUnauthorizedAccount(msg.sender, role);
        _;
    }

    modifier initializer() {
        if (!_roles[DEFAULT_ADMIN_ROLE][msg.sender]) revert AccessControlUnauthorizedAccount(msg.sender, DEFAULT_ADMIN_ROLE);
        if (_initialized) revert InvalidInitialization();
        _initialized = true;
        _;
        emit Initialized(1);
    }

    function hasRole(bytes32 role, address account) external view returns (bool) {
        return _roles[role][account];
    }

    function getRoleAdmin(bytes32) external pure returns (bytes32) {
        return DEFAULT_ADMIN_ROLE;
    }

    function grantRole(bytes32 role, address account) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _grant(role, account);
    }

    function revokeRole(bytes32 role, address account) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _revoke(role, account);
    }

    function renounceRole(bytes32 role, address account) external {
        if (account != msg.sender) revert AccessControlBadConfirmation();
        _revoke(role, account);
    }

    function _grant(bytes32 role, address account) internal {
        if (_roles[role][account]) return;
        _roles[role][account] = true;
        emit RoleGranted(role, account, msg.sender);
    }

    function _revoke(bytes32 role, address account) private {
        if (!_roles[role][account]) return;
        _roles[role][account] = false;
        emit RoleRevoked(role, account, msg.sender);
    }
}
