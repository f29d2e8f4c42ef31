// Every byte that two threads or two languages share. Compiled by asc (constants fold to immediates) and by tsc.
//
// Field names carry the rule: fields listed under "shared" are touched by several threads and only through
// base/shared.ts; all others are written before publication, or by their owner alone.

/** Bumped with every change of this file; each worker compares it before it joins. */
export const LAYOUT_VERSION: u32 = 20;

/** Start of the memory that the core lays out; below are the module's statics. */
export const CONTROL_BASE: u32 = 65536;

/** What a memory keeps of secp256k1's generator, whatever blocks it holds: behind the statics, made when needed. */
export abstract class GeneratorTable {
  // shared
  static readonly STATE: u32 = 0;
  // points of 128 bytes, read when STATE is MADE
  static readonly POINTS: u32 = 64;
  static readonly POINTS_SIZE: u32 = 64 * 128;
  static readonly SIZE: u32 = 64 + 64 * 128;

  // of STATE
  static readonly NONE: u32 = 0;
  static readonly TAKEN: u32 = 1;
  static readonly MADE: u32 = 2;
}

export const GENERATOR_TABLE_BASE: u32 = CONTROL_BASE - GeneratorTable.SIZE;

/** Length of a DATA value that is not there. */
export const ABSENT_LENGTH: u32 = 0xffffffff;

/** Base value of the RESET location of an account that has storage, but neither nonce nor code (EIP-7610). */
export const HAS_STORAGE: u32 = 2;

/** Cache-line distance that keeps two contended words apart. */
export const LINE: u32 = 64;

/** Control.POLICY; no flag is 0. */
export abstract class PolicyFlag {
  /** Transactions are taken in their order alone: what is to run again moves the cursor back; there are no deques. */
  static readonly ORDERED: u32 = 1;
  /** Each worker takes those of its own partition, see TxFlag.PARTITION. */
  static readonly PARTITIONED: u32 = 2;
  /** Nobody takes what is another one's. */
  static readonly UNBALANCED: u32 = 4;
  /** Reads are validated by their values alone, without stamps. */
  static readonly EXACT: u32 = 8;
  static readonly PARTITIONS: u32 = 16;
}

/** Everything about the block in progress. Each contended word has a line of its own. */
export abstract class Control {
  static readonly MAGIC: u32 = 0;
  static readonly VERSION: u32 = 4;
  /** End of the usable memory, bytes. */
  static readonly MEMORY_END: u32 = 8;
  static readonly TRANSACTION_CAPACITY: u32 = 12;
  static readonly LOCATION_CAPACITY: u32 = 16;
  static readonly WORKERS: u32 = 20;
  static readonly SLOTS: u32 = 24;
  static readonly TABLE: u32 = 28;
  static readonly LOCATIONS: u32 = 32;
  static readonly ARENA_START: u32 = 36;
  static readonly CHUNK: u32 = 40;
  static readonly DEQUE_CAPACITY: u32 = 44;
  /** Code that survives from block to block: a table of record addresses, 0 where the memory is too small for one. */
  static readonly CODE_TABLE: u32 = 48;
  static readonly CODE_TABLE_MASK: u32 = 52;
  static readonly CODE_END: u32 = 56;
  /** Seeds of the location hash: one odd 64-bit multiplier per 32-bit word of a key, and an offset. */
  static readonly SEEDS: u32 = 64;
  static readonly SEED_COUNT: u32 = 16;

  // set by beginBlock
  static readonly TRANSACTION_COUNT: u32 = 192;
  static readonly WINDOW: u32 = 196;
  static readonly TABLE_MASK: u32 = 200;
  /** 1: a location without base value reads as zero; 0: it is unknown to the host. */
  static readonly STATE_COMPLETE: u32 = 204;
  static readonly INCARNATION_CAP: u32 = 208;
  /** 1: an INVALID outcome at the commit head halts the block. */
  static readonly HALT_ON_INVALID: u32 = 212;
  /** 1: record a span per execution and validation. */
  static readonly PROFILE: u32 = 216;
  /** Milliseconds that an idle worker sleeps at most. */
  static readonly IDLE_MS: u32 = 220;
  /** Number of transaction 0 in the whole list, when this block is the rest of a drained one. */
  static readonly FIRST_TRANSACTION: u32 = 224;
  /** The block's EvmBlock record, for transactions with TxFlag.EVM. */
  static readonly EVM_BLOCK: u32 = 228;
  /** Counts the blocks of this memory: a worker joins each once; what carries another number is of another block. */
  static readonly BLOCK: u32 = 232;
  /** 1: locations and base values stay for the next block, which the host begins with `beginRun`. */
  static readonly RESIDENT: u32 = 236;
  // what may be set of a run; 0: as it is best for most blocks
  /** PolicyFlag; from bit 16 on the number of partitions. */
  static readonly POLICY: u32 = 240;
  /** Executed transactions that wait for validation before so many are validated ahead of the head; 0: one. */
  static readonly VALIDATION_BATCH: u32 = 244;
  /** Of 2^32 hashes of credits, those below are folded; 0: every 32nd. */
  static readonly FOLD_BELOW: u32 = 248;

  // shared, one line each
  /** u64: the head:32 · the newest clock of what is committed:32 (from the low bits up). Moved by one swap. */
  static readonly COMMIT_INDEX: u32 = 256;
  static readonly EXECUTION_CURSOR: u32 = 320;
  /** How many of those that begin ahead of their turn somebody has looked at: see TxSlot.EARLY. */
  static readonly EARLY_CURSOR: u32 = 324;
  static readonly VALIDATION_CURSOR: u32 = 384;
  static readonly CLOCK: u32 = 448;
  static readonly EVENTS: u32 = 512;
  static readonly SLEEPERS: u32 = 516;
  static readonly HALT: u32 = 576;
  static readonly HALT_TRANSACTION: u32 = 580;
  static readonly ARENA_NEXT: u32 = 640;
  static readonly LOCATION_COUNT: u32 = 704;
  /** Head of the list of missing keys (Missing records). */
  static readonly MISSING: u32 = 768;
  /** The next transaction whose sender an idle worker looks at. */
  static readonly RECOVERY_CURSOR: u32 = 772;
  /** 1: the block is committed, and workers fold what it wrote into the base values. */
  static readonly FOLDING: u32 = 776;
  /** The next transaction whose writes nobody folds yet, and how many have been folded. */
  static readonly FOLD_CURSOR: u32 = 780;
  static readonly FOLD_COUNT: u32 = 784;
  /** One u32 per worker id: WorkerLife. */
  static readonly ALIVE: u32 = 832;
  /** Next free byte of the code store; survives from block to block. */
  static readonly CODE_NEXT: u32 = 832 + 256 * 4;
  static readonly SIZE: u32 = 832 + 256 * 4 + 64;
}

export const MAGIC: u32 = 0x6d766570;

/** Worker ids: 0 is the host (loads state, never executes), 1 … 255 are workers. */
export const MAX_WORKERS: u32 = 256;
export const HOST: u32 = 0;

export abstract class WorkerLife {
  static readonly ABSENT: u32 = 0;
  static readonly ALIVE: u32 = 1;
  static readonly DEAD: u32 = 2;
}

/** Why a block stopped before its last transaction was committed. */
export abstract class Halt {
  static readonly NONE: u32 = 0;
  static readonly CANCELLED: u32 = 1;
  /** Memory, locations or incarnations ran out: the host drains the rest sequentially. */
  static readonly EXHAUSTED: u32 = 2;
  /** The head needs state that the host has not loaded: see Missing. */
  static readonly MISSING_STATE: u32 = 3;
  /** The head's outcome is INVALID: the block is. */
  static readonly INVALID: u32 = 4;
}

/** One per worker id, in the worker region. */
export abstract class Worker {
  // owner only
  static readonly SCRATCH: u32 = 0;
  static readonly SCRATCH_SIZE: u32 = 256;
  static readonly METRICS: u32 = 256;
  /** 1 from a worker's first attempt on until it finds nothing to do. Shared. */
  static readonly RUNNING: u32 = 512;
  /** Head of this worker's list of Span chunks and of Conflict records; owner only until the block ends. */
  static readonly SPANS: u32 = 520;
  static readonly CONFLICTS: u32 = 524;
  static readonly SPAN_COUNT: u32 = 528;
  static readonly DEQUE: u32 = 576;
  static readonly DEQUE_RING: u32 = 576 + 128;
}

/** Offsets in a worker's scratch area: how the two languages hand keys and values to each other. */
export abstract class Scratch {
  /** Address, 20 bytes. */
  static readonly ADDRESS: u32 = 0;
  /** Slot, 32 bytes big-endian. */
  static readonly SLOT: u32 = 32;
  /** Value, four little-endian u64 limbs. */
  static readonly VALUE: u32 = 64;
  /** Second value (bounds of predicates). */
  static readonly BOUND: u32 = 96;
}

/** Chase–Lev deque: two contended lines and a ring of u32 transaction indices. */
export abstract class Deque {
  // shared
  static readonly TOP: u32 = 0;
  static readonly BOTTOM: u32 = 64;
  static readonly RING: u32 = 128;
}

/** One transaction of the block. */
export abstract class TxSlot {
  // shared
  /** u64: state:4 · owner:8 · incarnation:8 · attempts:12 · record:32 (from the low bits up). */
  static readonly STATUS: u32 = 0;
  /** Head of the list of Waiter nodes. */
  static readonly WAITERS: u32 = 8;
  /** Head of the list of Dependency nodes. */
  static readonly DEPENDENCIES: u32 = 12;
  /** u64: incarnation:8 | clock:32 << 8 of the newest successful validation. */
  static readonly VALIDATED: u32 = 16;
  // written by the host before workers start
  /** Of slot k: index + 1 of the transaction that is the k-th to begin ahead of its turn, 0: there are no more. */
  static readonly EARLY: u32 = 24;
  static readonly INPUT: u32 = 28;
  static readonly INPUT_LENGTH: u32 = 32;
  // shared
  /** TxFlag bits. Apart from STATUS: the host may set one under the hands of a transaction's owner. */
  static readonly FLAGS: u32 = 36;
  // written by the host before workers start
  /** The first transaction of its lane: of what those below it wrote, it sees nothing. */
  static readonly FLOOR: u32 = 48;
  /** What an earlier run on the same state has recorded of the transaction (Recording), 0 for nothing. */
  static readonly RECORDING: u32 = 52;
  /** The EvmBlock that it sees, 0 for that of all; it may differ from that in what it says of fees. */
  static readonly BLOCK: u32 = 56;
  /** The record of what was announced of its writes, 0 for nothing. */
  static readonly ANNOUNCED: u32 = 60;
  static readonly SIZE: u32 = 64;
}

/** TxSlot.FLAGS; no flag is 0. */
export abstract class TxFlag {
  /** Run by the executor inside the core; otherwise handed to the host language. */
  static readonly NATIVE: u32 = 1;
  /** Only run at the commit head; also set when the time limit was exceeded. */
  static readonly HEAD_ONLY: u32 = 2;
  /** With NATIVE: an Ethereum transaction (EvmTransaction record); otherwise a synthetic program. */
  static readonly EVM: u32 = 4;
  /** From this bit on: number of the partition, 0 for none. Written before workers start. */
  static readonly PARTITION: u32 = 16;
}

/** TxSlot.STATUS state field; no state is 0. */
export abstract class TxState {
  static readonly READY: u32 = 1;
  static readonly EXECUTING: u32 = 2;
  static readonly PUBLISHING: u32 = 3;
  static readonly EXECUTED: u32 = 4;
  static readonly SUSPENDED: u32 = 5;
  static readonly ABORTING: u32 = 6;
  static readonly COMMITTED: u32 = 7;
}

/** Incarnation numbers: a block that needs more is drained sequentially. */
export const MAX_INCARNATION: u32 = 250;
/** Marks the version node that folds committed credits into one absolute value. */
export const FOLD_INCARNATION: u32 = 255;
export const MAX_TRANSACTIONS: u32 = 0xfffff;

/** "Transaction `waiter` sleeps until this one has executed." */
export abstract class Waiter {
  static readonly NEXT: u32 = 0;
  static readonly TRANSACTION: u32 = 4;
  static readonly INCARNATION: u32 = 8;
  static readonly SIZE: u32 = 16;
}

/** "This transaction probably needs `lower`." */
export abstract class Dependency {
  static readonly NEXT: u32 = 0;
  static readonly LOWER: u32 = 4;
  static readonly SIZE: u32 = 8;
}

/** A place in the state, identified by its full key, and what it held before the block. */
export abstract class Location {
  // shared
  /**
   * u64: newest version (Version node):32 | block:32 << 32; of another block: nobody wrote it in this one.
   * BYTECODE: the code's record in place of the node.
   */
  static readonly VERSIONS: u32 = 0;
  // fixed before publication
  /** kind:8 | index of the account's RESET location:24 (STORAGE only) */
  static readonly KIND: u32 = 8;
  /** 20 bytes; free-form keys: pointer u32, length u32 */
  static readonly ADDRESS: u32 = 12;
  /** 32 bytes big-endian, zero where the kind has none */
  static readonly SLOT: u32 = 32;
  // shared
  /** RESET: the block that emptied the account's storage last, 0: none. Beside VERSIONS: reads look at both. */
  static readonly EMPTIED: u32 = 32;
  /** BaseFlag */
  static readonly BASE: u32 = 64;
  /** STORAGE: the block that gave VALUE; before the account's EMPTIED, VALUE is 0. */
  static readonly GENERATION: u32 = 68;
  /** The block whose result somebody has begun to fold into VALUE. */
  static readonly FOLDED: u32 = 72;
  // host only
  /** Walk over what was written that has met the location, and the one that has brought its account along. */
  static readonly WALK: u32 = 76;
  static readonly ACCOUNT_WALK: u32 = 112;
  // written by the host while no worker is inside the core, and by who folds
  static readonly VALUE: u32 = 80;
  static readonly SIZE: u32 = 128;
}

/** Location.BASE */
export abstract class BaseFlag {
  /** VALUE is what the location holds; otherwise nobody knows, or, in a complete state, it is zero. */
  static readonly KNOWN: u32 = 1;
  /** A block, or somebody outside, has changed VALUE: no source of state can give it again. */
  static readonly DIRTY: u32 = 2;
  /** RESET: the account had storage that was not zero. */
  static readonly SLOTS: u32 = 4;
}

export abstract class Kind {
  static readonly BALANCE: u32 = 1;
  static readonly NONCE: u32 = 2;
  /** keccak256 of the code as the 32 bytes themselves, or a placeholder (CODE_PLACEHOLDER); all zero for no code */
  static readonly CODE: u32 = 3;
  /** a version here empties the account's storage; base value 2: there is some, without nonce and code (EIP-7610) */
  static readonly RESET: u32 = 4;
  /** 1 when the account exists although empty (before EIP-161) */
  static readonly EXISTENCE: u32 = 5;
  static readonly STORAGE: u32 = 6;
  /** free-form key, bytes */
  static readonly DATA: u32 = 7;
  /** free-form key, u256 */
  static readonly NUMBER: u32 = 8;
  /** code bytes under their hash: content-addressed, never versioned */
  static readonly BYTECODE: u32 = 9;
  /** hash of an earlier block: the address is its number, a u64 with zeros behind; unknown until the host loads it */
  static readonly BLOCK_HASH: u32 = 10;
}

/** Code: three words, bytes from offset 16, CODE_PADDING zero bytes after them. A value is 32 bytes. */
export abstract class BaseValue {
  static readonly SIZE: u32 = 32;
  static readonly CODE_LENGTH: u32 = 0;
  /** One bit per byte of code: it is a JUMPDEST. 0 until somebody has analysed the code. Shared. */
  static readonly JUMP_MAP: u32 = 4;
  /** Where the keccak256 of code is that has a placeholder; 0 until somebody has asked for it. Shared. */
  static readonly HASH: u32 = 8;
  static readonly CODE_BYTES: u32 = 16;
}

/**
 * Zero bytes that a placeholder begins with. It stands for the hash of code that nobody has asked for yet: what the
 * host has numbered instead of hashing it. No hash begins so.
 */
export const CODE_PLACEHOLDER: u32 = 16;

/** Bytes in front of a record of the code store: the code's hash. */
export const CODE_HASH_SIZE: u32 = 32;

/** Bytes that `resetKeccak` needs: the state, and a cache of hashes. */
export const KECCAK_SCRATCH: u32 = 256 + 1024 * 96;

/** Zero bytes after code: a STOP beyond the end, and immediates that need no bounds check. */
export const CODE_PADDING: u32 = 40;

/** One value that one incarnation of one transaction wrote to one location. */
export abstract class Version {
  // shared
  static readonly NEXT: u32 = 0;
  /** flags:4 | incarnation:8 | transaction:20 (from the low bits up): a greater word is a newer version. */
  static readonly META: u32 = 4;
  // fixed before publication
  /** four little-endian u64 limbs; DATA: pointer u32, length u32 (ABSENT_LENGTH: not there) */
  static readonly VALUE: u32 = 8;
  static readonly SIZE: u32 = 40;
}

/** Version.META flags: a life of two bits that only moves forward, and a kind bit. */
export abstract class VersionFlag {
  static readonly LIVE: u32 = 1;
  static readonly ESTIMATE: u32 = 2;
  static readonly DEAD: u32 = 3;
  static readonly LIFE_MASK: u32 = 3;
  /** A commutative credit: the value is added to what lies below. */
  static readonly DELTA: u32 = 4;
  /** Nobody has written it yet: somebody has said that the transaction will. Dies when the transaction publishes. */
  static readonly ANNOUNCED: u32 = 8;
}

/**
 * What a block changed, as the core hands it to the host: records that follow each other. Kind RESET: an account's
 * storage is empty as a whole; STORAGE: a slot; DATA, NUMBER: a free-form value; BALANCE: all fields of an account.
 */
export abstract class Change {
  /** Kind, and ChangeFlag.EMPTIED */
  static readonly KIND: u32 = 0;
  /** 20 bytes; free-form keys: pointer u32, length u32 */
  static readonly ADDRESS: u32 = 4;
  static readonly RESET_SIZE: u32 = 24;
  /** 32 bytes as in Version.VALUE; of an account its balance */
  static readonly BEFORE: u32 = 24;
  static readonly AFTER: u32 = 56;
  static readonly FREE_SIZE: u32 = 88;
  /** 32 bytes big-endian */
  static readonly SLOT: u32 = 88;
  static readonly SLOT_SIZE: u32 = 120;
  // of an account: two words each, before and after
  static readonly NONCE: u32 = 88;
  static readonly CODE_HASH: u32 = 152;
  /** Record of the code, if it is another now and known; the host puts the place where it keeps the code here. */
  static readonly CODE: u32 = 216;
  /** ChangeFlag */
  static readonly FIELDS: u32 = 220;
  static readonly ACCOUNT_SIZE: u32 = 224;
}

export abstract class ChangeFlag {
  /** With Change.KIND: the slot is empty because all of the account's storage was emptied. */
  static readonly EMPTIED: u32 = 256;
  // the fields of an account, shifted by LOADED (the host loaded a base value) or MISSING (somebody must, to know it)
  static readonly BALANCE: u32 = 1;
  static readonly NONCE: u32 = 2;
  static readonly CODE: u32 = 4;
  static readonly EXISTENCE: u32 = 8;
  static readonly LOADED: u32 = 0;
  static readonly MISSING: u32 = 4;
  // others of an account
  static readonly EXISTED: u32 = 256;
  static readonly EXISTS: u32 = 512;
  static readonly CODE_WRITTEN: u32 = 1024;
}

/** Everything one finished incarnation read and wrote; immutable once attached, but for PUBLISHED. */
export abstract class Incarnation {
  static readonly TRANSACTION: u32 = 0;
  static readonly NUMBER: u32 = 4;
  /** Record of the incarnation before, 0 for none. */
  static readonly PREVIOUS: u32 = 8;
  static readonly READ_COUNT: u32 = 12;
  static readonly WRITE_COUNT: u32 = 16;
  static readonly OUTCOME: u32 = 20;
  static readonly GAS: u32 = 24;
  static readonly OUTPUT: u32 = 32;
  static readonly OUTPUT_LENGTH: u32 = 36;
  /** Clock when execution began. */
  static readonly BEGAN: u32 = 40;
  // shared
  /** Clock when its versions were all linked. */
  static readonly PUBLISHED: u32 = 44;
  // owner
  /** Execution time, f64 milliseconds. */
  static readonly DURATION: u32 = 48;
  static readonly WORKER: u32 = 56;
  /** 1: nothing was executed, it came from a recording. */
  static readonly REPEATED: u32 = 60;
  static readonly SIZE: u32 = 64;
}

export abstract class Outcome {
  static readonly SUCCESS: u32 = 1;
  static readonly REVERTED: u32 = 2;
  static readonly FAILED: u32 = 3;
  static readonly INVALID: u32 = 4;
}

/** One read of an incarnation. */
export abstract class ReadEntry {
  /** location:24 | kind:8 << 24 */
  static readonly LOCATION: u32 = 0;
  /** Version node seen, 0 for the base value. */
  static readonly NODE: u32 = 4;
  /** RESET version that emptied the slot, 0 for none. */
  static readonly RESET: u32 = 8;
  /** FOLDED: pointer to the 32-byte sum; AT_LEAST_*: pointer to the 32-byte bound. */
  static readonly AUX: u32 = 12;
  static readonly SIZE: u32 = 16;
}

export abstract class ReadKind {
  static readonly VALUE: u32 = 1;
  /** The value is a sum of credits: several versions took part. */
  static readonly FOLDED: u32 = 2;
  static readonly AT_LEAST: u32 = 3;
  static readonly BELOW: u32 = 4;
}

/** One write of an incarnation: where, and the version node. */
export abstract class WriteEntry {
  static readonly LOCATION: u32 = 0;
  static readonly NODE: u32 = 4;
  static readonly SIZE: u32 = 8;
}

/**
 * What an incarnation read, wrote and answered, for a later run on the same state in the same memory: RecordedAccess
 * records of the reads and of the writes, and the output, follow.
 */
export abstract class Recording {
  static readonly TRANSACTION: u32 = 0;
  /** Bytes of all of it, a multiple of 8. */
  static readonly LENGTH: u32 = 4;
  static readonly READ_COUNT: u32 = 8;
  static readonly WRITE_COUNT: u32 = 12;
  static readonly OUTCOME: u32 = 16;
  static readonly OUTPUT_LENGTH: u32 = 20;
  static readonly GAS: u32 = 24;
  static readonly SIZE: u32 = 32;
}

export abstract class RecordedAccess {
  /** location:24 | kind:8 << 24; kind: ReadKind of a read, Kind of a write */
  static readonly LOCATION: u32 = 0;
  /** Of a read: it saw the base value, whatever that is. Of a write: VALUE was credited. */
  static readonly FLAG: u32 = 4;
  /** What was seen, the bound of a question, or what was written: 32 bytes */
  static readonly VALUE: u32 = 8;
  static readonly SIZE: u32 = 40;
}

/** One location as the running attempt sees it. Private to its worker. */
export abstract class Access {
  static readonly LOCATION: u32 = 0;
  static readonly FLAGS: u32 = 4;
  static readonly NODE: u32 = 8;
  static readonly RESET: u32 = 12;
  static readonly AUX: u32 = 16;
  static readonly READ_KIND: u32 = 20;
  /** For the executor's own use, 0 in a new entry: where its undo log last saved the entry. */
  static readonly SAVED: u32 = 24;
  /** How many accounts the attempt had emptied when the entry was written last, a RESET with itself; 0: never. */
  static readonly RESETS: u32 = 28;
  static readonly VALUE: u32 = 32;
  static readonly SIZE: u32 = 64;
}

export abstract class AccessFlag {
  static readonly READ: u32 = 1;
  static readonly WRITTEN: u32 = 2;
  /** Credited without having been read: VALUE is the amount. */
  static readonly CREDITED: u32 = 4;
  /** Accessed before in this transaction (EIP-2929). */
  static readonly WARM: u32 = 8;
  /** It leaves a version: found when the attempt is sealed. */
  static readonly SEALED: u32 = 16;
}

/** Answer of a read. */
export abstract class ReadResult {
  static readonly VALUE: u32 = 1;
  /** A lower transaction is about to write it: suspend. */
  static readonly BLOCKED: u32 = 2;
  /** The host has not loaded it. */
  static readonly MISSING: u32 = 3;
  /** No memory left: the block is halted. */
  static readonly EXHAUSTED: u32 = 4;
  /** Something the attempt read before has changed since: it cannot succeed. */
  static readonly STALE: u32 = 5;
}

/** A key that an attempt needed and the host had not loaded. */
export abstract class Missing {
  static readonly NEXT: u32 = 0;
  static readonly LOCATION: u32 = 4;
  static readonly SIZE: u32 = 8;
}

/** A validation that failed: which transaction had read what was changed by whom. */
export abstract class Conflict {
  static readonly NEXT: u32 = 0;
  static readonly LOCATION: u32 = 4;
  static readonly READER: u32 = 8;
  /** The lower transaction whose version is now seen; 0xffffffff: the base value. */
  static readonly WRITER: u32 = 12;
  static readonly SIZE: u32 = 16;
}

/** A stretch of a worker's time. */
export abstract class Span {
  static readonly NEXT: u32 = 0;
  /** SpanKind */
  static readonly KIND: u32 = 4;
  static readonly TRANSACTION: u32 = 8;
  static readonly INCARNATION: u32 = 12;
  /** f64 milliseconds on the host's clock */
  static readonly START: u32 = 16;
  static readonly END: u32 = 24;
  static readonly SIZE: u32 = 32;
}

export abstract class SpanKind {
  static readonly EXECUTED: u32 = 1;
  static readonly SUSPENDED: u32 = 2;
  static readonly VALIDATED: u32 = 3;
  static readonly IDLE: u32 = 4;
  /** The sender was recovered. */
  static readonly RECOVERED: u32 = 5;
}

/**
 * Counters of one worker, u64 each (times: f64 ms), in Worker.METRICS. The decoder walks this table. What a transfer
 * counts is what counting costs (`npm run bench -- counting`): what follows from others is left to the decoder.
 */
export abstract class Metric {
  static readonly EXECUTIONS: u32 = 0;
  static readonly REEXECUTIONS: u32 = 8;
  static readonly ABORTS: u32 = 16;
  static readonly SUSPENSIONS: u32 = 24;
  static readonly STEALS: u32 = 32;
  static readonly STEAL_RETRIES: u32 = 40;
  static readonly VALIDATIONS: u32 = 48;
  static readonly VALIDATION_FAILURES: u32 = 56;
  static readonly COMMITS: u32 = 64;
  /** Commits of those whose reads had to be compared: the others were stamped. */
  static readonly COMPARED_COMMITS: u32 = 72;
  static readonly RECLAIMS: u32 = 80;
  static readonly DROPPED_HINTS: u32 = 88;
  /** Reads in the low 32 bits, writes in the high ones: one addition for both. */
  static readonly ACCESSES: u32 = 96;
  static readonly SLEEPS: u32 = 104;
  static readonly LOST: u32 = 112;
  static readonly VALIDATION_MS: u32 = 120;
  static readonly EXECUTION_MS: u32 = 128;
  static readonly IDLE_MS: u32 = 136;
  /** Senders recovered by this worker, some of them perhaps at the same time by another one. */
  static readonly RECOVERIES: u32 = 144;
  static readonly RECOVERY_MS: u32 = 152;
  /** Transactions that were put off, since one that they were said to need had not executed. */
  static readonly WAITS: u32 = 160;
  static readonly COUNT: u32 = 21;
}

/** What `next` answers when it does not hand out a transaction. */
export abstract class Next {
  static readonly DONE: i32 = -1;
  static readonly HALTED: i32 = -2;
  /** Nothing to do at this moment; only where the caller must not sleep. */
  static readonly IDLE: i32 = -3;
  /** This worker was declared dead: it must not touch the memory any more. */
  static readonly DISMISSED: i32 = -4;
}

/** What the steps of engine/steps.ts answer. */
export abstract class Step {
  /** There was nothing to do. */
  static readonly NOTHING: u32 = 0;
  static readonly HOLDS: u32 = 1;
  /** What was read is not what would be read now. */
  static readonly FAILS: u32 = 2;
}

/** What `finish`, `suspend` and the like answer. */
export abstract class Finish {
  static readonly EXECUTED: u32 = 1;
  /** The transaction was taken away (this worker was declared dead): everything was discarded. */
  static readonly LOST: u32 = 2;
  static readonly EXHAUSTED: u32 = 3;
  static readonly SUSPENDED: u32 = 4;
  /** Executed at the head, and committed by the same step. Not of attempts of the host language. */
  static readonly COMMITTED: u32 = 5;
}

/** A base value with all that belongs to it, by its full key: for `restoreBase`, in whatever memory. */
export abstract class KeptBase {
  static readonly KIND: u32 = 0;
  /** BaseFlag; 0: not known */
  static readonly FLAGS: u32 = 4;
  /** Location.GENERATION; RESET: EMPTIED */
  static readonly GENERATION: u32 = 8;
  static readonly ADDRESS: u32 = 12;
  static readonly SLOT: u32 = 32;
  static readonly VALUE: u32 = 64;
  static readonly SIZE: u32 = 96;
}

/** One load instruction for `loadBase`: a batch is an array of these. */
export abstract class BaseEntry {
  static readonly KIND: u32 = 0;
  /** 20 bytes; free-form keys: pointer u32, length u32 */
  static readonly ADDRESS: u32 = 4;
  static readonly SLOT: u32 = 24;
  /** four little-endian u64 limbs; BYTECODE: pointer u32, length u32 */
  static readonly VALUE: u32 = 56;
  static readonly SIZE: u32 = 88;
}

/** An Ethereum transaction (TxSlot.INPUT). Offsets of lists count from the start of the record. */
export abstract class EvmTransaction {
  /** EIP-2718 type: 0 … 4 */
  static readonly TYPE: u32 = 0;
  /** EvmTransactionFlag */
  static readonly FLAGS: u32 = 4;
  static readonly NONCE: u32 = 8;
  static readonly GAS_LIMIT: u32 = 16;
  /** 20 bytes */
  static readonly SENDER: u32 = 24;
  /** 20 bytes; zero for a creation */
  static readonly TO: u32 = 44;
  /** four little-endian u64 limbs, like all numbers of 32 bytes */
  static readonly VALUE: u32 = 64;
  /** maxFeePerGas; gasPrice of types 0 and 1 */
  static readonly MAX_FEE: u32 = 96;
  /** maxPriorityFeePerGas; gasPrice of types 0 and 1 */
  static readonly MAX_PRIORITY_FEE: u32 = 128;
  static readonly MAX_BLOB_FEE: u32 = 160;
  static readonly DATA: u32 = 192;
  static readonly DATA_LENGTH: u32 = 196;
  /** EvmAccess records */
  static readonly ACCESS_LIST: u32 = 200;
  static readonly ACCESS_COUNT: u32 = 204;
  /** 32 bytes each */
  static readonly BLOB_HASHES: u32 = 208;
  static readonly BLOB_COUNT: u32 = 212;
  /** EvmAuthorization records */
  static readonly AUTHORIZATIONS: u32 = 216;
  static readonly AUTHORIZATION_COUNT: u32 = 220;
  /** EvmSignature record, from which the sender is to be recovered; 0: the sender is SENDER. */
  static readonly SIGNATURE: u32 = 224;
  static readonly SIZE: u32 = 232;
}

export abstract class EvmTransactionFlag {
  /** Creates a contract: there is no TO. */
  static readonly CREATION: u32 = 1;
  /** A call of the protocol's own: no nonce, no fee, no intrinsic gas (EIP-4788, 2935, 7002, 7251). */
  static readonly SYSTEM: u32 = 2;
  /** With SYSTEM: the called contract must have code and succeed, else the block is invalid (EIP-7002, 7251). */
  static readonly REQUIRED: u32 = 4;
  /** With SYSTEM: adds VALUE to the balance of TO and calls nothing (withdrawals, rewards). */
  static readonly CREDIT: u32 = 8;
  /** With SYSTEM: moves all of SENDER's balance to TO and calls nothing (EIP-779). */
  static readonly SWEEP: u32 = 16;
  /** The nonce is whatever the sender's is: NONCE does not count. */
  static readonly ANY_NONCE: u32 = 32;
  /** The sender may have code (EIP-3607), and gas has no limit: neither the block's nor that of EIP-7825. */
  static readonly UNBOUND: u32 = 64;
  /** No price is asked of gas, and none is paid: MAX_FEE is 0. */
  static readonly FREE: u32 = 128;
}

/** A precompiled contract that is not where the fork has it. */
export abstract class EvmPrecompile {
  /** 20 bytes */
  static readonly ADDRESS: u32 = 0;
  /** Which one is there; 0: none. */
  static readonly NUMBER: u32 = 20;
  static readonly SIZE: u32 = 24;
}

/** One line of an access list: an address, or one of its slots (an address with n slots is n + 1 lines). */
export abstract class EvmAccess {
  static readonly ADDRESS: u32 = 0;
  /** 1: SLOT counts */
  static readonly HAS_SLOT: u32 = 20;
  /** 32 bytes big-endian */
  static readonly SLOT: u32 = 24;
  static readonly SIZE: u32 = 56;
}

/** An EIP-7702 authorisation. */
export abstract class EvmAuthorization {
  /** 20 bytes */
  static readonly ADDRESS: u32 = 0;
  /** above 255 counts as 255; or GIVEN */
  static readonly Y_PARITY: u32 = 20;
  /** Nobody has signed yet: R begins with the authority's 20 bytes. No transaction of a block can say so. */
  static readonly GIVEN: u32 = 256;
  static readonly NONCE: u32 = 24;
  static readonly CHAIN_ID: u32 = 32;
  /** 32 bytes big-endian */
  static readonly R: u32 = 64;
  static readonly S: u32 = 96;
  static readonly SIZE: u32 = 128;
}

/** The signature of a transaction whose sender is not given, and who made it. */
export abstract class EvmSignature {
  /** 32 bytes big-endian */
  static readonly R: u32 = 0;
  static readonly S: u32 = 32;
  /** Parity of the nonce point's y; above 1: the signature is none. */
  static readonly Y_PARITY: u32 = 64;
  /** EvmSignatureFlag */
  static readonly FLAGS: u32 = 68;
  // shared
  /** Address of the sender's 20 bytes, which are complete before and stay as they are; else EvmSender. */
  static readonly SENDER: u32 = 72;
  static readonly SIZE: u32 = 80;
}

export abstract class EvmSignatureFlag {
  /** A transaction of type 0 whose signature covers the chain id (EIP-155). */
  static readonly PROTECTED: u32 = 1;
  /** Only EvmTransaction.SENDER may have signed. */
  static readonly EXPECTED: u32 = 2;
}

/** EvmSignature.SENDER where it is no address. */
export abstract class EvmSender {
  /** Nobody has recovered it yet. */
  static readonly UNKNOWN: u32 = 0;
  /** No key can have made the signature, or the rules forbid it. */
  static readonly NOBODY: u32 = 1;
}

/** What all transactions of a block share (Control.EVM_BLOCK). */
export abstract class EvmBlock {
  /** Address of the EvmRules in force. */
  static readonly RULES: u32 = 0;
  /** EvmBlockFlag */
  static readonly FLAGS: u32 = 4;
  static readonly NUMBER: u32 = 8;
  static readonly TIMESTAMP: u32 = 16;
  static readonly GAS_LIMIT: u32 = 24;
  /** 20 bytes */
  static readonly COINBASE: u32 = 32;
  /** difficulty, or prevRandao from Paris on */
  static readonly RANDAO: u32 = 56;
  static readonly BASE_FEE: u32 = 88;
  static readonly BLOB_BASE_FEE: u32 = 120;
  static readonly CHAIN_ID: u32 = 152;
  /** Address of hashes of 32 bytes: that of block NUMBER - 1 first; zeros: not known (Kind.BLOCK_HASH). */
  static readonly HASHES: u32 = 184;
  static readonly HASH_COUNT: u32 = 188;
  /** Address of EvmPrecompile records. */
  static readonly PRECOMPILES: u32 = 192;
  static readonly PRECOMPILE_COUNT: u32 = 196;
  static readonly SLOT_NUMBER: u32 = 200;
  /** How many of HASHES, from the first on, are those of blocks to come: they are zero. */
  static readonly HASHES_TO_COME: u32 = 208;
  static readonly SIZE: u32 = 216;
}

export abstract class EvmBlockFlag {
  /** The state may hold accounts that are empty (EIP-161 removes them when touched). */
  static readonly EMPTY_ACCOUNTS: u32 = 1;
  /** Results list the value that moved (EvmTransfer). */
  static readonly RECORD_TRANSFERS: u32 = 2;
  /** Results list what of the state was met (EvmMet). */
  static readonly RECORD_ACCESS: u32 = 4;
}

/** Bytes of a frame's stack: 1,024 words. */
export const STACK_SIZE: u32 = 1024 * 32;

/** What is asked of an opcode before it runs, in bytes of the stack and gas. */
export abstract class EvmOpcode {
  /** u32: what it costs at least. */
  static readonly PRICE: u32 = 0;
  /** u16: how high the stack must be; higher than it can be where the fork does not know the opcode. */
  static readonly NEEDED: u32 = 4;
  /** u16: how much higher it may be. */
  static readonly ROOM: u32 = 6;
  static readonly SIZE: u32 = 8;
}

/** The rules of a fork (src/chain/rules.ts), fixed while the block runs. */
export abstract class EvmRules {
  /** 256 EvmOpcode */
  static readonly OPCODES: u32 = 0;
  /** The numbers and then the switches, 64 bits each, in the order in which rules.ts lists them. */
  static readonly NUMBERS: u32 = EvmRules.OPCODES + 256 * EvmOpcode.SIZE;
  /** Places for numbers and switches. */
  static readonly CAPACITY: u32 = 128;
  static readonly SIZE: u32 = EvmRules.NUMBERS + EvmRules.CAPACITY * 8;
}

/**
 * Output of an Ethereum transaction (Incarnation.OUTPUT); return data, logs, their bloom, then transfers follow the
 * record.
 */
export abstract class EvmResult {
  /** EvmStatus */
  static readonly STATUS: u32 = 0;
  /** EvmInvalid when the transaction was not executed; else EvmHalt */
  static readonly REASON: u32 = 4;
  static readonly GAS_USED: u32 = 8;
  /** What of REFUND was given back: at most a part of the gas used. */
  static readonly GAS_REFUNDED: u32 = 16;
  /** 20 bytes; zero unless a contract was created */
  static readonly CREATED: u32 = 24;
  static readonly RETURN_LENGTH: u32 = 44;
  static readonly LOG_COUNT: u32 = 48;
  /** Bytes of all logs. */
  static readonly LOGS_LENGTH: u32 = 52;
  /** What the sender paid per gas, four limbs. */
  static readonly GAS_PRICE: u32 = 56;
  /** EvmTransfer records; 0 unless the block asks for them. */
  static readonly TRANSFER_COUNT: u32 = 88;
  /** Gas that the outermost frame used: without the price of the transaction itself, and before refunds. */
  static readonly EXECUTION_GAS: u32 = 96;
  /** Refund counter at the end, before it is bounded. */
  static readonly REFUND: u32 = 104;
  /** What the block's gas grows by: before refunds where state gas is apart, else GAS_USED (EIP-7778). */
  static readonly BLOCK_GAS: u32 = 112;
  /** What its state gas grows by (EIP-8037). */
  static readonly STATE_GAS: u32 = 120;
  /** EvmMet records behind the transfers; 0 unless the block asks for them. */
  static readonly ACCESS_COUNT: u32 = 128;
  static readonly SIZE: u32 = 136;
}

/**
 * What a transaction has met of the state, for the block's access list (EIP-7928): each account, each slot that it
 * read, and each value that it left other than it found it. The new codes are behind the records, one after the other.
 */
export abstract class EvmMet {
  /** EvmMetKind */
  static readonly KIND: u32 = 0;
  /** 20 bytes */
  static readonly ADDRESS: u32 = 4;
  /** 32 bytes big-endian; of a code its length in bytes, u32 */
  static readonly SLOT: u32 = 24;
  /** What it is now, or what was added, four limbs */
  static readonly VALUE: u32 = 56;
  static readonly SIZE: u32 = 88;
}

export abstract class EvmMetKind {
  static readonly ACCOUNT: u32 = 1;
  static readonly SLOT_READ: u32 = 2;
  static readonly SLOT: u32 = 3;
  static readonly BALANCE: u32 = 4;
  /** A balance that nobody read: VALUE was added. */
  static readonly CREDIT: u32 = 5;
  static readonly NONCE: u32 = 6;
  static readonly CODE: u32 = 7;
}

/** Bytes of the bloom of a transaction's logs; only where there are logs. */
export const BLOOM_SIZE: u32 = 256;

/** A log in EvmResult: topics (32 bytes each), then data, padded to a multiple of 8 bytes. */
export abstract class EvmLog {
  static readonly ADDRESS: u32 = 0;
  static readonly TOPIC_COUNT: u32 = 20;
  static readonly DATA_LENGTH: u32 = 24;
  static readonly SIZE: u32 = 32;
}

/**
 * Value that a call, a creation or a SELFDESTRUCT moved, in the order in which it happened; none of frames that
 * failed.
 */
export abstract class EvmTransfer {
  /** 20 bytes */
  static readonly FROM: u32 = 0;
  /** 20 bytes */
  static readonly TO: u32 = 20;
  /** Of the frame that received it, 0 for the outermost; SELFDESTRUCT: of the frame that ended so. */
  static readonly DEPTH: u32 = 40;
  /** EvmTransferKind */
  static readonly KIND: u32 = 44;
  /** four limbs */
  static readonly VALUE: u32 = 48;
  static readonly SIZE: u32 = 80;
}

export abstract class EvmTransferKind {
  static readonly CALL: u32 = 1;
  static readonly CREATION: u32 = 2;
  /** From an account to itself: the value is burnt. */
  static readonly SELFDESTRUCT: u32 = 3;
}

export abstract class EvmStatus {
  static readonly SUCCESS: u32 = 1;
  static readonly REVERTED: u32 = 2;
  /** Exceptional halt: all gas is used. */
  static readonly HALTED: u32 = 3;
  static readonly INVALID: u32 = 4;
}

/** Why a transaction cannot be part of the block. */
export abstract class EvmInvalid {
  static readonly NONE: u32 = 0;
  static readonly TYPE_NOT_ACTIVE: u32 = 1;
  static readonly NONCE_TOO_LOW: u32 = 2;
  static readonly NONCE_TOO_HIGH: u32 = 3;
  static readonly NONCE_AT_MAXIMUM: u32 = 4;
  static readonly INSUFFICIENT_FUNDS: u32 = 5;
  static readonly INTRINSIC_GAS: u32 = 6;
  static readonly FLOOR_GAS: u32 = 7;
  static readonly GAS_ABOVE_BLOCK: u32 = 8;
  static readonly GAS_ABOVE_CAP: u32 = 9;
  static readonly FEE_BELOW_BASE: u32 = 10;
  static readonly PRIORITY_ABOVE_FEE: u32 = 11;
  static readonly SENDER_NOT_EOA: u32 = 12;
  static readonly INIT_CODE_TOO_LARGE: u32 = 13;
  static readonly BLOB_FEE_TOO_LOW: u32 = 14;
  static readonly NO_BLOBS: u32 = 15;
  static readonly TOO_MANY_BLOBS: u32 = 16;
  static readonly BLOB_VERSION: u32 = 17;
  static readonly CREATION_NOT_ALLOWED: u32 = 18;
  static readonly NO_AUTHORIZATIONS: u32 = 19;
  static readonly SYSTEM_CONTRACT_MISSING: u32 = 20;
  static readonly SYSTEM_CONTRACT_FAILED: u32 = 21;
  /** No sender can be recovered from the signature (EIP-2, EIP-155). */
  static readonly BAD_SIGNATURE: u32 = 22;
  /** The sender is another one than the block says. */
  static readonly WRONG_SENDER: u32 = 23;
}

/**
 * Why a frame halted exceptionally. Those from CALL_DEPTH on are calls that were not made: they cost only their
 * price.
 */
export abstract class EvmHalt {
  static readonly NONE: u32 = 0;
  static readonly OUT_OF_GAS: u32 = 1;
  static readonly STACK_UNDERFLOW: u32 = 2;
  static readonly STACK_OVERFLOW: u32 = 3;
  static readonly INVALID_JUMP: u32 = 4;
  /** Unknown to the fork, or INVALID (EIP-141). */
  static readonly INVALID_OPCODE: u32 = 5;
  static readonly STATIC_WRITE: u32 = 6;
  static readonly RETURN_DATA_BOUNDS: u32 = 7;
  /** Somebody lives where a contract was to be created (EIP-684, 7610). */
  static readonly ADDRESS_COLLISION: u32 = 8;
  /** EIP-170 */
  static readonly CODE_TOO_LARGE: u32 = 9;
  /** New code begins with 0xef (EIP-3541). */
  static readonly CODE_PREFIX: u32 = 10;
  /** EIP-3860 */
  static readonly INIT_CODE_TOO_LARGE: u32 = 11;
  static readonly PRECOMPILE_FAILURE: u32 = 12;
  static readonly CALL_DEPTH: u32 = 13;
  static readonly INSUFFICIENT_BALANCE: u32 = 14;
  static readonly NONCE_AT_MAXIMUM: u32 = 15;
}

/**
 * What the trace build tells its host while a transaction runs: `env.trace(event, record)`. One bit each: the host
 * asks for some of them with `observe`. Records are valid until the call returns.
 */
export abstract class TraceEvent {
  /** TraceTransaction */
  static readonly TRANSACTION_BEGAN: u32 = 1;
  /** EvmResult; 0: the attempt ends without one (state is missing, or another transaction must run first) */
  static readonly TRANSACTION_ENDED: u32 = 2;
  /** TraceFrame */
  static readonly FRAME_BEGAN: u32 = 4;
  /** TraceFrameEnd */
  static readonly FRAME_ENDED: u32 = 8;
  /** TraceStep */
  static readonly STEPPED: u32 = 16;
  /** EvmTransfer */
  static readonly TRANSFERRED: u32 = 32;
  /** EvmLog */
  static readonly LOGGED: u32 = 64;
  /** TraceDestruction */
  static readonly SELF_DESTRUCTED: u32 = 128;
}

export abstract class TraceTransaction {
  /** Its number in the block as the core has it. */
  static readonly INDEX: u32 = 0;
  /** Address of its EvmTransaction. */
  static readonly RECORD: u32 = 4;
  static readonly SIZE: u32 = 8;
}

/** A frame begins: a call or creation, whether code runs in it or not. */
export abstract class TraceFrame {
  /** The opcode that made it; CALL or CREATE for the outermost. */
  static readonly OPCODE: u32 = 0;
  /** 0 for the outermost. */
  static readonly DEPTH: u32 = 4;
  static readonly GAS: u32 = 8;
  /** What is left to the caller meanwhile. */
  static readonly CALLER_GAS: u32 = 16;
  static readonly INPUT: u32 = 24;
  static readonly INPUT_LENGTH: u32 = 28;
  /** 20 bytes: what CALLER answers in the frame */
  static readonly CALLER: u32 = 32;
  /** 20 bytes: the account whose storage it is; the new one of a creation */
  static readonly ADDRESS: u32 = 52;
  /** 20 bytes: the account that was called for its code (EIP-7702: not the one it delegates to) */
  static readonly CODE_ADDRESS: u32 = 72;
  /** 1: nothing may be written */
  static readonly STATIC: u32 = 92;
  /** what CALLVALUE answers in the frame, four limbs */
  static readonly VALUE: u32 = 96;
  /** Number of the precompile that is called; 0 for none. */
  static readonly PRECOMPILE: u32 = 128;
  /** State gas that nobody has used yet (EIP-8037): the frame may use all of it. */
  static readonly RESERVOIR: u32 = 136;
  static readonly SIZE: u32 = 144;
}

export abstract class TraceFrameEnd {
  static readonly DEPTH: u32 = 0;
  /** EvmStatus */
  static readonly STATUS: u32 = 4;
  /** EvmHalt */
  static readonly REASON: u32 = 8;
  static readonly OUTPUT_LENGTH: u32 = 12;
  static readonly OUTPUT: u32 = 16;
  static readonly GAS_LEFT: u32 = 24;
  /** Refund counter of the transaction. */
  static readonly REFUND: u32 = 32;
  /** Left by the code itself, before a new contract pays for being stored. */
  static readonly CODE_GAS: u32 = 40;
  /** TraceCodeEnd */
  static readonly CODE_END: u32 = 48;
  // The instruction at which the code ended; of frames in which code ran.
  static readonly OPCODE: u32 = 52;
  /** Before its price was taken. */
  static readonly GAS: u32 = 56;
  /** Address of the word at the bottom of the stack that the instruction found, four limbs. */
  static readonly STACK: u32 = 64;
  /** Words. */
  static readonly STACK_HEIGHT: u32 = 68;
  static readonly MEMORY: u32 = 72;
  static readonly MEMORY_SIZE: u32 = 76;
  /** As in TraceStep. */
  static readonly PRICE: u32 = 80;
  /** State gas that is left, and what the transaction has used by now, less what was given back. */
  static readonly RESERVOIR: u32 = 88;
  static readonly STATE_GAS: u32 = 96;
  /** What the instruction has left of the gas; below zero by what it could not pay for. */
  static readonly GAS_BEHIND: u32 = 104;
  static readonly SIZE: u32 = 112;
}

/** What became of the code of a frame that ends. */
export abstract class TraceCodeEnd {
  /** None ran. */
  static readonly NONE: u32 = 0;
  static readonly HALTED: u32 = 1;
  /** It came to its end. The frame may have failed all the same: a new contract that cannot be stored. */
  static readonly ENDED: u32 = 2;
}

/** An instruction is about to run. */
export abstract class TraceStep {
  static readonly PC: u32 = 0;
  static readonly OPCODE: u32 = 4;
  /** Before its price is taken. */
  static readonly GAS: u32 = 8;
  static readonly REFUND: u32 = 16;
  static readonly DEPTH: u32 = 24;
  /** Address of the word at the bottom, four limbs. */
  static readonly STACK: u32 = 28;
  /** Words. */
  static readonly STACK_HEIGHT: u32 = 32;
  static readonly MEMORY: u32 = 36;
  static readonly MEMORY_SIZE: u32 = 40;
  static readonly RETURNED: u32 = 44;
  static readonly RETURNED_LENGTH: u32 = 48;
  /** Address of the 20 bytes of the running account. */
  static readonly ADDRESS: u32 = 52;
  /** i64: what the opcode costs at least; -1: the fork does not know it. */
  static readonly PRICE: u32 = 56;
  /** As in TraceFrameEnd, before the instruction. */
  static readonly RESERVOIR: u32 = 64;
  static readonly STATE_GAS: u32 = 72;
  static readonly SIZE: u32 = 80;
}

export abstract class TraceDestruction {
  static readonly ADDRESS: u32 = 0;
  static readonly BENEFICIARY: u32 = 20;
  static readonly DEPTH: u32 = 40;
  /** 1: the account goes at the end of the transaction (EIP-6780) */
  static readonly DESTROYS: u32 = 44;
  /** what the account held, four limbs */
  static readonly VALUE: u32 = 48;
  static readonly SIZE: u32 = 80;
}

/** What who watches asks about the state that the running transaction sees (`peek`), and the answer. */
export abstract class TracePeek {
  /** 20 bytes */
  static readonly ADDRESS: u32 = 0;
  /** Address of the code, after a peek at Kind.CODE; and its length. */
  static readonly CODE: u32 = 20;
  static readonly CODE_LENGTH: u32 = 24;
  /** 32 bytes big-endian */
  static readonly SLOT: u32 = 32;
  /** The value as it lies in the state: four limbs, a code's hash as bytes (zeros: no code). */
  static readonly VALUE: u32 = 64;
  static readonly SIZE: u32 = 96;
}

/** Size of an instruction of the synthetic executor: {operation u32, a u32, b u32, c u32}. */
export const INSTRUCTION_SIZE: u32 = 16;

/** What an instruction of the synthetic executor does. */
export abstract class Operation {
  /** acc = mix(acc, storage[a][b]) */
  static readonly READ: u32 = 1;
  /** storage[a][b] = mix(acc, c) */
  static readonly WRITE: u32 = 2;
  /** acc = mix(acc, balance[a]) */
  static readonly READ_BALANCE: u32 = 3;
  /** balance[a] += b, without reading it */
  static readonly CREDIT: u32 = 4;
  /** balance[a] -= b; REVERTED, keeping earlier writes, when there is not enough */
  static readonly DEBIT: u32 = 5;
  /** skips the next c instructions unless balance[a] >= b; a predicate read */
  static readonly SKIP_UNLESS_AT_LEAST: u32 = 6;
  /** empties storage[a] */
  static readonly RESET: u32 = 7;
  /** INVALID unless nonce[a] = b; then nonce[a] = b + 1 */
  static readonly NONCE: u32 = 8;
  /** acc = mix(acc, storage[a][acc mod b]) */
  static readonly READ_DYNAMIC: u32 = 9;
  /** storage[a][acc mod b] = mix(acc, c) */
  static readonly WRITE_DYNAMIC: u32 = 10;
  /** burns time: a rounds of mixing, without effect */
  static readonly SPIN: u32 = 11;
  /** REVERTED, keeping earlier writes, when acc is odd */
  static readonly REVERT_IF_ODD: u32 = 12;
  /** FAILED, dropping all writes, when acc mod a = 0 */
  static readonly FAIL_IF_DIVISIBLE: u32 = 13;
  /** storage[a][b] = storage[a][b] + c: reads and writes */
  static readonly INCREMENT: u32 = 14;
  /** code[a] = mix(acc, c) as a hash */
  static readonly WRITE_CODE: u32 = 15;
  /** acc = mix(acc, code[a]) */
  static readonly READ_CODE: u32 = 16;
}
