// SPDX-License-Identifier: MIT
// Creates the markets of the traffic block at addresses that follow from their tokens, so that the router need not ask for them.
pragma solidity ^0.8.28;

import {Pair} from "./pair.sol";
import {Pool} from "./pool.sol";

contract Factory {
    /// What the market that is being created reads in its constructor. Its creation code is then the same for all.
    address public transient token0;
    address public transient token1;
    uint24 public transient fee;

    event Created(address indexed token0, address indexed token1, uint24 fee, address market);

    error NotInOrder(address token0, address token1);

    /// @param low the token whose address is lower
    function createPair(address low, address high) external returns (address market) {
        prepare(low, high, 0);
        market = address(new Pair{salt: keccak256(abi.encode(low, high))}());
        emit Created(low, high, 0, market);
    }

    /// @param fee_ of the input, in hundredths of a basis point
    function createPool(address low, address high, uint24 fee_) external returns (address market) {
        prepare(low, high, fee_);
        market = address(new Pool{salt: keccak256(abi.encode(low, high, fee_))}());
        emit Created(low, high, fee_, market);
    }

    function prepare(address low, address high, uint24 fee_) private {
        if (low >= high) revert NotInOrder(low, high);
        token0 = low;
        token1 = high;
        fee = fee_;
    }
}
