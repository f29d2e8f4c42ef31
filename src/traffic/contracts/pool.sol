// SPDX-License-Identifier: MIT
// A market of two tokens whose liquidity lies in ranges of the price. A swap walks from one end of a range to the next.
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

interface PoolFactory {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function fee() external view returns (uint24);
}

/// Who calls a pool is called back to pay, after it has been paid.
interface Payer {
    function payPool(uint256 amount0, uint256 amount1, bytes calldata data) external;
}

/// The price is that of token 0 in token 1; its square root is kept, as 64.96 bits. A boundary is the end of a range: its
/// number n, a multiple of the spacing, stands for the price 1.0001^n.
contract Pool {
    using SafeERC20 for IERC20;

    int24 private constant SPACING = 120;
    /// No range ends here.
    int24 private constant LOWEST = -887_160;
    int24 private constant HIGHEST = 887_160;
    uint256 private constant ONE = 1 << 96;
    uint256 private constant MILLION = 1_000_000;
    uint256 private constant OBSERVATIONS = 8;

    struct Price {
        uint160 root;
        /// The boundaries on either side. The price may be at one of them.
        int24 lower;
        int24 upper;
        /// Where the newest observation is.
        uint16 observation;
        bool locked;
    }

    struct Boundary {
        /// What liquidity begins here, less what ends.
        int128 net;
        /// What all fees came to while the price was on the other side of here than it is, per liquidity, as 128.128 bits.
        uint256 outside0;
        uint256 outside1;
    }

    struct Position {
        uint128 liquidity;
        /// Fees inside when it was made, per liquidity.
        uint256 inside0;
        uint256 inside1;
    }

    Price public price;
    /// Fees of each token so far, per liquidity, as 128.128 bits. They may wrap: differences count.
    uint256 private growth0;
    uint256 private growth1;
    /// Of the ranges that the price is in.
    uint128 public liquidity;
    mapping(int24 => Boundary) public boundaries;
    /// Which boundaries there are: bits by their numbers over the spacing, 256 each.
    mapping(int16 => uint256) private known;
    mapping(bytes32 => Position) private positions;
    /// A ring: times (32 bits), and up to then the sum of roots times seconds (224 bits).
    uint256[OBSERVATIONS] private observations;

    IERC20 public immutable token0;
    IERC20 public immutable token1;
    uint24 public immutable fee;

    event Provided(address indexed owner, int24 lower, int24 upper, uint128 liquidity, uint256 amount0, uint256 amount1);
    event Swapped(
        address indexed sender,
        address indexed recipient,
        bool zeroForOne,
        uint256 amountIn,
        uint256 amountOut,
        uint160 root,
        uint128 liquidity
    );

    error Locked();
    error NoLiquidity();
    error NotPaid();
    error Taken(address owner, int24 lower, int24 upper);
    error WrongRange(int24 lower, int24 upper);

    /// The price begins at 1.
    constructor() {
        token0 = IERC20(PoolFactory(msg.sender).token0());
        token1 = IERC20(PoolFactory(msg.sender).token1());
        fee = PoolFactory(msg.sender).fee();
        price = Price(uint160(ONE), LOWEST, HIGHEST, 0, false);
        observations[0] = block.timestamp << 224;
    }

    modifier alone() {
        if (price.locked) revert Locked();
        price.locked = true;
        _;
        price.locked = false;
    }

    /// Puts liquidity into a range, which stays there; `payPool` of the caller is asked for the tokens.
    function provide(address owner, int24 lower, int24 upper, uint128 amount, bytes calldata data) external alone {
        if (lower <= LOWEST || lower >= upper || upper >= HIGHEST || amount == 0) revert WrongRange(lower, upper);
        if (lower % SPACING != 0 || upper % SPACING != 0) revert WrongRange(lower, upper);
        (uint160 low, uint160 high) = (know(lower), know(upper));
        boundaries[lower].net += int128(amount);
        boundaries[upper].net -= int128(amount);
        (uint256 inside0, uint256 inside1) = growthInside(lower, upper);
        Position storage position = positions[keccak256(abi.encode(owner, lower, upper))];
        if (position.liquidity != 0) revert Taken(owner, lower, upper);
        (position.liquidity, position.inside0, position.inside1) = (amount, inside0, inside1);

        (uint160 root, int24 at) = (price.root, price.lower);
        uint256 amount0 = root < high ? between0(root > low ? root : low, high, amount, Math.Rounding.Ceil) : 0;
        uint256 amount1 = root > low ? between1(low, root < high ? root : high, amount, Math.Rounding.Ceil) : 0;
        if (lower <= at && at < upper) liquidity += amount;
        (uint256 wanted0, uint256 wanted1) = (token0.balanceOf(address(this)) + amount0, token1.balanceOf(address(this)) + amount1);
        Payer(msg.sender).payPool(amount0, amount1, data);
        if (token0.balanceOf(address(this)) < wanted0 || token1.balanceOf(address(this)) < wanted1) revert NotPaid();
        emit Provided(owner, lower, upper, amount, amount0, amount1);
    }

    /// The fees that a position has earned.
    function earned(address owner, int24 lower, int24 upper) external view returns (uint256, uint256) {
        Position memory position = positions[keccak256(abi.encode(owner, lower, upper))];
        (uint256 inside0, uint256 inside1) = growthInside(lower, upper);
        unchecked {
            return (
                Math.mulDiv(inside0 - position.inside0, position.liquidity, 1 << 128),
                Math.mulDiv(inside1 - position.inside1, position.liquidity, 1 << 128)
            );
        }
    }

    /// Takes all of `amountIn`, for as much of the other token as the price gives on the way.
    function swap(address recipient, bool zeroForOne, uint256 amountIn, bytes calldata data)
        external
        alone
        returns (uint256 amountOut)
    {
        if (amountIn == 0) revert NotPaid();
        (IERC20 tokenIn, IERC20 tokenOut) = zeroForOne ? (token0, token1) : (token1, token0);
        uint256 wanted = tokenIn.balanceOf(address(this)) + amountIn;
        Price memory current = price;
        uint16 observation = observe(current);
        uint128 active = liquidity;
        uint256 growth = zeroForOne ? growth0 : growth1;
        uint256 left = amountIn;
        while (left > 0) {
            int24 next = zeroForOne ? current.lower : current.upper;
            if (next == LOWEST || next == HIGHEST) revert NoLiquidity();
            uint160 target = rootAt(next);
            uint160 root = current.root;
            uint256 needed = zeroForOne
                ? between0(target, root, active, Math.Rounding.Ceil)
                : between1(root, target, active, Math.Rounding.Ceil);
            uint256 net = Math.mulDiv(left, MILLION - fee, MILLION);
            uint256 cost;
            if (net >= needed) {
                current.root = target;
                cost = Math.mulDiv(needed, fee, MILLION - fee, Math.Rounding.Ceil);
                net = needed;
            } else {
                current.root = zeroForOne ? rootAfter0(root, active, net) : rootAfter1(root, active, net);
                cost = left - net;
            }
            amountOut += zeroForOne
                ? between1(current.root, root, active, Math.Rounding.Floor)
                : between0(root, current.root, active, Math.Rounding.Floor);
            // rounding up may ask for one unit more than there is
            left -= Math.min(left, net + cost);
            unchecked {
                if (active > 0) growth += Math.mulDiv(cost, 1 << 128, active);
            }
            if (current.root == target) {
                active = cross(next, active, zeroForOne, growth);
                (current.lower, current.upper) = zeroForOne ? (below(next), next) : (next, above(next));
            }
        }

        if (zeroForOne) growth0 = growth;
        else growth1 = growth;
        if (active != liquidity) liquidity = active;
        price = Price(current.root, current.lower, current.upper, observation, true);
        tokenOut.safeTransfer(recipient, amountOut);
        Payer(msg.sender).payPool(zeroForOne ? amountIn : 0, zeroForOne ? 0 : amountIn, data);
        if (tokenIn.balanceOf(address(this)) < wanted) revert NotPaid();
        emit Swapped(msg.sender, recipient, zeroForOne, amountIn, amountOut, current.root, active);
    }

    /// The price goes past a boundary; returns the liquidity beyond.
    function cross(int24 at, uint128 active, bool downwards, uint256 growth) private returns (uint128) {
        Boundary storage boundary = boundaries[at];
        unchecked {
            boundary.outside0 = (downwards ? growth : growth0) - boundary.outside0;
            boundary.outside1 = (downwards ? growth1 : growth) - boundary.outside1;
        }
        int128 net = downwards ? -boundary.net : boundary.net;
        return net < 0 ? active - uint128(-net) : active + uint128(net);
    }

    /// Remembers a boundary, and returns its root.
    function know(int24 at) private returns (uint160 root) {
        root = rootAt(at);
        (int16 word, uint256 bit) = placeOf(at);
        if (known[word] & bit != 0) return root;
        known[word] |= bit;
        bool isPassed = root <= price.root;
        if (isPassed && price.lower < at) price.lower = at;
        if (!isPassed && at < price.upper) price.upper = at;
        // fees of the past count as having come from below
        if (isPassed) (boundaries[at].outside0, boundaries[at].outside1) = (growth0, growth1);
    }

    /// The next boundary with a higher number.
    function above(int24 at) private view returns (int24) {
        (int16 last,) = placeOf(HIGHEST);
        (int16 word, uint256 bit) = placeOf(at + SPACING);
        unchecked {
            // all bits from that one on, and of those the lowest
            for (uint256 found = 0 - bit; word <= last; (word, found) = (word + 1, type(uint256).max)) {
                found &= known[word];
                if (found != 0) return boundaryAt(word, found & (0 - found));
            }
        }
        return HIGHEST;
    }

    /// The next boundary with a lower number.
    function below(int24 at) private view returns (int24) {
        (int16 last,) = placeOf(LOWEST);
        (int16 word, uint256 bit) = placeOf(at);
        unchecked {
            for (uint256 found = bit - 1; word >= last; (word, found) = (word - 1, type(uint256).max)) {
                found &= known[word];
                if (found != 0) return boundaryAt(word, found);
            }
        }
        return LOWEST;
    }

    function placeOf(int24 at) private pure returns (int16 word, uint256 bit) {
        int24 index = at / SPACING;
        return (int16(index >> 8), 1 << uint8(uint24(index)));
    }

    /// Of the highest of the bits.
    function boundaryAt(int16 word, uint256 bits) private pure returns (int24) {
        return ((int24(word) << 8) + int24(uint24(Math.log2(bits)))) * SPACING;
    }

    function growthInside(int24 lower, int24 upper) private view returns (uint256 inside0, uint256 inside1) {
        Boundary storage low = boundaries[lower];
        Boundary storage high = boundaries[upper];
        int24 at = price.lower;
        unchecked {
            inside0 = growth0 - (at >= lower ? low.outside0 : growth0 - low.outside0)
                - (at < upper ? high.outside0 : growth0 - high.outside0);
            inside1 = growth1 - (at >= lower ? low.outside1 : growth1 - low.outside1)
                - (at < upper ? high.outside1 : growth1 - high.outside1);
        }
    }

    /// Once per block: what the price was until now.
    function observe(Price memory before) private returns (uint16 at) {
        at = before.observation;
        uint256 newest = observations[at];
        uint32 elapsed;
        unchecked {
            elapsed = uint32(block.timestamp) - uint32(newest >> 224);
        }
        if (elapsed == 0) return at;
        at = uint16((at + 1) % OBSERVATIONS);
        unchecked {
            observations[at] = block.timestamp << 224 | uint224(uint224(newest) + uint256(before.root) * elapsed);
        }
    }

    /// How much of token 0 lies between two roots: liquidity × (1 / low − 1 / high).
    function between0(uint256 low, uint256 high, uint128 amount, Math.Rounding rounding) private pure returns (uint256) {
        uint256 scaled = Math.mulDiv(uint256(amount) << 96, high - low, high, rounding);
        return rounding == Math.Rounding.Ceil ? Math.ceilDiv(scaled, low) : scaled / low;
    }

    /// How much of token 1 lies between two roots: liquidity × (high − low).
    function between1(uint256 low, uint256 high, uint128 amount, Math.Rounding rounding) private pure returns (uint256) {
        return Math.mulDiv(amount, high - low, ONE, rounding);
    }

    /// Where an input of token 0 leads: 1 / root rises by input / liquidity.
    function rootAfter0(uint256 root, uint128 amount, uint256 input) private pure returns (uint160) {
        uint256 scaled = uint256(amount) << 96;
        return uint160(Math.mulDiv(scaled, root, scaled + input * root, Math.Rounding.Ceil));
    }

    /// Where an input of token 1 leads: root rises by input / liquidity.
    function rootAfter1(uint256 root, uint128 amount, uint256 input) private pure returns (uint160) {
        return uint160(root + (input << 96) / amount);
    }

    /// The root of 1.0001^n, by squaring and multiplying in 128 bits behind the point.
    function rootAt(int24 n) private pure returns (uint160) {
        uint256 exponent = uint24(n < 0 ? -n : n);
        // 2^128 / √1.0001
        uint256 power = 340265354078544963557816517032075149313;
        uint256 root = 1 << 128;
        unchecked {
            for (; exponent > 0; exponent >>= 1) {
                if (exponent & 1 == 1) root = root * power >> 128;
                power = power * power >> 128;
            }
        }
        if (n > 0) root = type(uint256).max / root;
        return uint160(root >> 32);
    }
}
