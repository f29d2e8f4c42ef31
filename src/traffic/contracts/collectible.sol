// SPDX-License-Identifier: MIT
// The NFT of the traffic block: OpenZeppelin's ERC-721 with a counter, which every mint reads and writes.
pragma solidity ^0.8.24;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

contract Collectible is ERC721 {
    uint256 public minted;

    constructor(string memory name_, string memory symbol_) ERC721(name_, symbol_) {}

    function mint() external returns (uint256 id) {
        id = minted++;
        _safeMint(msg.sender, id);
    }
}
