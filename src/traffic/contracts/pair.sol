// SPDX-License-Identifier: MIT
// A market of two tokens that keeps the product of its reserves: what is paid in is put in first, then `swap` is called.
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

interface PairFactory {
    function token0() external view returns (address);
    function token1() external view returns (address);
}

/// Its own ERC-20 token stands for shares of the reserves.
contract Pair is ERC20 {
    using SafeERC20 for IERC20;

    IERC20 public token0;
    IERC20 public token1;
    /// Beside what is never zero, so that it costs little.
    bool private locked;
    /// As of the last swap or provision, with its time.
    uint112 private reserve0;
    uint112 private reserve1;
    uint32 private since;
    /// Prices of each token in the other, as 112.112 bits, times seconds. They may wrap: differences count.
    uint256 public priceSum0;
    uint256 public priceSum1;

    event Provided(address indexed owner, uint256 amount0, uint256 amount1);
    event Reserves(uint112 reserve0, uint112 reserve1);
    event Swapped(address indexed sender, bool zeroForOne, uint256 amountIn, uint256 amountOut, address indexed recipient);

    error Locked();
    error NothingPaid();

    constructor() ERC20("Traffic Pair", "PAIR") {
        token0 = IERC20(PairFactory(msg.sender).token0());
        token1 = IERC20(PairFactory(msg.sender).token1());
    }

    modifier alone() {
        if (locked) revert Locked();
        locked = true;
        _;
        locked = false;
    }

    function reserves() external view returns (uint112, uint112, uint32) {
        return (reserve0, reserve1, since);
    }

    /// Gives shares for what has been paid in.
    function provide(address owner) external alone returns (uint256 shares) {
        (uint256 balance0, uint256 balance1) = balances();
        (uint256 amount0, uint256 amount1) = (balance0 - reserve0, balance1 - reserve1);
        uint256 all = totalSupply();
        shares = all == 0
            ? Math.sqrt(amount0 * amount1)
            : Math.min(amount0 * all / reserve0, amount1 * all / reserve1);
        if (shares == 0) revert NothingPaid();
        _mint(owner, shares);
        update(balance0, balance1);
        emit Provided(owner, amount0, amount1);
    }

    /// Gives the recipient the other token for what has been paid in of one, less 0.3 %.
    function swap(bool zeroForOne, address recipient) external alone returns (uint256 amountOut) {
        (uint256 balance0, uint256 balance1) = balances();
        (uint256 reserveIn, uint256 reserveOut) = zeroForOne ? (reserve0, reserve1) : (reserve1, reserve0);
        uint256 amountIn = (zeroForOne ? balance0 : balance1) - reserveIn;
        if (amountIn == 0) revert NothingPaid();
        uint256 effective = amountIn * 997;
        amountOut = effective * reserveOut / (reserveIn * 1000 + effective);
        (zeroForOne ? token1 : token0).safeTransfer(recipient, amountOut);
        (balance0, balance1) = balances();
        update(balance0, balance1);
        emit Swapped(msg.sender, zeroForOne, amountIn, amountOut, recipient);
    }

    function balances() private view returns (uint256, uint256) {
        return (token0.balanceOf(address(this)), token1.balanceOf(address(this)));
    }

    function update(uint256 balance0, uint256 balance1) private {
        require(balance0 <= type(uint112).max && balance1 <= type(uint112).max);
        unchecked {
            uint32 elapsed = uint32(block.timestamp) - since;
            if (elapsed > 0 && reserve0 != 0 && reserve1 != 0) {
                priceSum0 += (uint256(reserve1) << 112) / reserve0 * elapsed;
                priceSum1 += (uint256(reserve0) << 112) / reserve1 * elapsed;
            }
        }
        (reserve0, reserve1, since) = (uint112(balance0), uint112(balance1), uint32(block.timestamp));
        emit Reserves(reserve0, reserve1);
    }
}
