// The rules in force: prices are gas. Made from src/chain/rules.ts: `npx vitest run --project unit test/unit/chain -u`.

import { EvmRules } from "../../../layout";

/** Address of 256 EvmOpcode; 0 before the rules are read. */
export let opcodeTable: u32 = 0;

/** For a cold account, on top of the opcode (EIP-2929). */
export let accountAccessGas: i64 = 0;
/** The whole of a cold access that has no opcode of its own. */
export let coldAccountGas: i64 = 0;
/** The same of a warm one. */
export let warmAccessGas: i64 = 0;
/** For a cold slot, on top of SLOAD. */
export let slotAccessGas: i64 = 0;
/** For a cold slot, on top of SSTORE. */
export let coldSlotGas: i64 = 0;
/** SSTORE of a slot that was and is zero. */
export let storageSetGas: i64 = 0;
/** SSTORE of a clean slot with a value, access not included. */
export let storageUpdateGas: i64 = 0;
/** SSTORE that changes nothing, or a dirty slot. */
export let storageReadGas: i64 = 0;
/** SSTORE halts with no more gas than that; 0: no such rule (EIP-2200). */
export let storageSentryGas: i64 = 0;
/** For a slot that becomes zero. */
export let clearRefund: i64 = 0;
/** For a contract that destroys itself. */
export let selfDestructRefund: i64 = 0;
/** SELFDESTRUCT to an account that is not there. */
export let selfDestructNewAccountGas: i64 = 0;
/** Memory, for a word. */
export let memoryWordGas: i64 = 0;
/** Memory, besides: the square of its words, divided by two to the power of this. */
export let memorySquareShift: i64 = 0;
/** EXP, for a byte of the exponent. */
export let expByteGas: i64 = 0;
/** Copies, for a word. */
export let copyWordGas: i64 = 0;
/** KECCAK256 and CREATE2, for a word. */
export let hashWordGas: i64 = 0;
/** Logs, for a byte of data. */
export let logByteGas: i64 = 0;
/** A call that brings value. */
export let callValueGas: i64 = 0;
/** Gas that such a call gives for nothing. */
export let callStipend: i64 = 0;
/** A call that makes an account. */
export let newAccountGas: i64 = 0;
/** For a byte of new code. */
export let codeDepositGas: i64 = 0;
/** For a word of new code. */
export let codeDepositWordGas: i64 = 0;
/** For a word of init code (EIP-3860). */
export let initCodeWordGas: i64 = 0;
/** A transaction. */
export let transactionGas: i64 = 0;
/** A transaction to another account than its sender, besides (EIP-2780). */
export let recipientGas: i64 = 0;
/** The same, where it brings value. */
export let valueGas: i64 = 0;
/** A transaction that creates, besides. */
export let creationGas: i64 = 0;
/** For a zero byte of call data. */
export let zeroByteGas: i64 = 0;
/** For another byte of call data. */
export let dataByteGas: i64 = 0;
/** The least for a zero byte of call data (EIP-7623). */
export let floorZeroByteGas: i64 = 0;
/** The least for another byte of call data; 0: no such rule. */
export let floorDataByteGas: i64 = 0;
/** For an address of an access list (EIP-2930). */
export let accessAddressGas: i64 = 0;
/** For a slot of an access list. */
export let accessSlotGas: i64 = 0;
/** For a byte of an access list, of the floor too (EIP-7981). */
export let accessByteGas: i64 = 0;
/** For an authorisation (EIP-7702). */
export let authorizationGas: i64 = 0;
/** For an authorisation of an account that is there. */
export let authorizationRefund: i64 = 0;
/** For the first authorisation of an account that nothing else writes. */
export let authorizationWriteGas: i64 = 0;
/** Blob gas of a blob (EIP-4844). */
export let blobGas: i64 = 0;
/** Blobs of a transaction (EIP-4844, 7594). */
export let maxBlobsOfTransaction: i64 = 0;
/** A refund is at most the gas used divided by this. */
export let refundQuotient: i64 = 0;
/** Most gas of a transaction for anything but state (EIP-7825). */
export let transactionGasCap: i64 = 0;
/** Most gas of a transaction. */
export let transactionGasLimit: i64 = 0;
/** State gas for a byte by which the state grows; 0: there is none (EIP-8037). */
export let stateByteGas: i64 = 0;
/** Bytes of a new account. */
export let accountStateBytes: i64 = 0;
/** Bytes of a new slot. */
export let slotStateBytes: i64 = 0;
/** Bytes of a new delegation. */
export let delegationStateBytes: i64 = 0;
/** Bytes by which a call of the protocol may make the state grow. */
export let systemStateBytes: i64 = 0;
/** Bytes of code (EIP-170). */
export let maxCodeSize: i64 = 0;
/** Bytes of init code (EIP-3860). */
export let maxInitCodeSize: i64 = 0;
/** Highest type of a transaction (EIP-2718). */
export let lastTransactionType: i64 = 0;
/** Highest address of a precompile of the first range. */
export let lastPrecompile: i64 = 0;
/** ECRECOVER. */
export let ecrecoverGas: i64 = 0;
/** SHA-256. */
export let sha256Gas: i64 = 0;
/** The same, for a word. */
export let sha256WordGas: i64 = 0;
/** RIPEMD-160. */
export let ripemd160Gas: i64 = 0;
/** The same, for a word. */
export let ripemd160WordGas: i64 = 0;
/** The identity. */
export let identityGas: i64 = 0;
/** The same, for a word. */
export let identityWordGas: i64 = 0;
/** MODEXP, the least (EIP-2565). */
export let modexpMinimumGas: i64 = 0;
/** MODEXP: complexity times iterations, divided by this. */
export let modexpDivisor: i64 = 0;
/** MODEXP: iterations for a byte of the exponent beyond the 32nd. */
export let modexpExponentByteFactor: i64 = 0;
/** MODEXP: bytes of an operand (EIP-7823). */
export let modexpMaximumLength: i64 = 0;
/** BN254: addition. */
export let bn254AddGas: i64 = 0;
/** BN254: multiplication. */
export let bn254MulGas: i64 = 0;
/** BN254: pairing. */
export let bn254PairingGas: i64 = 0;
/** The same, for a pair. */
export let bn254PairGas: i64 = 0;
/** BLAKE2: for a round. */
export let blake2RoundGas: i64 = 0;
/** KZG point evaluation. */
export let pointEvaluationGas: i64 = 0;
/** BLS12-381 (EIP-2537): addition in G1. */
export let blsG1AddGas: i64 = 0;
/** Multiplication in G1, before the discount. */
export let blsG1MulGas: i64 = 0;
/** Addition in G2. */
export let blsG2AddGas: i64 = 0;
/** Multiplication in G2, before the discount. */
export let blsG2MulGas: i64 = 0;
/** Pairing. */
export let blsPairingGas: i64 = 0;
/** The same, for a pair. */
export let blsPairGas: i64 = 0;
/** Mapping to G1. */
export let blsMapG1Gas: i64 = 0;
/** Mapping to G2. */
export let blsMapG2Gas: i64 = 0;
/** P256VERIFY (EIP-7951). */
export let p256VerifyGas: i64 = 0;
/** Too little gas for the code deposit fails a creation (EIP-2). */
export let depositMustBePaid: bool = false;
/** Signatures with s in the upper half of the order are none (EIP-2). */
export let refusesHighS: bool = false;
/** A call gets at most 63/64 of the gas (EIP-150). */
export let keepsGas: bool = false;
/** Accounts that are empty do not exist; contracts begin with nonce 1 (EIP-161). */
export let clearsEmpty: bool = false;
/** SSTORE costs by original and current value (EIP-1283, 2200). */
export let netStorageMetering: bool = false;
/** Accounts and slots are warm or cold (EIP-2929). */
export let hasWarmth: bool = false;
/** EIP-1559. */
export let hasBaseFee: bool = false;
/** No new code begins with 0xef (EIP-3541). */
export let reservesEf: bool = false;
/** EIP-3651. */
export let coinbaseIsWarm: bool = false;
/** SELFDESTRUCT destroys only what the same transaction created (EIP-6780). */
export let destroysOnlyNew: bool = false;
/** EIP-7702. */
export let hasDelegation: bool = false;
/** P256VERIFY is at 0x100 (EIP-7951). */
export let hasP256: bool = false;
/** Value that moves leaves a log (EIP-7708). */
export let logsTransfers: bool = false;
/** What destroys itself keeps what it has not sent away (EIP-8246). */
export let destructionKeepsFunds: bool = false;
/** Storage alone does not keep a contract from being created (without EIP-7610). */
export let ignoresStrayStorage: bool = false;
/** MODEXP: complexity by words of eight bytes (EIP-2565). */
export let modexpCountsWords: bool = false;
/** MODEXP: complexity has a least, and doubles beyond 32 bytes (EIP-7883). */
export let modexpDoubles: bool = false;

/** Called when the worker joins a block. */
export function forgetRules(): void {
  opcodeTable = 0;
}

/** Reads the EvmRules at `record`, unless they have been read. */
export function useRules(record: u32): void {
  if (opcodeTable == record + EvmRules.OPCODES) return;
  opcodeTable = record + EvmRules.OPCODES;
  readNumbers(record + EvmRules.NUMBERS);
  readSwitches(record + EvmRules.NUMBERS + 624);
}

function readNumbers(record: u32): void {
  accountAccessGas = load<i64>(record, 0);
  coldAccountGas = load<i64>(record, 8);
  warmAccessGas = load<i64>(record, 16);
  slotAccessGas = load<i64>(record, 24);
  coldSlotGas = load<i64>(record, 32);
  storageSetGas = load<i64>(record, 40);
  storageUpdateGas = load<i64>(record, 48);
  storageReadGas = load<i64>(record, 56);
  storageSentryGas = load<i64>(record, 64);
  clearRefund = load<i64>(record, 72);
  selfDestructRefund = load<i64>(record, 80);
  selfDestructNewAccountGas = load<i64>(record, 88);
  memoryWordGas = load<i64>(record, 96);
  memorySquareShift = load<i64>(record, 104);
  expByteGas = load<i64>(record, 112);
  copyWordGas = load<i64>(record, 120);
  hashWordGas = load<i64>(record, 128);
  logByteGas = load<i64>(record, 136);
  callValueGas = load<i64>(record, 144);
  callStipend = load<i64>(record, 152);
  newAccountGas = load<i64>(record, 160);
  codeDepositGas = load<i64>(record, 168);
  codeDepositWordGas = load<i64>(record, 176);
  initCodeWordGas = load<i64>(record, 184);
  transactionGas = load<i64>(record, 192);
  recipientGas = load<i64>(record, 200);
  valueGas = load<i64>(record, 208);
  creationGas = load<i64>(record, 216);
  zeroByteGas = load<i64>(record, 224);
  dataByteGas = load<i64>(record, 232);
  floorZeroByteGas = load<i64>(record, 240);
  floorDataByteGas = load<i64>(record, 248);
  accessAddressGas = load<i64>(record, 256);
  accessSlotGas = load<i64>(record, 264);
  accessByteGas = load<i64>(record, 272);
  authorizationGas = load<i64>(record, 280);
  authorizationRefund = load<i64>(record, 288);
  authorizationWriteGas = load<i64>(record, 296);
  blobGas = load<i64>(record, 304);
  maxBlobsOfTransaction = load<i64>(record, 312);
  refundQuotient = load<i64>(record, 320);
  transactionGasCap = load<i64>(record, 328);
  transactionGasLimit = load<i64>(record, 336);
  stateByteGas = load<i64>(record, 344);
  accountStateBytes = load<i64>(record, 352);
  slotStateBytes = load<i64>(record, 360);
  delegationStateBytes = load<i64>(record, 368);
  systemStateBytes = load<i64>(record, 376);
  maxCodeSize = load<i64>(record, 384);
  maxInitCodeSize = load<i64>(record, 392);
  lastTransactionType = load<i64>(record, 400);
  lastPrecompile = load<i64>(record, 408);
  ecrecoverGas = load<i64>(record, 416);
  sha256Gas = load<i64>(record, 424);
  sha256WordGas = load<i64>(record, 432);
  ripemd160Gas = load<i64>(record, 440);
  ripemd160WordGas = load<i64>(record, 448);
  identityGas = load<i64>(record, 456);
  identityWordGas = load<i64>(record, 464);
  modexpMinimumGas = load<i64>(record, 472);
  modexpDivisor = load<i64>(record, 480);
  modexpExponentByteFactor = load<i64>(record, 488);
  modexpMaximumLength = load<i64>(record, 496);
  bn254AddGas = load<i64>(record, 504);
  bn254MulGas = load<i64>(record, 512);
  bn254PairingGas = load<i64>(record, 520);
  bn254PairGas = load<i64>(record, 528);
  blake2RoundGas = load<i64>(record, 536);
  pointEvaluationGas = load<i64>(record, 544);
  blsG1AddGas = load<i64>(record, 552);
  blsG1MulGas = load<i64>(record, 560);
  blsG2AddGas = load<i64>(record, 568);
  blsG2MulGas = load<i64>(record, 576);
  blsPairingGas = load<i64>(record, 584);
  blsPairGas = load<i64>(record, 592);
  blsMapG1Gas = load<i64>(record, 600);
  blsMapG2Gas = load<i64>(record, 608);
  p256VerifyGas = load<i64>(record, 616);
}

function readSwitches(record: u32): void {
  depositMustBePaid = load<i64>(record, 0) != 0;
  refusesHighS = load<i64>(record, 8) != 0;
  keepsGas = load<i64>(record, 16) != 0;
  clearsEmpty = load<i64>(record, 24) != 0;
  netStorageMetering = load<i64>(record, 32) != 0;
  hasWarmth = load<i64>(record, 40) != 0;
  hasBaseFee = load<i64>(record, 48) != 0;
  reservesEf = load<i64>(record, 56) != 0;
  coinbaseIsWarm = load<i64>(record, 64) != 0;
  destroysOnlyNew = load<i64>(record, 72) != 0;
  hasDelegation = load<i64>(record, 80) != 0;
  hasP256 = load<i64>(record, 88) != 0;
  logsTransfers = load<i64>(record, 96) != 0;
  destructionKeepsFunds = load<i64>(record, 104) != 0;
  ignoresStrayStorage = load<i64>(record, 112) != 0;
  modexpCountsWords = load<i64>(record, 120) != 0;
  modexpDoubles = load<i64>(record, 128) != 0;
}
