// SPDX-License-Identifier: MIT
// The contracts that the protocol expects at fixed addresses, as far as a chain without validators needs them.
pragma solidity ^0.8.24;

abstract contract Predeploy {
    address internal constant SYSTEM = 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE;

    function word() internal pure returns (uint256) {
        require(msg.data.length == 32);
        return uint256(bytes32(msg.data));
    }

    function give(bytes32 value) internal pure {
        assembly {
            mstore(0, value)
            return(0, 32)
        }
    }
}

/// EIP-4788: the beacon roots of the last 8,191 timestamps, two rings in storage from slot 0.
contract BeaconRoots is Predeploy {
    uint256 private constant RING = 8191;

    fallback() external {
        uint256 value = word();
        if (msg.sender == SYSTEM) {
            uint256 slot = block.timestamp % RING;
            assembly {
                sstore(slot, timestamp())
                sstore(add(slot, RING), value)
            }
        } else {
            uint256 slot = value % RING;
            bytes32 root;
            uint256 stored;
            assembly {
                stored := sload(slot)
                root := sload(add(slot, RING))
            }
            require(value != 0 && stored == value);
            give(root);
        }
    }
}

/// EIP-2935: the hashes of the last 8,191 blocks, a ring in storage from slot 0.
contract BlockHashes is Predeploy {
    uint256 private constant RING = 8191;

    fallback() external {
        uint256 value = word();
        if (msg.sender == SYSTEM) {
            uint256 slot = (block.number - 1) % RING;
            assembly {
                sstore(slot, value)
            }
        } else {
            require(value < block.number && block.number - value <= RING);
            bytes32 hash;
            assembly {
                hash := sload(mod(value, RING))
            }
            give(hash);
        }
    }
}

/// EIP-7002 and EIP-7251: a queue of requests to validators. This chain has none, so it accepts no request and
/// answers the system call after each block with an empty list.
contract RequestQueue is Predeploy {
    fallback() external {
        require(msg.sender == SYSTEM);
    }
}
