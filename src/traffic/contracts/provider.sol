// SPDX-License-Identifier: MIT
// Provides liquidity to pools while the markets are set up; it is no part of the traffic block.
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

interface Pool {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function provide(address owner, int24 lower, int24 upper, uint128 amount, bytes calldata data) external;
}

contract Provider {
    using SafeERC20 for IERC20;

    function provide(Pool pool, int24 lower, int24 upper, uint128 amount) external {
        pool.provide(msg.sender, lower, upper, amount, abi.encode(msg.sender));
    }

    /// A pool asks for the tokens of a position while it is being created.
    function payPool(uint256 amount0, uint256 amount1, bytes calldata data) external {
        address payer = abi.decode(data, (address));
        IERC20(Pool(msg.sender).token0()).safeTransferFrom(payer, msg.sender, amount0);
        IERC20(Pool(msg.sender).token1()).safeTransferFrom(payer, msg.sender, amount1);
    }
}
