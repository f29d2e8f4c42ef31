// A memory that notices every byte written where nothing was set aside: canaries around all records, and a core that only keeps
// what it is told.

import { BaseEntry, CONTROL_BASE, Control, ReadResult } from '../../assembly/layout.ts';
import type { Core, CoreInstance } from '../../src/core/instance/abi.ts';

const CANARY = 0xa5;
/** Between two records. */
const GAP = 64;
const SCRATCH_BYTES = 128;
const SIZE = CONTROL_BASE + 96 * 1024;
const PRISTINE = Buffer.alloc(SIZE, CANARY);

/** Bytes that were set aside. */
interface Region {
  readonly start: number;
  readonly end: number;
}

/** A call that reached the core, with the bytes that it would have read. */
export interface CoreCall {
  readonly name: string;
  readonly numbers: readonly number[];
  readonly bytes: Uint8Array;
}

/** What encoders see as an instance of the core. */
export class GuardedMemory {
  readonly calls: CoreCall[] = [];
  readonly instance: CoreInstance;
  readonly scratch: number;
  readonly #bytes: Buffer;
  readonly #lasting: Region[];
  #regions: Region[] = [];
  #next: number;

  constructor() {
    const buffer = new ArrayBuffer(SIZE);
    this.#bytes = Buffer.from(buffer);
    this.#bytes.set(PRISTINE);
    this.scratch = CONTROL_BASE + Control.SIZE + GAP;
    this.#lasting = [
      { start: CONTROL_BASE + Control.SEEDS, end: CONTROL_BASE + Control.SEEDS + Control.SEED_COUNT * 8 },
      { start: CONTROL_BASE + Control.EVM_BLOCK, end: CONTROL_BASE + Control.EVM_BLOCK + 4 },
      { start: this.scratch, end: this.scratch + SCRATCH_BYTES },
    ];
    this.#next = this.#firstPlace();
    this.instance = {
      core: this.#core(),
      memory: { buffer } as WebAssembly.Memory,
      bytes: new Uint8Array(buffer),
      words: new Uint32Array(buffer),
      limbs: new BigUint64Array(buffer),
      doubles: new Float64Array(buffer),
      now: () => 0,
      setPrecompiles() {},
    };
  }

  /** What lies at `start`, apart from the memory. */
  read(start: number, length: number): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#bytes, start, start + length);
  }

  /** Where a byte outside of all records was written, or undefined; begins anew. */
  firstStray(): number | undefined {
    for (const { start, end } of [...this.#lasting, ...this.#regions]) this.#bytes.fill(CANARY, start, end);
    this.#regions = [];
    this.#next = this.#firstPlace();
    this.calls.length = 0;
    if (this.#bytes.equals(PRISTINE)) return undefined;
    const stray = this.#bytes.findIndex((byte) => byte !== CANARY);
    this.#bytes.set(PRISTINE);
    return stray;
  }

  #firstPlace(): number {
    return this.scratch + SCRATCH_BYTES + GAP;
  }

  #allocate(size: number): number {
    const start = this.#next;
    const end = start + size;
    if (!(size >= 0) || end + GAP > SIZE) return 0;
    this.#regions.push({ start, end });
    this.#next = ((end + 7) & ~7) + GAP;
    return start;
  }

  #core(): Core {
    const keep =
      (name: string, bytesOf: (...numbers: number[]) => [start: number, length: number][], answer: unknown) =>
      (...numbers: number[]) => {
        const parts = bytesOf(...numbers).map(([start, length]) => this.read(start, length));
        this.calls.push({ name, numbers, bytes: Buffer.concat(parts) });
        return typeof answer === 'function' ? answer(...numbers) : answer;
      };
    const scratch = () => [[this.scratch, SCRATCH_BYTES]] as [number, number][];
    const core = {
      allocate: (size: number) => this.#allocate(size),
      scratch: () => this.scratch,
      setTransaction: keep('setTransaction', (_, __, start, length) => [[start!, length!]], undefined),
      loadBase: keep(
        'loadBase',
        (start, count) => [[start!, count! * BaseEntry.SIZE]],
        (_: number, count: number) => count,
      ),
      announce: keep('announce', (_, start, count) => [[start!, count! * BaseEntry.SIZE]], 1),
      findCodeScratch: keep('findCodeScratch', scratch, 0),
      addCode: keep(
        'addCode',
        (hash, start, length) => [
          [hash!, 32],
          [start!, length!],
        ],
        1,
      ),
      locateScratch: keep('locateScratch', scratch, 1),
      read: keep('read', scratch, ReadResult.VALUE),
      write: keep('write', scratch, 1),
      credit: keep('credit', scratch, 1),
      atLeast: keep('atLeast', scratch, ReadResult.VALUE),
    };
    return core as unknown as Core;
  }
}
