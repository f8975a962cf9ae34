// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// A set's members in any order. The first member shares its slot with the length, so a list of one costs one slot:
/// most people use one provider, and the first transfer to it has to fit the gas that clients fix for it.
struct AddressList {
    address first;
    uint32 length;
    mapping(uint256 => address) more;
}

library AddressLists {
    function at(AddressList storage list, uint256 index) internal view returns (address) {
        return index == 0 ? list.first : list.more[index];
    }

    function push(AddressList storage list, address member) internal returns (uint32 index) {
        index = list.length;
        if (index == 0) {
            list.first = member;
        } else {
            list.more[index] = member;
        }
        list.length = index + 1;
    }

    /// The last member takes the place of the one that goes. Returns it, or nobody when the last one went.
    function remove(AddressList storage list, uint256 index) internal returns (address moved) {
        uint32 last = list.length - 1;
        if (index != last) {
            moved = at(list, last);
            if (index == 0) {
                list.first = moved;
            } else {
                list.more[index] = moved;
            }
        }
        if (last == 0) {
            list.first = address(0);
        } else {
            delete list.more[last];
        }
        list.length = last;
    }
}
