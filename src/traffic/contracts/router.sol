// SPDX-License-Identifier: MIT
// The router of the traffic block: exact-input swaps over one pair or one pool. It has no storage, so that two
// swaps conflict only through the tokens and the market they use.
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

interface Pair {
    function swap(bool zeroForOne, address recipient) external returns (uint256 amountOut);
}

interface Pool {
    function swap(address recipient, bool zeroForOne, uint256 amountIn, bytes calldata data)
        external
        returns (uint256 amountOut);
}

contract Router {
    using SafeERC20 for IERC20;

    address private immutable factory;
    bytes32 private immutable pairCodeHash;
    bytes32 private immutable poolCodeHash;

    error Expired(uint256 deadline);
    error TooLittleReceived(uint256 received, uint256 minimum);
    error NotThePool(address caller);

    /// @param pairCodeHash_ of the code that creates a pair
    constructor(address factory_, bytes32 pairCodeHash_, bytes32 poolCodeHash_) {
        factory = factory_;
        pairCodeHash = pairCodeHash_;
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
        address pair = pairOf(tokenIn, tokenOut);
        IERC20(tokenIn).safeTransferFrom(msg.sender, pair, amountIn);
        amountOut = Pair(pair).swap(tokenIn < tokenOut, recipient);
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
        amountOut = Pool(poolOf(tokenIn, tokenOut, fee)).swap(
            recipient, tokenIn < tokenOut, amountIn, abi.encode(tokenIn, tokenOut, fee, msg.sender)
        );
        if (amountOut < minimumOut) revert TooLittleReceived(amountOut, minimumOut);
    }

    /// A pool asks for its input after it has sent the output.
    function payPool(uint256 amount0, uint256 amount1, bytes calldata data) external {
        (address tokenIn, address tokenOut, uint24 fee, address payer) =
            abi.decode(data, (address, address, uint24, address));
        if (msg.sender != poolOf(tokenIn, tokenOut, fee)) revert NotThePool(msg.sender);
        IERC20(tokenIn).safeTransferFrom(payer, msg.sender, amount0 > 0 ? amount0 : amount1);
    }

    function pairOf(address tokenA, address tokenB) private view returns (address) {
        (address token0, address token1) = tokenA < tokenB ? (tokenA, tokenB) : (tokenB, tokenA);
        return created(keccak256(abi.encode(token0, token1)), pairCodeHash);
    }

    function poolOf(address tokenA, address tokenB, uint24 fee) private view returns (address) {
        (address token0, address token1) = tokenA < tokenB ? (tokenA, tokenB) : (tokenB, tokenA);
        return created(keccak256(abi.encode(token0, token1, fee)), poolCodeHash);
    }

    /// Where CREATE2 puts a contract (EIP-1014).
    function created(bytes32 salt, bytes32 codeHash) private view returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(bytes1(0xff), factory, salt, codeHash)))));
    }
}
