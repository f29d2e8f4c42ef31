// SPDX-License-Identifier: MIT
// The router of the traffic block: exact-input swaps over one Uniswap v2 pair or one v3 pool. It has no storage, so
// two swaps conflict only through the tokens and the market they use.
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

interface Pair {
    function getReserves() external view returns (uint112 reserve0, uint112 reserve1, uint32 timestamp);
    function swap(uint256 amount0Out, uint256 amount1Out, address to, bytes calldata data) external;
}

interface Pool {
    function swap(address recipient, bool zeroForOne, int256 amount, uint160 sqrtPriceLimit, bytes calldata data)
        external
        returns (int256 amount0, int256 amount1);
}

contract Router {
    using SafeERC20 for IERC20;

    /// The price limits of a v3 pool: the square roots at the outermost ticks, one inside the bounds.
    uint160 private constant LOWEST_PRICE = 4295128740;
    uint160 private constant HIGHEST_PRICE = 1461446703485210103287273052203988822378723970341;

    address private immutable pairFactory;
    bytes32 private immutable pairCodeHash;
    address private immutable poolFactory;
    bytes32 private immutable poolCodeHash;

    error Expired(uint256 deadline);
    error TooLittleReceived(uint256 received, uint256 minimum);
    error NotThePool(address caller);

    constructor(address pairFactory_, bytes32 pairCodeHash_, address poolFactory_, bytes32 poolCodeHash_) {
        pairFactory = pairFactory_;
        pairCodeHash = pairCodeHash_;
        poolFactory = poolFactory_;
        poolCodeHash = poolCodeHash_;
    }

    modifier before(uint256 deadline) {
        if (block.timestamp > deadline) revert Expired(deadline);
        _;
    }

    function swapOnPair(
        address tokenIn,
        address tokenOut,
        uint256 amountIn,
        uint256 minimumOut,
        address recipient,
        uint256 deadline
    ) external before(deadline) returns (uint256 amountOut) {
        bool zeroForOne = tokenIn < tokenOut;
        Pair pair = Pair(pairOf(tokenIn, tokenOut));
        IERC20(tokenIn).safeTransferFrom(msg.sender, address(pair), amountIn);
        (uint256 reserve0, uint256 reserve1,) = pair.getReserves();
        (uint256 reserveIn, uint256 reserveOut) = zeroForOne ? (reserve0, reserve1) : (reserve1, reserve0);
        // 0.3 % of the input stays in the pair; the product of the reserves does not fall
        uint256 effective = amountIn * 997;
        amountOut = effective * reserveOut / (reserveIn * 1000 + effective);
        pair.swap(zeroForOne ? 0 : amountOut, zeroForOne ? amountOut : 0, recipient, "");
        if (amountOut < minimumOut) revert TooLittleReceived(amountOut, minimumOut);
    }

    function swapOnPool(
        address tokenIn,
        address tokenOut,
        uint24 fee,
        uint256 amountIn,
        uint256 minimumOut,
        address recipient,
        uint256 deadline
    ) external before(deadline) returns (uint256 amountOut) {
        bool zeroForOne = tokenIn < tokenOut;
        (int256 amount0, int256 amount1) = Pool(poolOf(tokenIn, tokenOut, fee)).swap(
            recipient,
            zeroForOne,
            int256(amountIn),
            zeroForOne ? LOWEST_PRICE : HIGHEST_PRICE,
            abi.encode(tokenIn, tokenOut, fee, msg.sender)
        );
        amountOut = uint256(-(zeroForOne ? amount1 : amount0));
        if (amountOut < minimumOut) revert TooLittleReceived(amountOut, minimumOut);
    }

    /// A v3 pool asks for its input after it has sent the output.
    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata data) external {
        (address tokenIn, address tokenOut, uint24 fee, address payer) =
            abi.decode(data, (address, address, uint24, address));
        if (msg.sender != poolOf(tokenIn, tokenOut, fee)) revert NotThePool(msg.sender);
        IERC20(tokenIn).safeTransferFrom(payer, msg.sender, uint256(amount0 > 0 ? amount0 : amount1));
    }

    function pairOf(address tokenA, address tokenB) private view returns (address) {
        (address token0, address token1) = tokenA < tokenB ? (tokenA, tokenB) : (tokenB, tokenA);
        return created(pairFactory, keccak256(abi.encodePacked(token0, token1)), pairCodeHash);
    }

    function poolOf(address tokenA, address tokenB, uint24 fee) private view returns (address) {
        (address token0, address token1) = tokenA < tokenB ? (tokenA, tokenB) : (tokenB, tokenA);
        return created(poolFactory, keccak256(abi.encode(token0, token1, fee)), poolCodeHash);
    }

    /// Where CREATE2 puts a contract (EIP-1014).
    function created(address factory, bytes32 salt, bytes32 codeHash) private pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(bytes1(0xff), factory, salt, codeHash)))));
    }
}
