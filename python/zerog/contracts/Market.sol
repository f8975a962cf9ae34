// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {Roles} from "./Roles.sol";
import {IReward, PARAMS_ADMIN_ROLE} from "./StorageTypes.sol";

/// One price for every sector. The flow sends a submission's fee here and then asks to charge it.
contract FixedPrice is Roles {
    event PricePerSectorChanged(uint256 pricePerSector);

    uint256 public pricePerSector;
    address public flow;
    address public reward;

    constructor() {
        _grant(PARAMS_ADMIN_ROLE, msg.sender);
    }

    function initialize(uint256 pricePerSector_, address flow_, address reward_) external initializer {
        pricePerSector = pricePerSector_;
        flow = flow_;
        reward = reward_;
    }

    receive() external payable {}

    function setPricePerSector(uint256 pricePerSector_) external onlyRole(PARAMS_ADMIN_ROLE) {
        pricePerSector = pricePerSector_;
        emit PricePerSectorChanged(pricePerSector_);
    }

    /// The sectors of a file pay for the gap before it too: the fee is shared between both by their number.
    function chargeFee(uint256 beforeLength, uint256 uploadSectors, uint256 paddingSectors) external {
        require(msg.sender == flow, "Sender does not have permission");
        uint256 fee = pricePerSector * uploadSectors;
        require(fee <= address(this).balance, "Not enough paid fee");
        uint256 bonus = address(this).balance - fee;
        uint256 paddingPart = fee * paddingSectors / (uploadSectors + paddingSectors);
        if (paddingSectors > 0) {
            IReward(reward).fillReward{value: paddingPart}(beforeLength, paddingSectors);
        }
        IReward(reward).fillReward{value: fee - paddingPart + bonus}(beforeLength + paddingSectors, uploadSectors);
    }
}
