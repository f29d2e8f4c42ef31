// SPDX-License-Identifier: MIT
// Tokens for tests of previews: OpenZeppelin's, and those that have ways of their own.
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20FlashMint} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20FlashMint.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Wrapper} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Wrapper.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC721Burnable} from "@openzeppelin/contracts/token/ERC721/extensions/ERC721Burnable.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {ERC1155Burnable} from "@openzeppelin/contracts/token/ERC1155/extensions/ERC1155Burnable.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";

contract Dollar is ERC20, ERC20Burnable, ERC20Permit, ERC20FlashMint {
    constructor() ERC20("Dollar", "USD") ERC20Permit("Dollar") {}

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

contract Wrapped is ERC20, ERC20Wrapper {
    constructor(IERC20 token) ERC20("Wrapped", "wUSD") ERC20Wrapper(token) {}

    function decimals() public view override(ERC20, ERC20Wrapper) returns (uint8) {
        return super.decimals();
    }
}

contract Vault is ERC4626 {
    constructor(IERC20 token) ERC20("Vault", "vUSD") ERC4626(token) {}
}

contract Picture is ERC721, ERC721Burnable {
    constructor() ERC721("Picture", "PIC") {}

    function mint(address to, uint256 first, uint256 count) external {
        for (uint256 i = 0; i < count; i++) _mint(to, first + i);
    }
}

contract Items is ERC1155, ERC1155Burnable {
    constructor() ERC1155("") {}

    function mint(address to, uint256[] calldata ids, uint256[] calldata amounts) external {
        if (ids.length == 1) _mint(to, ids[0], amounts[0], "");
        else _mintBatch(to, ids, amounts, "");
    }
}

contract Proxy is ERC1967Proxy {
    constructor(address target) ERC1967Proxy(target, "") {}

    function _unsafeAllowUninitialized() internal pure override returns (bool) {
        return true;
    }
}

/// Takes a hundredth of what is transferred, and says so, or not.
contract Taxed is ERC20 {
    bool private immutable honest;

    constructor(bool honest_) ERC20("Taxed", honest_ ? "TAX" : "SLY") {
        honest = honest_;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    mapping(address => uint256) private taken;

    function balanceOf(address account) public view override returns (uint256) {
        return super.balanceOf(account) - taken[account];
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        uint256 tax = amount / 100;
        if (honest) {
            _transfer(msg.sender, address(this), tax);
            _transfer(msg.sender, to, amount - tax);
        } else {
            _transfer(msg.sender, to, amount);
            taken[to] += tax;
        }
        return true;
    }
}

/// Balances are shares of what there is, which grows.
contract Rebasing {
    string public constant symbol = "REB";
    uint8 public constant decimals = 18;
    uint256 public index = 1;
    mapping(address => uint256) private shares;

    event Transfer(address indexed from, address indexed to, uint256 amount);

    function balanceOf(address account) external view returns (uint256) {
        return shares[account] * index;
    }

    function mint(address to, uint256 amount) external {
        shares[to] += amount / index;
        emit Transfer(address(0), to, amount);
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        shares[msg.sender] -= amount / index;
        shares[to] += amount / index;
        emit Transfer(msg.sender, to, amount);
        return true;
    }

    function rebase(uint256 to) external {
        index = to;
    }
}

/// Says what it likes.
contract Liar {
    uint8 public constant decimals = 0;
    mapping(address => uint256) public balanceOf;

    event Transfer(address indexed from, address indexed to, uint256 amount);

    function symbol() external pure returns (string memory) {
        return unicode"\u202e\u001b[31mEVIL\u0007";
    }

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function say(address from, address to, uint256 amount) external {
        emit Transfer(from, to, amount);
    }

    function move(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }
}

/// As tokens were before there was a standard: a name of 32 bytes, no decimals, no return value.
contract Old {
    bytes32 public constant symbol = "OLD";
    mapping(address => uint256) public balanceOf;

    event Transfer(address indexed from, address indexed to, uint256 amount);

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
        emit Transfer(address(0), to, amount);
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
        emit Transfer(msg.sender, to, amount);
    }
}

/// WETH9, as it is on mainnet but for the version of the language; the second kind tells transfers as well.
contract WETH9 {
    string public name = "Wrapped Ether";
    string public symbol = "WETH";
    uint8 public decimals = 18;
    bool private immutable tells;

    event Approval(address indexed src, address indexed guy, uint256 wad);
    event Transfer(address indexed src, address indexed dst, uint256 wad);
    event Deposit(address indexed dst, uint256 wad);
    event Withdrawal(address indexed src, uint256 wad);

    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    constructor(bool tells_) {
        tells = tells_;
    }

    receive() external payable {
        deposit();
    }

    function deposit() public payable {
        balanceOf[msg.sender] += msg.value;
        emit Deposit(msg.sender, msg.value);
        if (tells) emit Transfer(address(0), msg.sender, msg.value);
    }

    function withdraw(uint256 wad) public {
        require(balanceOf[msg.sender] >= wad);
        balanceOf[msg.sender] -= wad;
        payable(msg.sender).transfer(wad);
        emit Withdrawal(msg.sender, wad);
        if (tells) emit Transfer(msg.sender, address(0), wad);
    }

    function approve(address guy, uint256 wad) public returns (bool) {
        allowance[msg.sender][guy] = wad;
        emit Approval(msg.sender, guy, wad);
        return true;
    }

    function transfer(address dst, uint256 wad) public returns (bool) {
        return transferFrom(msg.sender, dst, wad);
    }

    function transferFrom(address src, address dst, uint256 wad) public returns (bool) {
        require(balanceOf[src] >= wad);
        if (src != msg.sender && allowance[src][msg.sender] != type(uint256).max) {
            require(allowance[src][msg.sender] >= wad);
            allowance[src][msg.sender] -= wad;
        }
        balanceOf[src] -= wad;
        balanceOf[dst] += wad;
        emit Transfer(src, dst, wad);
        return true;
    }
}

/// Keeps money, and says so as WETH does, but is no token.
contract Bank {
    event Deposit(address indexed who, uint256 amount);
    event Withdrawal(address indexed who, uint256 amount);

    function deposit() external payable {
        emit Deposit(msg.sender, msg.value);
    }

    function withdraw(uint256 amount) external {
        payable(msg.sender).transfer(amount);
        emit Withdrawal(msg.sender, amount);
    }
}

/// Permit2's allowances, with its names and events.
contract Permit2 {
    struct Allowed {
        uint160 amount;
        uint48 expiration;
        uint48 nonce;
    }

    mapping(address => mapping(address => mapping(address => Allowed))) public allowance;

    event Approval(address indexed owner, address indexed token, address indexed spender, uint160 amount, uint48 expiration);
    event Permit(
        address indexed owner, address indexed token, address indexed spender, uint160 amount, uint48 expiration, uint48 nonce
    );
    event Lockdown(address indexed owner, address token, address spender);

    function approve(address token, address spender, uint160 amount, uint48 expiration) external {
        allowance[msg.sender][token][spender].amount = amount;
        allowance[msg.sender][token][spender].expiration = expiration;
        emit Approval(msg.sender, token, spender, amount, expiration);
    }

    /// The signature is not looked at.
    function permit(address owner, address token, address spender, uint160 amount, uint48 expiration) external {
        Allowed storage allowed = allowance[owner][token][spender];
        (allowed.amount, allowed.expiration) = (amount, expiration);
        emit Permit(owner, token, spender, amount, expiration, allowed.nonce++);
    }

    function transferFrom(address from, address to, uint160 amount, address token) external {
        allowance[from][token][msg.sender].amount -= amount;
        IERC20(token).transferFrom(from, to, amount);
    }

    function lockdown(address token, address spender) external {
        allowance[msg.sender][token][spender].amount = 0;
        emit Lockdown(msg.sender, token, spender);
    }
}

interface IPair {
    function swap(uint256 out0, uint256 out1, address to, bytes calldata data) external;
    function mint(address to) external returns (uint256);
    function burn(address to) external returns (uint256, uint256);
}

interface IPool {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function swap(address to, bool zeroForOne, int256 amount, uint160 limit, bytes calldata data)
        external
        returns (int256, int256);
    function mint(address to, int24 lower, int24 upper, uint128 amount, bytes calldata data)
        external
        returns (uint256, uint256);
}

/// Does many things at once.
contract Batch {
    receive() external payable {}

    function disperse(IERC20 token, address[] calldata to, uint256 amount) external {
        for (uint256 i = 0; i < to.length; i++) token.transferFrom(msg.sender, to[i], amount);
    }

    function split(address payable first, address payable second) external payable {
        first.transfer(msg.value / 2);
        second.transfer(msg.value / 2);
    }

    function pass(address payable to) external payable {
        to.transfer(msg.value);
    }

    function fail(address payable to) external payable {
        to.transfer(msg.value);
        revert("no");
    }

    /// What fails within is taken back; the rest is not.
    function attempt(IERC20 token, address payable to, uint256 amount) external payable {
        try this.fail{value: msg.value}(to) {} catch {}
        token.transferFrom(msg.sender, to, amount);
    }

    function end(address payable to) external payable {
        selfdestruct(to);
    }

    function burn() external payable {
        new Burner{value: msg.value}();
    }

    function onFlashLoan(address, address token, uint256 amount, uint256, bytes calldata) external returns (bytes32) {
        IERC20(token).approve(msg.sender, amount);
        return keccak256("ERC3156FlashBorrower.onFlashLoan");
    }

    /// Uniswap v2: pays, and takes what is asked for.
    function swapOnPair(IPair pair, IERC20 token, uint256 amount, uint256 out0, uint256 out1) external {
        token.transferFrom(msg.sender, address(pair), amount);
        pair.swap(out0, out1, msg.sender, "");
    }

    function join(IPair pair, IERC20 first, IERC20 second, uint256 amount) external {
        first.transferFrom(msg.sender, address(pair), amount);
        second.transferFrom(msg.sender, address(pair), amount);
        pair.mint(msg.sender);
    }

    function leave(IPair pair, uint256 amount) external {
        IERC20(address(pair)).transferFrom(msg.sender, address(pair), amount);
        pair.burn(msg.sender);
    }

    /// Uniswap v3: the pool asks for what it gets while it is called.
    function swapOnPool(IPool pool, bool zeroForOne, int256 amount) external {
        uint160 limit = zeroForOne ? 4295128740 : 1461446703485210103287273052203988822378723970341;
        pool.swap(msg.sender, zeroForOne, amount, limit, abi.encode(msg.sender));
    }

    function provide(IPool pool, uint128 amount) external {
        pool.mint(msg.sender, -60, 60, amount, abi.encode(msg.sender));
    }

    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata data) external {
        pay(amount0 > 0 ? uint256(amount0) : 0, amount1 > 0 ? uint256(amount1) : 0, abi.decode(data, (address)));
    }

    function uniswapV3MintCallback(uint256 amount0, uint256 amount1, bytes calldata data) external {
        pay(amount0, amount1, abi.decode(data, (address)));
    }

    function pay(uint256 amount0, uint256 amount1, address from) private {
        if (amount0 > 0) IERC20(IPool(msg.sender).token0()).transferFrom(from, msg.sender, amount0);
        if (amount1 > 0) IERC20(IPool(msg.sender).token1()).transferFrom(from, msg.sender, amount1);
    }

    function borrow(ERC20FlashMint token, uint256 amount) external {
        token.flashLoan(BatchBorrower(address(this)), address(token), amount, "");
    }
}

import {IERC3156FlashBorrower as BatchBorrower} from "@openzeppelin/contracts/interfaces/IERC3156FlashBorrower.sol";

contract Burner {
    constructor() payable {
        selfdestruct(payable(address(this)));
    }
}
