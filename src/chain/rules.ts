// What each fork lays down, as data: a row is the fork before, plus these lines. The only place that knows prices, limits and
// which rule came when; the core, the encoder, the readers and the ethereumjs executor take them from here.

import { HARDFORKS, type Hardfork } from './hardfork.ts';
import { OPCODES } from './opcodes.ts';

/** No limit. */
const NONE = Number.POSITIVE_INFINITY;
const ETHER = 10n ** 18n;

/**
 * Numbers that the core works with, in the order of its record: gas where nothing else is said. A line more is known to the
 * core after `npx vitest run --project unit test/unit/chain -u`.
 */
export const NUMBERS = {
  accountAccessGas: 'for a cold account, on top of the opcode (EIP-2929)',
  coldAccountGas: 'the whole of a cold access that has no opcode of its own',
  warmAccessGas: 'the same of a warm one',
  slotAccessGas: 'for a cold slot, on top of SLOAD',
  coldSlotGas: 'for a cold slot, on top of SSTORE',
  storageSetGas: 'SSTORE of a slot that was and is zero',
  storageUpdateGas: 'SSTORE of a clean slot with a value, access not included',
  storageReadGas: 'SSTORE that changes nothing, or a dirty slot',
  storageSentryGas: 'SSTORE halts with no more gas than that; 0: no such rule (EIP-2200)',
  clearRefund: 'for a slot that becomes zero',
  selfDestructRefund: 'for a contract that destroys itself',
  selfDestructNewAccountGas: 'SELFDESTRUCT to an account that is not there',
  memoryWordGas: 'memory, for a word',
  memorySquareShift: 'memory, besides: the square of its words, divided by two to the power of this',
  expByteGas: 'EXP, for a byte of the exponent',
  copyWordGas: 'copies, for a word',
  hashWordGas: 'KECCAK256 and CREATE2, for a word',
  logByteGas: 'logs, for a byte of data',
  callValueGas: 'a call that brings value',
  callStipend: 'gas that such a call gives for nothing',
  newAccountGas: 'a call that makes an account',
  codeDepositGas: 'for a byte of new code',
  codeDepositWordGas: 'for a word of new code',
  initCodeWordGas: 'for a word of init code (EIP-3860)',
  transactionGas: 'a transaction',
  recipientGas: 'a transaction to another account than its sender, besides (EIP-2780)',
  valueGas: 'the same, where it brings value',
  creationGas: 'a transaction that creates, besides',
  zeroByteGas: 'for a zero byte of call data',
  dataByteGas: 'for another byte of call data',
  floorZeroByteGas: 'the least for a zero byte of call data (EIP-7623)',
  floorDataByteGas: 'the least for another byte of call data; 0: no such rule',
  accessAddressGas: 'for an address of an access list (EIP-2930)',
  accessSlotGas: 'for a slot of an access list',
  accessByteGas: 'for a byte of an access list, of the floor too (EIP-7981)',
  authorizationGas: 'for an authorisation (EIP-7702)',
  authorizationRefund: 'for an authorisation of an account that is there',
  authorizationWriteGas: 'for the first authorisation of an account that nothing else writes',
  blobGas: 'blob gas of a blob (EIP-4844)',
  maxBlobsOfTransaction: 'blobs of a transaction (EIP-4844, 7594)',
  refundQuotient: 'a refund is at most the gas used divided by this',
  transactionGasCap: 'most gas of a transaction for anything but state (EIP-7825)',
  transactionGasLimit: 'most gas of a transaction',
  stateByteGas: 'state gas for a byte by which the state grows; 0: there is none (EIP-8037)',
  accountStateBytes: 'bytes of a new account',
  slotStateBytes: 'bytes of a new slot',
  delegationStateBytes: 'bytes of a new delegation',
  systemStateBytes: 'bytes by which a call of the protocol may make the state grow',
  maxCodeSize: 'bytes of code (EIP-170)',
  maxInitCodeSize: 'bytes of init code (EIP-3860)',
  lastTransactionType: 'highest type of a transaction (EIP-2718)',
  lastPrecompile: 'highest address of a precompile of the first range',
  ecrecoverGas: 'ECRECOVER',
  sha256Gas: 'SHA-256',
  sha256WordGas: 'the same, for a word',
  ripemd160Gas: 'RIPEMD-160',
  ripemd160WordGas: 'the same, for a word',
  identityGas: 'the identity',
  identityWordGas: 'the same, for a word',
  modexpMinimumGas: 'MODEXP, the least (EIP-2565)',
  modexpDivisor: 'MODEXP: complexity times iterations, divided by this',
  modexpExponentByteFactor: 'MODEXP: iterations for a byte of the exponent beyond the 32nd',
  modexpMaximumLength: 'MODEXP: bytes of an operand (EIP-7823)',
  bn254AddGas: 'BN254: addition',
  bn254MulGas: 'BN254: multiplication',
  bn254PairingGas: 'BN254: pairing',
  bn254PairGas: 'the same, for a pair',
  blake2RoundGas: 'BLAKE2: for a round',
  pointEvaluationGas: 'KZG point evaluation',
  blsG1AddGas: 'BLS12-381 (EIP-2537): addition in G1',
  blsG1MulGas: 'multiplication in G1, before the discount',
  blsG2AddGas: 'addition in G2',
  blsG2MulGas: 'multiplication in G2, before the discount',
  blsPairingGas: 'pairing',
  blsPairGas: 'the same, for a pair',
  blsMapG1Gas: 'mapping to G1',
  blsMapG2Gas: 'mapping to G2',
  p256VerifyGas: 'P256VERIFY (EIP-7951)',
} as const;

/** Rules that hold or not, in the order of the core's record, behind the numbers. */
export const SWITCHES = {
  depositMustBePaid: 'too little gas for the code deposit fails a creation (EIP-2)',
  refusesHighS: 'signatures with s in the upper half of the order are none (EIP-2)',
  keepsGas: 'a call gets at most 63/64 of the gas (EIP-150)',
  clearsEmpty: 'accounts that are empty do not exist; contracts begin with nonce 1 (EIP-161)',
  netStorageMetering: 'SSTORE costs by original and current value (EIP-1283, 2200)',
  hasWarmth: 'accounts and slots are warm or cold (EIP-2929)',
  hasBaseFee: 'EIP-1559',
  reservesEf: 'no new code begins with 0xef (EIP-3541)',
  coinbaseIsWarm: 'EIP-3651',
  destroysOnlyNew: 'SELFDESTRUCT destroys only what the same transaction created (EIP-6780)',
  hasDelegation: 'EIP-7702',
  hasP256: 'P256VERIFY is at 0x100 (EIP-7951)',
  logsTransfers: 'value that moves leaves a log (EIP-7708)',
  destructionKeepsFunds: 'what destroys itself keeps what it has not sent away (EIP-8246)',
  ignoresStrayStorage: 'storage alone does not keep a contract from being created (without EIP-7610)',
  modexpCountsWords: 'MODEXP: complexity by words of eight bytes (EIP-2565)',
  modexpDoubles: 'MODEXP: complexity has a least, and doubles beyond 32 bytes (EIP-7883)',
} as const;

/** The numbers of a fork's rules. */
export type Numbers = { readonly [Name in keyof typeof NUMBERS]: number };
/** What a fork has or has not. */
export type Switches = { readonly [Name in keyof typeof SWITCHES]: boolean };

/** What is asked of a fork outside of the core. */
interface BlockRules {
  /** Receipts tell success or failure; before, they hold the state's root (EIP-658). */
  readonly hasReceiptStatus: boolean;
  /** Legacy signatures may cover the chain's id (EIP-155). */
  readonly hasReplayProtection: boolean;
  /** The header's mixHash is prevRandao; no rewards, no uncles, difficulty 0 (EIP-3675, EIP-4399). */
  readonly hasProofOfStake: boolean;
  /** EIP-4895 */
  readonly hasWithdrawals: boolean;
  /** EIP-4788 */
  readonly hasBeaconRoot: boolean;
  /** EIP-2935: the parent's hash goes to a contract. */
  readonly hasBlockHashContract: boolean;
  /** EIP-7685 */
  readonly hasRequests: boolean;
  /** Requests of builders (EIP-8282). */
  readonly hasBuilderRequests: boolean;
  /** The number of the slot is in the header (EIP-7843). */
  readonly hasSlotNumber: boolean;
  /** The hash of the block's access list is in the header (EIP-7928). */
  readonly hasBlockAccessList: boolean;
  /** Wei for the miner of a block with proof of work. */
  readonly blockReward: bigint;
  /** Blobs of a block; 0: there are none (EIP-4844, 7691, 7892). */
  readonly maxBlobs: number;
  /** Blobs of a block at which their base fee stays as it is. */
  readonly targetBlobs: number;
  /** How fast the blobs' base fee moves. */
  readonly blobUpdateFraction: bigint;
  /** EIP-7918: the base fee of blobs is bounded below by that of gas. */
  readonly bindsBlobFee: boolean;
}

export interface Rules extends Numbers, Switches, BlockRules {
  readonly hardfork: Hardfork;
  /** What each opcode that is there costs at least, by its name. */
  readonly prices: Readonly<Record<string, number>>;
}

/** What a fork changes. Opcodes that it brings stand in opcodes.ts. */
type Changes = Partial<Omit<Rules, 'hardfork'>>;

const FIRST: Omit<Rules, 'hardfork' | 'prices'> = {
  accountAccessGas: 0,
  coldAccountGas: 0,
  warmAccessGas: 0,
  slotAccessGas: 0,
  coldSlotGas: 0,
  storageSetGas: 20000,
  storageUpdateGas: 5000,
  storageReadGas: 5000,
  storageSentryGas: 0,
  clearRefund: 15000,
  selfDestructRefund: 24000,
  selfDestructNewAccountGas: 0,
  memoryWordGas: 3,
  memorySquareShift: 9,
  expByteGas: 10,
  copyWordGas: 3,
  hashWordGas: 6,
  logByteGas: 8,
  callValueGas: 9000,
  callStipend: 2300,
  newAccountGas: 25000,
  codeDepositGas: 200,
  codeDepositWordGas: 0,
  initCodeWordGas: 0,
  transactionGas: 21000,
  recipientGas: 0,
  valueGas: 0,
  creationGas: 0,
  zeroByteGas: 4,
  dataByteGas: 68,
  floorZeroByteGas: 0,
  floorDataByteGas: 0,
  accessAddressGas: 2400,
  accessSlotGas: 1900,
  accessByteGas: 0,
  authorizationGas: 25000,
  authorizationRefund: 12500,
  authorizationWriteGas: 0,
  blobGas: 131072,
  maxBlobsOfTransaction: 0,
  refundQuotient: 2,
  transactionGasCap: NONE,
  transactionGasLimit: NONE,
  stateByteGas: 0,
  accountStateBytes: 0,
  slotStateBytes: 0,
  delegationStateBytes: 0,
  systemStateBytes: 0,
  maxCodeSize: NONE,
  maxInitCodeSize: NONE,
  lastTransactionType: 0,
  lastPrecompile: 4,
  ecrecoverGas: 3000,
  sha256Gas: 60,
  sha256WordGas: 12,
  ripemd160Gas: 600,
  ripemd160WordGas: 120,
  identityGas: 15,
  identityWordGas: 3,
  modexpMinimumGas: 0,
  modexpDivisor: 20,
  modexpExponentByteFactor: 8,
  modexpMaximumLength: NONE,
  bn254AddGas: 500,
  bn254MulGas: 40000,
  bn254PairingGas: 100000,
  bn254PairGas: 80000,
  blake2RoundGas: 1,
  pointEvaluationGas: 50000,
  blsG1AddGas: 375,
  blsG1MulGas: 12000,
  blsG2AddGas: 600,
  blsG2MulGas: 22500,
  blsPairingGas: 37700,
  blsPairGas: 32600,
  blsMapG1Gas: 5500,
  blsMapG2Gas: 23800,
  p256VerifyGas: 6900,
  depositMustBePaid: false,
  refusesHighS: false,
  keepsGas: false,
  clearsEmpty: false,
  netStorageMetering: false,
  hasWarmth: false,
  hasBaseFee: false,
  reservesEf: false,
  coinbaseIsWarm: false,
  destroysOnlyNew: false,
  hasDelegation: false,
  hasP256: false,
  logsTransfers: false,
  destructionKeepsFunds: false,
  ignoresStrayStorage: false,
  modexpCountsWords: false,
  modexpDoubles: false,
  hasReceiptStatus: false,
  hasReplayProtection: false,
  hasProofOfStake: false,
  hasWithdrawals: false,
  hasBeaconRoot: false,
  hasBlockHashContract: false,
  hasRequests: false,
  hasBuilderRequests: false,
  hasSlotNumber: false,
  hasBlockAccessList: false,
  blockReward: 5n * ETHER,
  maxBlobs: 0,
  targetBlobs: 0,
  blobUpdateFraction: 0n,
  bindsBlobFee: false,
};

/** Rows without a line changed only difficulty or headers. */
const ROWS: Readonly<Record<Hardfork, Changes>> = {
  chainstart: {},
  homestead: {
    // EIP-2
    depositMustBePaid: true,
    refusesHighS: true,
    creationGas: 32000,
  },
  dao: {},
  tangerineWhistle: {
    // EIP-150
    prices: {
      ...{ EXTCODESIZE: 700, EXTCODECOPY: 700, BALANCE: 400, SLOAD: 200 },
      ...{ CALL: 700, CALLCODE: 700, DELEGATECALL: 700, SELFDESTRUCT: 5000 },
    },
    selfDestructNewAccountGas: 25000,
    keepsGas: true,
  },
  spuriousDragon: {
    hasReplayProtection: true, // EIP-155
    expByteGas: 50, // EIP-160
    clearsEmpty: true, // EIP-161
    maxCodeSize: 24576, // EIP-170
  },
  byzantium: {
    lastPrecompile: 8, // EIP-196, 197, 198
    blockReward: 3n * ETHER, // EIP-649
    hasReceiptStatus: true, // EIP-658
  },
  constantinople: {
    blockReward: 2n * ETHER, // EIP-1234
    netStorageMetering: true, // EIP-1283
    storageReadGas: 200,
  },
  petersburg: {
    netStorageMetering: false, // EIP-1716
    storageReadGas: 5000,
  },
  istanbul: {
    lastPrecompile: 9, // EIP-152
    ...{ bn254AddGas: 150, bn254MulGas: 6000, bn254PairingGas: 45000, bn254PairGas: 34000 }, // EIP-1108
    prices: { SLOAD: 800, BALANCE: 700, EXTCODEHASH: 700 }, // EIP-1884
    dataByteGas: 16, // EIP-2028
    netStorageMetering: true, // EIP-2200
    storageReadGas: 800,
    storageSentryGas: 2300,
  },
  muirGlacier: {},
  berlin: {
    ...{ modexpMinimumGas: 200, modexpDivisor: 3, modexpCountsWords: true }, // EIP-2565
    // EIP-2929: opcodes have the warm price
    hasWarmth: true,
    warmAccessGas: 100,
    coldAccountGas: 2600,
    accountAccessGas: 2600 - 100,
    coldSlotGas: 2100,
    slotAccessGas: 2100 - 100,
    prices: {
      ...{ SLOAD: 100, BALANCE: 100, EXTCODESIZE: 100, EXTCODECOPY: 100, EXTCODEHASH: 100 },
      ...{ CALL: 100, CALLCODE: 100, DELEGATECALL: 100, STATICCALL: 100 },
    },
    storageReadGas: 100,
    storageUpdateGas: 5000 - 2100,
    lastTransactionType: 1, // EIP-2930
  },
  london: {
    hasBaseFee: true, // EIP-1559
    lastTransactionType: 2,
    ...{ refundQuotient: 5, clearRefund: 4800, selfDestructRefund: 0 }, // EIP-3529
    reservesEf: true, // EIP-3541
  },
  arrowGlacier: {},
  grayGlacier: {},
  paris: {
    hasProofOfStake: true, // EIP-3675, 4399
    blockReward: 0n,
  },
  mergeNetsplitBlock: {},
  shanghai: {
    coinbaseIsWarm: true, // EIP-3651
    ...{ maxInitCodeSize: 2 * 24576, initCodeWordGas: 2 }, // EIP-3860
    hasWithdrawals: true, // EIP-4895
  },
  cancun: {
    hasBeaconRoot: true, // EIP-4788
    lastPrecompile: 10, // EIP-4844
    lastTransactionType: 3,
    ...{ maxBlobs: 6, targetBlobs: 3, maxBlobsOfTransaction: 6, blobUpdateFraction: 3_338_477n },
    destroysOnlyNew: true, // EIP-6780
  },
  prague: {
    lastPrecompile: 17, // EIP-2537
    hasBlockHashContract: true, // EIP-2935
    ...{ floorZeroByteGas: 10, floorDataByteGas: 40 }, // EIP-7623
    hasRequests: true, // EIP-7685
    ...{ maxBlobs: 9, targetBlobs: 6, maxBlobsOfTransaction: 9, blobUpdateFraction: 5_007_716n }, // EIP-7691
    hasDelegation: true, // EIP-7702
    lastTransactionType: 4,
  },
  osaka: {
    maxBlobsOfTransaction: 6, // EIP-7594
    modexpMaximumLength: 1024, // EIP-7823
    transactionGasCap: 1 << 24, // EIP-7825
    ...{ modexpMinimumGas: 500, modexpDivisor: 1, modexpExponentByteFactor: 16, modexpDoubles: true }, // EIP-7883
    bindsBlobFee: true, // EIP-7918
    hasP256: true, // EIP-7951
  },
  bpo1: { maxBlobs: 15, targetBlobs: 10, blobUpdateFraction: 8_346_193n }, // EIP-7892
  bpo2: { maxBlobs: 21, targetBlobs: 14, blobUpdateFraction: 11_684_671n },
  amsterdam: {
    ...{ transactionGas: 12_000, recipientGas: 3000, valueGas: 6000, creationGas: 12_000 }, // EIP-2780
    ...{ authorizationGas: 7816, authorizationWriteGas: 9000, authorizationRefund: 0 },
    logsTransfers: true, // EIP-7708
    hasSlotNumber: true, // EIP-7843
    hasBlockAccessList: true, // EIP-7928
    ...{ maxCodeSize: 65_536, maxInitCodeSize: 131_072 }, // EIP-7954
    ...{ floorZeroByteGas: 64, floorDataByteGas: 64 }, // EIP-7976
    accessByteGas: 64, // EIP-7981
    // EIP-8037
    ...{ stateByteGas: 1530, accountStateBytes: 120, slotStateBytes: 64, delegationStateBytes: 23 },
    ...{ systemStateBytes: 16 * 64, transactionGasLimit: 2 ** 32 - 1 },
    ...{ codeDepositGas: 0, codeDepositWordGas: 6, newAccountGas: 0 },
    // EIP-8038: opcodes have the warm price, SSTORE of a slot that it changes that of the write besides
    ...{ accountAccessGas: 3000 - 100, coldAccountGas: 3000, coldSlotGas: 2100 - 100 },
    ...{ storageSetGas: 10_000 + 100, storageUpdateGas: 10_000 + 100, clearRefund: 11_616 },
    ...{ callValueGas: 11_300, selfDestructNewAccountGas: 9000 },
    ...{ accessAddressGas: 2900, accessSlotGas: 2000 },
    prices: { EXTCODESIZE: 200, EXTCODECOPY: 200, CREATE: 12_000, CREATE2: 12_000 },
    destructionKeepsFunds: true, // EIP-8246
    hasBuilderRequests: true, // EIP-8282
    ignoresStrayStorage: true,
  },
};

/** The rules of all forks, each the one before it with its row. */
const RULES: ReadonlyMap<Hardfork, Rules> = allRules();

function allRules(): Map<Hardfork, Rules> {
  const all = new Map<Hardfork, Rules>();
  let before: Omit<Rules, 'hardfork'> = { ...FIRST, prices: {} };
  for (const hardfork of HARDFORKS) {
    const { prices: changed = {}, ...changes } = ROWS[hardfork];
    const arrived = OPCODES.filter(({ since }) => since === hardfork).map(({ name, price }) => [name, price]);
    const prices = Object.freeze({ ...before.prices, ...Object.fromEntries(arrived), ...changed });
    before = { ...before, ...changes, prices };
    all.set(hardfork, Object.freeze({ ...before, hardfork }));
  }
  return all;
}

/** What holds in a fork. The same object each time; it cannot be changed. */
export function rulesOf(hardfork: Hardfork): Rules {
  return RULES.get(hardfork)!;
}

/** The first fork whose rules are so; for messages. `undefined` where none is. */
export function firstForkWhere(holds: (rules: Rules) => boolean): Hardfork | undefined {
  return HARDFORKS.find((hardfork) => holds(rulesOf(hardfork)));
}
