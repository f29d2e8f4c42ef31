// Names of a few mainnet contracts that nearly every block of their time uses, for reports.

export const knownContracts: Readonly<Record<string, string>> = {
  '0x06012c8cf97bead5deae237070f9587f8e7a266d': 'CryptoKitties',
  '0x5c69bee701ef814a2b6a3edd4b1652cb9cc5aa6f': 'Uniswap v2 factory',
  '0x6b175474e89094c44da98b954eedeac495271d0f': 'DAI',
  '0x7a250d5630b4cf539739df2c5dacb4c659f2488d': 'Uniswap v2 router',
  '0x8d12a197cb00d4747a1fe03395095ce2a5cc6819': 'EtherDelta',
  '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48': 'USDC',
  '0xb4e16d0168e52d35cacd2c6185b44281ec28c9dc': 'Uniswap v2 USDC/WETH',
  '0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2': 'WETH',
  '0xdac17f958d2ee523a2206206994597c13d831ec7': 'USDT',
  '0xe592427a0aece92de3edee1f18e0157c05861564': 'Uniswap v3 router',
};
