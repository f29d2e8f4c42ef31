// Compile-time checks of layout.ts: a wrong size, alignment or overlap fails the build.

import {
  BaseValue, Change, CODE_HASH_SIZE, CODE_PADDING, Access, CONTROL_BASE, Control, Deque, FOLD_INCARNATION, Halt,
  Incarnation, LINE, Location, MAX_INCARNATION, MAX_TRANSACTIONS, MAX_WORKERS, EvmResult, EvmSender, EvmSignature,
  EvmTransaction, EvmTransfer, Metric, ReadEntry, RecordedAccess, Recording, Span, TraceDestruction, TraceFrame,
  TraceFrameEnd, TracePeek, TraceStep, TxSlot, Version, VersionFlag, Worker, WriteEntry,
} from "./layout";

// Sizes that the design promises.
if (TxSlot.SIZE != 64) ERROR("a transaction slot is one cache line");
if (Location.SIZE != 2 * LINE || Location.BASE != LINE) ERROR("a location's key is one cache line, its base another");
if (Version.SIZE != Version.VALUE + 32) ERROR("a version is a header and one word");
if (ReadEntry.SIZE != 16 || WriteEntry.SIZE != 8) ERROR("a read is 16 bytes, a write 8");
if (Location.SLOT + 32 != LINE || Location.EMPTIED != Location.SLOT) ERROR("the slot ends the key");
if (Location.ACCOUNT_WALK != Location.VALUE + 32 || (Location.VERSIONS & 7) != 0) ERROR("the fields of a base fit");
if (Access.VALUE + 32 != Access.SIZE) ERROR("the value ends the access");

// Alignment of what atomics touch: 4 for u32, 8 for u64 (plain f64 and u64 fields too).
if ((TxSlot.STATUS & 7) != 0 || (TxSlot.VALIDATED & 7) != 0) ERROR("u64 atomics need 8-byte alignment");
if ((Version.META & 3) != 0 || (Version.NEXT & 3) != 0 || (Version.SIZE & 7) != 0) ERROR("version words are aligned");
if ((Incarnation.PUBLISHED & 3) != 0 || (Incarnation.DURATION & 7) != 0 || (Incarnation.SIZE & 7) != 0)
  ERROR("record words are aligned");
if ((EvmTransaction.SIZE & 7) != 0 || (EvmSignature.SENDER & 3) != 0) ERROR("a signature follows a transaction");
if ((Worker.METRICS & 7) != 0 || (Span.START & 7) != 0 || (Worker.DEQUE & (LINE - 1)) != 0)
  ERROR("worker records are aligned");

// Contended words keep a line each.
if (Control.EXECUTION_CURSOR - Control.COMMIT_INDEX < LINE) ERROR("the commit index shares a line with a cursor");
if (Control.VALIDATION_CURSOR - Control.EXECUTION_CURSOR < LINE) ERROR("the cursors share a line");
if (Control.CLOCK - Control.VALIDATION_CURSOR < LINE || Control.EVENTS - Control.CLOCK < LINE)
  ERROR("the clock shares a line");
if (Control.HALT - Control.EVENTS < LINE || Control.ARENA_NEXT - Control.HALT < LINE) ERROR("the events share a line");
if (Control.LOCATION_COUNT - Control.ARENA_NEXT < LINE) ERROR("the arena shares a line with the locations");
if (Deque.BOTTOM - Deque.TOP < LINE || Deque.RING - Deque.BOTTOM < LINE) ERROR("the ends of a deque share a line");

if (((Change.BEFORE | Change.NONCE | Change.CODE_HASH |
  Change.SLOT_SIZE | Change.FREE_SIZE | Change.RESET_SIZE | Change.ACCOUNT_SIZE) & 7) != 0)
  ERROR("values of changes are aligned");

// No overlaps.
if (Control.SEEDS + Control.SEED_COUNT * 8 > Control.TRANSACTION_COUNT) ERROR("the seeds overlap the block");
if (Control.ALIVE + MAX_WORKERS * 4 > Control.SIZE) ERROR("one word of life per worker");
if (Worker.SCRATCH + Worker.SCRATCH_SIZE > Worker.METRICS) ERROR("the scratch overlaps the metrics");
if (Worker.METRICS + Metric.COUNT * 8 > Worker.RUNNING) ERROR("the metrics overlap");
if (Worker.DEQUE + Deque.RING != Worker.DEQUE_RING) ERROR("the ring follows the deque");

// Fields that share a word.
if (MAX_TRANSACTIONS != (1 << 20) - 1) ERROR("a version has 20 bits for its transaction");
if (MAX_INCARNATION >= FOLD_INCARNATION || FOLD_INCARNATION > 255) ERROR("an incarnation has 8 bits");
if (((VersionFlag.DELTA | VersionFlag.ANNOUNCED) & VersionFlag.LIFE_MASK) != 0)
  ERROR("life and kind are different bits");
if (EvmSender.UNKNOWN != 0 || EvmSender.NOBODY >= CONTROL_BASE) ERROR("a sender's address is no EvmSender");
if (Halt.NONE != 0) ERROR("a cleared memory is not halted");
if (CODE_HASH_SIZE + BaseValue.CODE_BYTES + CODE_PADDING < 80)
  ERROR("the code store's table counts on records of 80 bytes");
if (EvmTransfer.VALUE + 32 != EvmTransfer.SIZE || (EvmResult.EXECUTION_GAS & 7) != 0)
  ERROR("EVM records hold their fields");
if (TraceFrame.VALUE + 32 != TraceFrame.PRECOMPILE || TraceDestruction.VALUE + 32 != TraceDestruction.SIZE)
  ERROR("trace records hold their values");
if (TraceFrame.SIZE > 144 || TraceFrameEnd.SIZE > 144 || TraceStep.SIZE > 144)
  ERROR("all trace records share 144 bytes");
if (((Recording.SIZE | RecordedAccess.SIZE | RecordedAccess.VALUE | Recording.GAS) & 7) != 0)
  ERROR("values of recordings are aligned");
if (TracePeek.SLOT + 32 != TracePeek.VALUE || TracePeek.VALUE + 32 != TracePeek.SIZE) ERROR("a peek holds its value");
