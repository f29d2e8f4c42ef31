// The rules of each fork as "the fork before, plus these lines", flattened into one gas table and a few variables when
// a block begins. Nothing here is looked up by fork or EIP while code runs.

import { EvmFork } from "../../../layout";
import { Op } from "./opcodes";

/** Cost of an opcode that is not there: no gas limit pays for it, and an exceptional halt takes all gas anyway. */
const ABSENT: i64 = i64.MAX_VALUE;

/** Address of 256 i64: what each opcode costs at least. */
export let gasTable: u32 = 0;
export const GAS_TABLE_SIZE: u32 = 256 * 8;

/** The fork in force. */
export let fork: u32 = 0;

// Gas beyond the table
/** What a call that sends value adds to the gas of its callee. */
export const CALL_STIPEND: i64 = 2300;
export let accountAccessGas: i64 = 0; // on top of the table's, when cold
export let coldAccountGas: i64 = 0; // the whole of a cold access that has no entry of its own
export let warmAccessGas: i64 = 0;
export let slotAccessGas: i64 = 0; // on top of the table's, when cold
export let coldSlotGas: i64 = 0;
export let storageUpdateGas: i64 = 0; // SSTORE of a clean slot with a value (reset), access not included
export let storageReadGas: i64 = 0; // SSTORE that changes nothing, or a dirty slot
export let clearRefund: i64 = 0;
export let selfDestructRefund: i64 = 0;
export let newAccountSelfDestructGas: i64 = 0;
export let expByteGas: i64 = 0;
export let calldataByteGas: i64 = 0;
export let calldataFloorGas: i64 = 0; // per token, 0: no floor
export let creationGas: i64 = 0;
export let refundQuotient: i64 = 0;
export let transactionGasCap: u64 = 0;
export let initCodeWordGas: i64 = 0;

// Limits
export let maxCodeSize: u32 = 0;
export let maxInitCodeSize: u32 = 0;
/** Highest precompile of the first range. */
export let lastPrecompile: u32 = 0;
export let hasP256: bool = false;

// Rules
/** EIP-2: too little gas for the code deposit fails the creation. */
export let depositMustBePaid: bool = false;
/** EIP-150: a call gets at most 63/64 of the gas. */
export let keepsGas: bool = false;
/** EIP-161: accounts that are empty do not exist; contracts begin with nonce 1. */
export let clearsEmpty: bool = false;
/** 1: EIP-1283, 2: EIP-2200 (net gas metering of SSTORE); 0: neither. */
export let storageMetering: u32 = 0;
/** EIP-2929: warm and cold. */
export let hasWarmth: bool = false;
export let hasAccessLists: bool = false;
/** EIP-1559 */
export let hasBaseFee: bool = false;
/** EIP-3541: no new code that begins with 0xef. */
export let reservesEf: bool = false;
/** EIP-3651 */
export let coinbaseIsWarm: bool = false;
export let hasBlobs: bool = false;
/** EIP-6780: SELFDESTRUCT destroys only what the same transaction created. */
export let destroysOnlyNew: bool = false;
/** EIP-7702 */
export let hasDelegation: bool = false;

/** Fills the table, 256 i64 at `table`, and the rules for `newFork` (EvmFork). */
export function chooseFork(newFork: u32, table: u32): void {
  gasTable = table;
  fork = newFork;
  frontier();
  if (fork >= EvmFork.HOMESTEAD) homestead();
  if (fork >= EvmFork.TANGERINE_WHISTLE) tangerineWhistle();
  if (fork >= EvmFork.SPURIOUS_DRAGON) spuriousDragon();
  if (fork >= EvmFork.BYZANTIUM) byzantium();
  if (fork >= EvmFork.CONSTANTINOPLE) constantinople();
  if (fork >= EvmFork.PETERSBURG) petersburg();
  if (fork >= EvmFork.ISTANBUL) istanbul();
  if (fork >= EvmFork.BERLIN) berlin();
  if (fork >= EvmFork.LONDON) london();
  if (fork >= EvmFork.SHANGHAI) shanghai();
  if (fork >= EvmFork.CANCUN) cancun();
  if (fork >= EvmFork.PRAGUE) prague();
  if (fork >= EvmFork.OSAKA) osaka();
}

/** Whether the fork does not know an opcode. */
export function isUnknown(opcode: u32): bool {
  return load<i64>(gasTable + (opcode << 3)) == ABSENT;
}

function set(opcode: u32, gas: i64): void {
  store<i64>(gasTable + (opcode << 3), gas);
}

function setRange(first: u32, last: u32, gas: i64): void {
  for (let opcode = first; opcode <= last; opcode++) set(opcode, gas);
}

function frontier(): void {
  const zero: i64 = 0; // Wzero of the Yellow Paper
  const base: i64 = 2; // Wbase
  const verylow: i64 = 3; // Wverylow
  const low: i64 = 5; // Wlow
  const mid: i64 = 8; // Wmid
  const high: i64 = 10; // Whigh
  setRange(0, 255, ABSENT);
  set(Op.STOP, zero);
  set(Op.ADD, verylow);
  set(Op.MUL, low);
  set(Op.SUB, verylow);
  setRange(Op.DIV, Op.SMOD, low);
  setRange(Op.ADDMOD, Op.MULMOD, mid);
  set(Op.EXP, 10);
  set(Op.SIGNEXTEND, low);
  setRange(Op.LT, Op.BYTE, verylow);
  set(Op.KECCAK256, 30);
  set(Op.ADDRESS, base);
  set(Op.BALANCE, 20);
  setRange(Op.ORIGIN, Op.CALLVALUE, base);
  set(Op.CALLDATALOAD, verylow);
  set(Op.CALLDATASIZE, base);
  set(Op.CALLDATACOPY, verylow);
  set(Op.CODESIZE, base);
  set(Op.CODECOPY, verylow);
  set(Op.GASPRICE, base);
  setRange(Op.EXTCODESIZE, Op.EXTCODECOPY, 20);
  set(Op.BLOCKHASH, 20);
  setRange(Op.COINBASE, Op.GASLIMIT, base);
  set(Op.POP, base);
  setRange(Op.MLOAD, Op.MSTORE8, verylow);
  set(Op.SLOAD, 50);
  set(Op.SSTORE, zero);
  set(Op.JUMP, mid);
  set(Op.JUMPI, high);
  setRange(Op.PC, Op.GAS, base);
  set(Op.JUMPDEST, 1);
  setRange(Op.PUSH1, Op.SWAP16, verylow);
  for (let topics: u32 = 0; topics <= 4; topics++) set(Op.LOG0 + topics, 375 * (i64(topics) + 1));
  set(Op.CREATE, 32000);
  setRange(Op.CALL, Op.CALLCODE, 40);
  set(Op.RETURN, zero);
  set(Op.SELFDESTRUCT, zero);

  accountAccessGas = 0;
  coldAccountGas = 0;
  warmAccessGas = 0;
  slotAccessGas = 0;
  coldSlotGas = 0;
  storageUpdateGas = 5000;
  storageReadGas = 5000;
  clearRefund = 15000;
  selfDestructRefund = 24000;
  newAccountSelfDestructGas = 0;
  expByteGas = 10;
  calldataByteGas = 68;
  calldataFloorGas = 0;
  creationGas = 0;
  refundQuotient = 2;
  transactionGasCap = u64.MAX_VALUE;
  initCodeWordGas = 0;
  maxCodeSize = u32.MAX_VALUE;
  maxInitCodeSize = u32.MAX_VALUE;
  lastPrecompile = 4;
  hasP256 = false;
  depositMustBePaid = false;
  keepsGas = false;
  clearsEmpty = false;
  storageMetering = 0;
  hasWarmth = false;
  hasAccessLists = false;
  hasBaseFee = false;
  reservesEf = false;
  coinbaseIsWarm = false;
  hasBlobs = false;
  destroysOnlyNew = false;
  hasDelegation = false;
}

function homestead(): void {
  set(Op.DELEGATECALL, 40); // EIP-7
  depositMustBePaid = true; // EIP-2
  creationGas = 32000;
}

function tangerineWhistle(): void {
  // EIP-150
  setRange(Op.EXTCODESIZE, Op.EXTCODECOPY, 700);
  set(Op.BALANCE, 400);
  set(Op.SLOAD, 200);
  setRange(Op.CALL, Op.CALLCODE, 700);
  set(Op.DELEGATECALL, 700);
  set(Op.SELFDESTRUCT, 5000);
  newAccountSelfDestructGas = 25000;
  keepsGas = true;
}

function spuriousDragon(): void {
  expByteGas = 50; // EIP-160
  clearsEmpty = true; // EIP-161
  maxCodeSize = 24576; // EIP-170
}

function byzantium(): void {
  set(Op.REVERT, 0); // EIP-140
  set(Op.STATICCALL, 700); // EIP-214
  set(Op.RETURNDATASIZE, 2); // EIP-211
  set(Op.RETURNDATACOPY, 3);
  lastPrecompile = 8; // EIP-196, 197, 198
}

function constantinople(): void {
  setRange(Op.SHL, Op.SAR, 3); // EIP-145
  set(Op.CREATE2, 32000); // EIP-1014
  set(Op.EXTCODEHASH, 400); // EIP-1052
  storageMetering = 1; // EIP-1283
  storageReadGas = 200;
}

function petersburg(): void {
  storageMetering = 0;
  storageReadGas = 5000;
}

function istanbul(): void {
  lastPrecompile = 9; // EIP-152
  set(Op.CHAINID, 2); // EIP-1344
  set(Op.SELFBALANCE, 5); // EIP-1884
  set(Op.SLOAD, 800);
  set(Op.BALANCE, 700);
  set(Op.EXTCODEHASH, 700);
  calldataByteGas = 16; // EIP-2028
  storageMetering = 2; // EIP-2200
  storageReadGas = 800;
}

function berlin(): void {
  // EIP-2929: the table holds the warm price
  hasWarmth = true;
  warmAccessGas = 100;
  coldAccountGas = 2600;
  accountAccessGas = 2600 - 100;
  coldSlotGas = 2100;
  slotAccessGas = 2100 - 100;
  set(Op.SLOAD, 100);
  set(Op.BALANCE, 100);
  setRange(Op.EXTCODESIZE, Op.EXTCODECOPY, 100);
  set(Op.EXTCODEHASH, 100);
  setRange(Op.CALL, Op.CALLCODE, 100);
  set(Op.DELEGATECALL, 100);
  set(Op.STATICCALL, 100);
  storageReadGas = 100;
  storageUpdateGas = 5000 - 2100;
  hasAccessLists = true; // EIP-2930
}

function london(): void {
  set(Op.BASEFEE, 2); // EIP-3198
  hasBaseFee = true; // EIP-1559
  refundQuotient = 5; // EIP-3529
  clearRefund = 4800;
  selfDestructRefund = 0;
  reservesEf = true; // EIP-3541
}

function shanghai(): void {
  coinbaseIsWarm = true; // EIP-3651
  set(Op.PUSH0, 2); // EIP-3855
  maxInitCodeSize = 2 * 24576; // EIP-3860
  initCodeWordGas = 2;
}

function cancun(): void {
  setRange(Op.TLOAD, Op.TSTORE, 100); // EIP-1153
  set(Op.BLOBHASH, 3); // EIP-4844
  hasBlobs = true;
  lastPrecompile = 0x0a;
  set(Op.MCOPY, 3); // EIP-5656
  destroysOnlyNew = true; // EIP-6780
  set(Op.BLOBBASEFEE, 2); // EIP-7516
}

function prague(): void {
  lastPrecompile = 0x11; // EIP-2537
  calldataFloorGas = 10; // EIP-7623
  hasDelegation = true; // EIP-7702
}

function osaka(): void {
  transactionGasCap = 1 << 24; // EIP-7825
  set(Op.CLZ, 5); // EIP-7939
  hasP256 = true; // EIP-7951; EIP-7823 and 7883: see precompiles/
}
