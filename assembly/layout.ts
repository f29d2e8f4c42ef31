// Every byte that two threads or two languages share. Compiled by asc (constants fold to immediates) and by tsc.
//
// Field names carry the rule: fields listed under "shared" are touched by several threads and only through
// base/shared.ts; all others are written before publication, or by their owner alone.

/** Bumped with every change of this file; each worker compares it before it joins. */
export const LAYOUT_VERSION: u32 = 3;

/** Start of the memory that the core lays out; below are the module's statics. */
export const CONTROL_BASE: u32 = 65536;

/** Cache-line distance that keeps two contended words apart. */
export const LINE: u32 = 64;

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

  // shared, one line each
  static readonly COMMIT_INDEX: u32 = 256;
  static readonly COMMIT_CLOCK: u32 = 260;
  static readonly EXECUTION_CURSOR: u32 = 320;
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
  /** One u32 per worker id: WorkerLife. */
  static readonly ALIVE: u32 = 832;
  static readonly SIZE: u32 = 832 + 256 * 4;
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
  /** Index + 1 of the transaction being executed, 0 when none: for the host's time limit. Shared. */
  static readonly RUNNING: u32 = 512;
  /** Count of attempts begun: tells two attempts at one transaction apart. Shared. */
  static readonly ATTEMPT: u32 = 516;
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
  /** u64: state:4 · owner:8 · incarnation:8 · unused:12 · record:32 (from the low bits up). */
  static readonly STATUS: u32 = 0;
  /** Head of the list of Waiter nodes. */
  static readonly WAITERS: u32 = 8;
  /** Head of the list of Dependency nodes. */
  static readonly DEPENDENCIES: u32 = 12;
  /** u64: incarnation:8 | clock:32 << 8 of the newest successful validation. */
  static readonly VALIDATED: u32 = 16;
  // written by the host before workers start
  /** Estimated gas, 0 for unknown: a hint for scheduling policies. Today's goes by order alone. */
  static readonly COST: u32 = 24;
  static readonly INPUT: u32 = 28;
  static readonly INPUT_LENGTH: u32 = 32;
  // shared
  /** TxFlag bits. Apart from STATUS: the host may set one under the hands of a transaction's owner. */
  static readonly FLAGS: u32 = 36;
  static readonly EXECUTIONS: u32 = 40;
  static readonly LAST_WORKER: u32 = 44;
  static readonly SIZE: u32 = 64;
}

/** TxSlot.FLAGS; no flag is 0. */
export abstract class TxFlag {
  /** Run by the executor inside the core; otherwise handed to the host language. */
  static readonly NATIVE: u32 = 1;
  /** Only run at the commit head; also set when the time limit was exceeded. */
  static readonly HEAD_ONLY: u32 = 2;
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

/** A place in the state, identified by its full key. */
export abstract class Location {
  // shared
  /** Newest version (Version node), 0 when nobody wrote it in this block. */
  static readonly VERSIONS: u32 = 0;
  /** BaseValue record, 0 when the host loaded none. */
  static readonly BASE: u32 = 4;
  // fixed before publication
  /** kind:8 | index of the account's RESET location:24 (STORAGE only) */
  static readonly KIND: u32 = 8;
  /** 20 bytes; free-form keys: pointer u32, length u32 */
  static readonly ADDRESS: u32 = 12;
  /** 32 bytes big-endian, zero where the kind has none */
  static readonly SLOT: u32 = 32;
  static readonly SIZE: u32 = 64;
}

export abstract class Kind {
  static readonly BALANCE: u32 = 1;
  static readonly NONCE: u32 = 2;
  /** keccak256 of the code as the 32 bytes themselves, all zero for no code */
  static readonly CODE: u32 = 3;
  /** a version here empties the account's storage */
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
}

/** Base value: 32 bytes; BYTECODE: length u32, bytes from offset 8. */
export abstract class BaseValue {
  static readonly VALUE: u32 = 0;
  static readonly SIZE: u32 = 32;
  static readonly CODE_LENGTH: u32 = 0;
  static readonly CODE_BYTES: u32 = 8;
}

/** One value that one incarnation of one transaction wrote to one location. */
export abstract class Version {
  // shared
  static readonly NEXT: u32 = 0;
  /** flags:4 | incarnation:8 | transaction:20 (from the low bits up): a greater word is a newer version. */
  static readonly META: u32 = 4;
  // fixed before publication
  /** four little-endian u64 limbs; DATA: pointer u32, length u32 (length 0xffffffff: absent) */
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

/** One location as the running attempt sees it. Private to its worker. */
export abstract class Access {
  static readonly LOCATION: u32 = 0;
  static readonly FLAGS: u32 = 4;
  static readonly NODE: u32 = 8;
  static readonly RESET: u32 = 12;
  static readonly AUX: u32 = 16;
  static readonly READ_KIND: u32 = 20;
  static readonly VALUE: u32 = 24;
  static readonly SIZE: u32 = 56;
}

export abstract class AccessFlag {
  static readonly READ: u32 = 1;
  static readonly WRITTEN: u32 = 2;
  /** Credited without having been read: VALUE is the amount. */
  static readonly CREDITED: u32 = 4;
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
}

/** Counters of one worker, u64 each (times: f64 ms), in Worker.METRICS. The decoder walks this table. */
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
  static readonly STAMPED_COMMITS: u32 = 72;
  static readonly RECLAIMS: u32 = 80;
  static readonly DROPPED_HINTS: u32 = 88;
  static readonly READS: u32 = 96;
  static readonly WRITES: u32 = 104;
  static readonly VERSIONS: u32 = 112;
  static readonly SLEEPS: u32 = 120;
  static readonly LOST: u32 = 128;
  static readonly VALIDATION_MS: u32 = 136;
  static readonly EXECUTION_MS: u32 = 144;
  static readonly IDLE_MS: u32 = 152;
  static readonly COUNT: u32 = 20;
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

/** What `finish`, `suspend` and the like answer. */
export abstract class Finish {
  static readonly EXECUTED: u32 = 1;
  /** The transaction was taken away (this worker was declared dead): everything was discarded. */
  static readonly LOST: u32 = 2;
  static readonly EXHAUSTED: u32 = 3;
  static readonly SUSPENDED: u32 = 4;
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
