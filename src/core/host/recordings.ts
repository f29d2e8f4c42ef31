// What a run has recorded of its transactions, on its way out of the core and into a later run on the same state.

import { CONTROL_BASE, Control, Kind, RecordedAccess, Recording, TxSlot } from '../../../assembly/layout.ts';
import type { CoreInstance } from '../instance/abi.ts';

/** Recording records by the number of their task; `undefined`: it has to be executed. They name places by location. */
export type Recordings = readonly (Uint8Array | undefined)[];

/** What the block in the memory has recorded, by number of transaction. Host, before the next block begins. */
export function takeRecordings({ core, bytes, words }: CoreInstance): (Uint8Array | undefined)[] {
  const count = words[(CONTROL_BASE + Control.TRANSACTION_COUNT) >>> 2]!;
  const recordings = new Array<Uint8Array | undefined>(count).fill(undefined);
  for (let next = 0; next < count; ) {
    next = core.recordTransactions(next);
    const part = bytes.slice(core.changesStart(), core.changesEnd());
    const fields = new Uint32Array(part.buffer);
    for (let at = 0; at < part.length; ) {
      const length = fields[(at + Recording.LENGTH) >>> 2]!;
      recordings[fields[(at + Recording.TRANSACTION) >>> 2]!] = part.subarray(at, at + length);
      at += length;
    }
  }
  return recordings;
}

/** Gives the transactions of a block that begins their recordings; false when memory is exhausted: then some have none. */
export function giveRecordings({ core, bytes, words }: CoreInstance, recordings: Recordings): boolean {
  const slots = words[(CONTROL_BASE + Control.SLOTS) >>> 2]!;
  // Recordings are parts of few copies of the memory, and go back as they came.
  const places = new Map<ArrayBufferLike, number>();
  for (const [index, recording] of recordings.entries()) {
    if (recording === undefined) continue;
    const { buffer, byteOffset } = recording;
    let place = places.get(buffer);
    if (place === undefined) {
      place = core.allocate(buffer.byteLength);
      if (place === 0) return false;
      bytes.set(new Uint8Array(buffer), place);
      places.set(buffer, place);
    }
    words[(slots + index * TxSlot.SIZE + TxSlot.RECORDING) >>> 2] = place + byteOffset;
  }
  return true;
}

/** Hashes of the codes that a recorded transaction has given to accounts. */
export function* codeHashesIn(recording: Uint8Array): Generator<Uint8Array> {
  const fields = new DataView(recording.buffer, recording.byteOffset);
  const reads = fields.getUint32(Recording.READ_COUNT, true);
  const writes = fields.getUint32(Recording.WRITE_COUNT, true);
  for (let at = reads; at < reads + writes; at++) {
    const access = Recording.SIZE + at * RecordedAccess.SIZE;
    if (fields.getUint32(access + RecordedAccess.LOCATION, true) >>> 24 !== Kind.CODE) continue;
    yield recording.subarray(access + RecordedAccess.VALUE, access + RecordedAccess.SIZE);
  }
}
