// The state view over a real core: what executors read and write, and what the host makes of it.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, test } from 'vitest';
import { Kind, Next } from '../../../assembly/layout.ts';
import { keyFromBytes } from '../../../src/base/hex.ts';
import { BlockHost } from '../../../src/core/host/block-host.ts';
import { collectRecords, decodeChanges, unknownAccounts } from '../../../src/core/host/change-records.ts';
import { locationCount } from '../../../src/core/host/location.ts';
import { packOutcome } from '../../../src/core/host/outcome.ts';
import {
  type AccountFields,
  mergeChanges,
  noChange,
  type StateChanges,
  snapshotState,
  type UnseenAccounts,
} from '../../../src/core/host/state-changes.ts';
import { EMPTY_IMAGE, type StateImage, StateImageBuilder } from '../../../src/core/host/state-image.ts';
import { type CoreInstance, createMemory, openCore, wallClock } from '../../../src/core/instance/abi.ts';
import { compileCore } from '../../../src/core/instance/module.ts';
import { CoreStateView } from '../../../src/core/worker/state-view.ts';
import { runRound } from '../../../src/core/worker/worker-loop.ts';
import { type Executor, type StateView, SuspendSignal } from '../../../src/task/executor.ts';

const ALICE = new Uint8Array(20).fill(0xa1);
const BOB = new Uint8Array(20).fill(0xb0);
const SLOT = new Uint8Array(32).fill(7);
const LIMIT = 1n << 256n;
const CODE = Uint8Array.from({ length: 3000 }, (_, i) => i);
const EMPTY_HASH = keccak_256(new Uint8Array(0));

async function collectChanges(instance: CoreInstance, upTo: number, unseen: UnseenAccounts) {
  const records = await collectRecords(instance, upTo, () => undefined);
  const changes = decodeChanges(structuredClone([{ records, rewound: undefined, unseen }]));
  return { changes, unknown: unknownAccounts(records, unseen) };
}

async function open(count: number, image: StateImage = EMPTY_IMAGE, complete = true, over = EMPTY_IMAGE) {
  const memory = createMemory(64);
  const options = { clockBase: wallClock(), mayWait: false };
  const module = await compileCore();
  const host = new BlockHost(await openCore(module, memory, options), 1);
  const worker = await openCore(module, memory, options);
  const setup = { count, first: 0, window: 8, complete, haltOnInvalid: false, profile: false };
  expect(host.begin(setup)).toBe(true);
  expect(host.load(over)).toBe(true);
  const from = locationCount(host.instance);
  expect(host.load(image)).toBe(true);
  const known = { from, to: locationCount(host.instance) };
  for (let index = 0; index < count; index++) host.setTask(index);
  expect(worker.core.join(1)).toBeTruthy();
  const view = new CoreStateView(worker);
  return {
    host,
    view,
    worker,
    /** The locations from `image`. */
    known,
    /** Runs the next transaction. */
    attempt<T>(body: (view: CoreStateView) => T): T {
      const index = worker.core.next(false, Number.NaN);
      expect(index).toBeGreaterThanOrEqual(0);
      view.open(index, worker.core.incarnation());
      const result = body(view);
      view.close();
      const packed = packOutcome({ status: 'success' });
      const staged = view.stage(...packed.parts);
      worker.core.finish(packed.code, packed.gas, staged, 4);
      return result;
    },
    end() {
      expect(worker.core.next(false, Number.NaN)).toBe(Next.DONE);
    },
  };
}

function word(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * (31 - i))) & 255n));
}

describe('a state view', () => {
  test('finds nothing where there is nothing', async () => {
    const { attempt } = await open(1);
    attempt((view) => {
      expect(view.balance(ALICE)).toBe(0n);
      expect(view.balanceAtLeast(ALICE, 0n)).toBe(true);
      expect(view.balanceAtLeast(ALICE, 1n)).toBe(false);
      expect(view.nonce(ALICE)).toBe(0n);
      expect(view.codeHash(ALICE)).toEqual(EMPTY_HASH);
      expect(view.code(ALICE)).toEqual(new Uint8Array(0));
      expect(view.storage(ALICE, SLOT)).toEqual(new Uint8Array(32));
      expect(view.exists(ALICE)).toBe(false);
      expect(view.read('key')).toBeUndefined();
      expect(view.readNumber('key')).toBe(0n);
      expect(view.atLeast('key', 1n)).toBe(false);
    });
  });

  test('sees what it wrote, and higher transactions see it too', async () => {
    const { attempt, end } = await open(2);
    const values = [1n, 2n ** 64n - 1n, 2n ** 64n, 2n ** 128n + 5n, 2n ** 200n, LIMIT - 1n];
    const look = (view: CoreStateView) => {
      for (const [i, value] of values.entries()) {
        const address = new Uint8Array(20).fill(i + 1);
        expect(view.balance(address)).toBe(value);
        expect(view.balanceAtLeast(address, value)).toBe(true);
        expect(view.storage(ALICE, word(value))).toEqual(word(LIMIT - value));
        expect(view.readNumber(`n${i}`)).toBe(value);
      }
      expect(view.nonce(ALICE)).toBe(2n ** 64n - 1n);
      expect(view.code(BOB)).toEqual(CODE);
      expect(view.codeHash(BOB)).toEqual(keccak_256(CODE));
      expect(view.exists(BOB)).toBe(true);
      expect(view.read('empty')).toEqual(new Uint8Array(0));
      expect(view.read('long')).toEqual(CODE);
      expect(view.read(Uint8Array.of(255, 0))).toEqual(Uint8Array.of(1));
    };
    attempt((view) => {
      for (const [i, value] of values.entries()) {
        view.setBalance(new Uint8Array(20).fill(i + 1), value);
        view.setStorage(ALICE, word(value), word(LIMIT - value));
        view.writeNumber(`n${i}`, value);
      }
      view.setNonce(ALICE, 2n ** 64n - 1n);
      view.setCode(BOB, CODE, keccak_256(CODE));
      view.setExists(BOB, true);
      view.write('empty', new Uint8Array(0));
      view.write('long', CODE);
      view.write(Uint8Array.of(255, 0), Uint8Array.of(1));
      look(view);
    });
    attempt(look);
    end();
  });

  test('adds without reading, takes code away, empties storage', async () => {
    const { attempt, host, end } = await open(3);
    attempt((view) => {
      view.setStorage(ALICE, SLOT, word(5n));
      view.setCode(ALICE, CODE, keccak_256(CODE));
      view.credit(BOB, 5n);
      view.add('sum', LIMIT - 1n);
      view.write('gone', Uint8Array.of(1));
    });
    attempt((view) => {
      view.resetStorage(ALICE);
      view.setCode(ALICE, new Uint8Array(0), EMPTY_HASH);
      view.credit(BOB, 6n);
      view.add('sum', 3n);
      view.write('gone', undefined);
    });
    attempt((view) => {
      expect(view.storage(ALICE, SLOT)).toEqual(new Uint8Array(32));
      expect(view.codeHash(ALICE)).toEqual(EMPTY_HASH);
      expect(view.balance(BOB)).toBe(11n);
      expect(view.readNumber('sum')).toBe(2n);
      expect(view.read('gone')).toBeUndefined();
    });
    end();
    const { changes } = await collectChanges(host.instance, 3, new Map());
    expect([...changes.accounts.keys()]).toEqual([keyFromBytes(BOB)]);
    expect(changes.data.size).toBe(0);
    expect([...changes.numbers]).toEqual([['sum', { before: 0n, after: 2n }]]);
  });

  test('gives arrays that belong to the caller', async () => {
    const { attempt } = await open(1);
    attempt((view) => {
      view.codeHash(ALICE).fill(1);
      expect(view.codeHash(ALICE)).toEqual(EMPTY_HASH);
      view.write('a', CODE);
      view.read('a')?.fill(0);
      expect(view.read('a')).toEqual(CODE);
    });
  });

  test('ends the attempt where a value is not known yet, whatever the executor does', async () => {
    const { view, worker } = await open(1, EMPTY_IMAGE, false);
    expect(worker.core.next(false, Number.NaN)).toBe(0);
    view.open(0, 0);
    expect(() => view.balance(ALICE)).toThrow(SuspendSignal);
    expect(view.interruption?.reason).toBe('missing');
    expect(() => view.writeNumber('anything', 1n)).toThrow(SuspendSignal);
  });

  test('is of no use outside an attempt', async () => {
    const { view } = await open(1);
    expect(() => view.balance(ALICE)).toThrow('this attempt is over');
  });

  test('takes keys of 1 to 65,535 bytes', async () => {
    const { attempt } = await open(1);
    attempt((view) => {
      const key = new Uint8Array(65535).fill(3);
      view.write(key, Uint8Array.of(9));
      expect(view.read(key)).toEqual(Uint8Array.of(9));
      expect(() => view.read(new Uint8Array(65536))).toThrow(RangeError);
      expect(() => view.read('')).toThrow(RangeError);
      expect(() => view.read(5 as never)).toThrow(TypeError);
    });
  });
});

describe('images and changes', () => {
  function image() {
    const builder = new StateImageBuilder(2);
    builder.number(Kind.BALANCE, ALICE, 100n);
    builder.number(Kind.EXISTENCE, ALICE, 1n);
    builder.codeHash(ALICE, keccak_256(CODE));
    builder.code(keccak_256(CODE), CODE);
    for (let slot = 1n; slot <= 200n; slot++) builder.storage(ALICE, word(slot), word(slot * slot));
    builder.data(Uint8Array.of(1, 2), Uint8Array.of(3));
    builder.data(Uint8Array.of(4), undefined);
    builder.freeNumber(new TextEncoder().encode('n'), LIMIT - 5n);
    return builder;
  }

  function check(view: CoreStateView): void {
    expect(view.balance(ALICE)).toBe(100n);
    expect(view.exists(ALICE)).toBe(true);
    expect(view.code(ALICE)).toEqual(CODE);
    for (let slot = 1n; slot <= 200n; slot++) expect(view.storage(ALICE, word(slot))).toEqual(word(slot * slot));
    expect(view.read(Uint8Array.of(1, 2))).toEqual(Uint8Array.of(3));
    expect(view.read(Uint8Array.of(4))).toBeUndefined();
    expect(view.readNumber('n')).toBe(LIMIT - 5n);
  }

  test('a loaded image is what a view sees, and copies of it too', async () => {
    (await open(1, image().finish())).attempt(check);
    const copy = new StateImageBuilder();
    copy.number(Kind.NONCE, BOB, 3n);
    copy.append(structuredClone(image().finish()));
    (await open(1, copy.finish())).attempt(check);
  });

  test('a snapshot holds what a block left', async () => {
    for (const complete of [true, false]) {
      const first = await open(2, image().finish(), complete);
      first.attempt((view) => view.credit(ALICE, 11n));
      first.attempt((view) => {
        view.setStorage(ALICE, word(3n), word(0n));
        view.setStorage(ALICE, word(4n), word(44n));
        view.write('new', CODE);
        view.add('n', 6n);
      });
      first.end();
      const second = await open(1, snapshotState(first.host.instance, 2, complete, new Map()), complete);
      second.attempt((view) => {
        expect(view.balance(ALICE)).toBe(111n);
        expect(view.storage(ALICE, word(3n))).toEqual(word(0n));
        expect(view.storage(ALICE, word(4n))).toEqual(word(44n));
        expect(view.storage(ALICE, word(5n))).toEqual(word(25n));
        expect(view.code(ALICE)).toEqual(CODE);
        expect(view.read('new')).toEqual(CODE);
        expect(view.readNumber('n')).toBe(1n);
      });
    }
  });

  test.each([true, false])(
    'a snapshot over the image that is there holds what is otherwise: complete %s',
    async (complete) => {
      const whole = () => {
        const builder = image();
        builder.storage(BOB, word(1n), word(1n));
        builder.storage(BOB, word(2n), word(2n));
        builder.number(Kind.NONCE, BOB, 3n);
        return builder.finish();
      };
      const first = await open(2, whole(), complete);
      first.attempt((view) => {
        view.setStorage(ALICE, word(3n), word(0n));
        view.setStorage(ALICE, word(4n), word(44n));
        view.write(Uint8Array.of(1, 2), undefined);
        view.writeNumber('n', 0n);
        view.setBalance(ALICE, 0n);
      });
      first.attempt((view) => {
        view.resetStorage(BOB);
        view.setStorage(BOB, word(9n), word(99n));
        view.setNonce(BOB, 0n);
        // Known only here.
        view.writeNumber('new', 5n);
      });
      first.end();
      const over = snapshotState(first.host.instance, 2, complete, new Map(), first.known);
      // Of 200 slots that are as they were, none.
      expect(over.count).toBeLessThan(20);
      const second = await open(2, whole(), complete, structuredClone(over));
      const check = (view: CoreStateView): void => {
        expect([3n, 4n, 5n].map((slot) => view.storage(ALICE, word(slot)))).toEqual([0n, 44n, 25n].map(word));
        expect([1n, 2n, 9n].map((slot) => view.storage(BOB, word(slot)))).toEqual([0n, 0n, 99n].map(word));
        expect(view.read(Uint8Array.of(1, 2))).toBeUndefined();
        expect([view.readNumber('n'), view.readNumber('new')]).toEqual([0n, 5n]);
        expect([view.balance(ALICE), view.nonce(BOB)]).toEqual([0n, 0n]);
        expect([view.exists(ALICE), view.code(ALICE)]).toEqual([true, CODE]);
      };
      second.attempt(check);
      second.attempt((view) => {
        view.setStorage(ALICE, word(5n), word(0n));
        view.writeNumber('new', 0n);
        view.setBalance(ALICE, 8n);
      });
      second.end();
      // Once more: what went over the image before is in what goes over it now.
      const again = snapshotState(second.host.instance, 2, complete, new Map(), second.known);
      const third = await open(1, whole(), complete, structuredClone(again));
      third.attempt((view) => {
        expect([3n, 4n, 5n].map((slot) => view.storage(ALICE, word(slot)))).toEqual([0n, 44n, 0n].map(word));
        expect([1n, 2n, 9n].map((slot) => view.storage(BOB, word(slot)))).toEqual([0n, 0n, 99n].map(word));
        expect(view.read(Uint8Array.of(1, 2))).toBeUndefined();
        expect([view.readNumber('n'), view.readNumber('new')]).toEqual([0n, 0n]);
        expect([view.balance(ALICE), view.nonce(BOB), view.code(ALICE)]).toEqual([8n, 0n, CODE]);
      });
    },
  );

  test('a snapshot of a prefix leaves out what came later', async () => {
    const first = await open(2, image().finish());
    first.attempt((view) => view.setBalance(ALICE, 1n));
    first.attempt((view) => view.setBalance(ALICE, 2n));
    first.end();
    const before = (await collectChanges(first.host.instance, 1, new Map())).changes;
    expect(before.accounts.get(keyFromBytes(ALICE))?.after.balance).toBe(1n);
  });

  test('changes of two segments add up, and what is undone disappears', async () => {
    const first = await open(1, image().finish());
    first.attempt((view) => {
      view.setBalance(ALICE, 5n);
      view.setStorage(ALICE, word(1n), word(7n));
      view.setBalance(BOB, 9n);
      view.writeNumber('n', 1n);
    });
    first.end();
    const changes = (await collectChanges(first.host.instance, 1, new Map())).changes;
    const second = await open(1, snapshotState(first.host.instance, 1, true, new Map()));
    second.attempt((view) => {
      view.setBalance(ALICE, 100n);
      view.setStorage(ALICE, word(1n), word(1n));
      view.setBalance(BOB, 10n);
      view.writeNumber('n', LIMIT - 5n);
      view.write('more', Uint8Array.of(1));
    });
    second.end();
    mergeChanges(changes, (await collectChanges(second.host.instance, 1, new Map())).changes);
    expect([...changes.accounts.keys()]).toEqual([keyFromBytes(BOB)]);
    expect(changes.accounts.get(keyFromBytes(BOB))).toMatchObject({ before: { balance: 0n }, after: { balance: 10n } });
    expect(changes.numbers.size).toBe(0);
    expect([...changes.data.keys()]).toEqual(['more']);
  });

  test('changes of storage alone take nothing from fields that other segments have', () => {
    const fields = { balance: 5n, nonce: 3n, codeHash: word(9n), exists: true };
    const unknown = { balance: 0n, nonce: 0n, codeHash: new Uint8Array(32), exists: false };
    const account = (
      before: AccountFields,
      after: AccountFields,
      slots: [string, bigint, bigint][] = [],
    ): StateChanges => {
      const storage = new Map(slots.map(([slot, old, now]) => [slot, { before: word(old), after: word(now) }]));
      const change = { ...noChange(BOB), before: { ...before }, after: { ...after }, storage };
      return { accounts: new Map([[keyFromBytes(BOB), change]]), data: new Map(), numbers: new Map() };
    };
    const richer = { ...fields, balance: 6n };
    for (const [first, second] of [
      [account(fields, richer), account(unknown, unknown, [['s', 1n, 2n]])],
      [account(unknown, unknown, [['s', 1n, 2n]]), account(fields, richer)],
      [account(fields, richer, [['s', 1n, 2n]]), account({ ...unknown, balance: 6n }, { ...unknown, balance: 6n })],
    ]) {
      mergeChanges(first!, second!);
      expect(first!.accounts.get(keyFromBytes(BOB))).toMatchObject({ before: fields, after: richer });
      expect(first!.accounts.get(keyFromBytes(BOB))?.storage.size).toBe(1);
    }
  });

  test('an account that was only credited is found out about later', async () => {
    const { attempt, host, end } = await open(1, EMPTY_IMAGE, false);
    attempt((view) => view.credit(BOB, 7n));
    end();
    const { unknown } = await collectChanges(host.instance, 1, new Map());
    expect(unknown).toEqual([BOB]);
    const fields = { balance: 50n, nonce: 3n, codeHash: new Uint8Array(32), exists: true };
    const unseen = new Map([[keyFromBytes(BOB), fields]]);
    const { changes, unknown: none } = await collectChanges(host.instance, 1, unseen);
    expect(none).toEqual([]);
    expect(changes.accounts.get(keyFromBytes(BOB))).toMatchObject({
      before: fields,
      after: { balance: 57n, nonce: 3n, exists: true },
    });
    const next = await open(1, snapshotState(host.instance, 1, false, unseen), false);
    next.attempt((view) => expect(view.balance(BOB)).toBe(57n));
  });

  test('a memory that is too small says so', async () => {
    const memory = createMemory(4);
    const host = new BlockHost(await openCore(await compileCore(), memory, { clockBase: 0, mayWait: false }), 1);
    const setup = { first: 0, window: 8, complete: true, haltOnInvalid: false, profile: false };
    expect(host.begin({ ...setup, count: 100_000 })).toBe(false);
    const large = image();
    for (let slot = 1000n; slot < 5000n; slot++) large.storage(BOB, word(slot), word(slot));
    expect(host.begin({ ...setup, count: 1 }) && host.load(large.finish())).toBe(false);
  });
});

describe('a core that traps', () => {
  const trap = (): never => {
    throw new WebAssembly.RuntimeError('unreachable');
  };
  const uses: [keyof CoreInstance['core'], (view: StateView) => unknown][] = [
    ['read', (view) => view.balance(ALICE)],
    ['atLeast', (view) => view.balanceAtLeast(ALICE, 1n)],
    ['write', (view) => view.setNonce(ALICE, 1n)],
    ['credit', (view) => view.credit(ALICE, 1n)],
    ['credit', (view) => view.add('key', 1n)],
    ['locateScratch', (view) => view.nonce(ALICE)],
    ['locateScratch', (view) => view.storage(ALICE, SLOT)],
    ['locateScratch', (view) => view.readNumber('key')],
    ['addCode', (view) => view.setCode(ALICE, CODE, keccak_256(CODE))],
    ['findCodeScratch', (view) => view.code(BOB)],
    ['allocate', (view) => view.write('key', SLOT)],
    ['allocate', (view) => view.setCode(ALICE, CODE, keccak_256(CODE))],
  ];
  test.each(uses)('in %s ends the round, whatever the executor makes of it (%#)', async (name, use) => {
    const image = new StateImageBuilder();
    image.codeHash(BOB, keccak_256(CODE));
    const { worker } = await open(1, image.finish());
    const broken = { ...worker, core: { ...worker.core, [name]: trap } };
    const executor: Executor = {
      execute(_, view) {
        try {
          use(view);
        } catch {
          // A bad executor swallows everything.
        }
        return { status: 'success' };
      },
    };
    const round = { workerId: 1, first: 0, tasks: [{ id: 0 }], executor, maySleep: false };
    await expect(runRound(broken, round)).rejects.toBeInstanceOf(WebAssembly.RuntimeError);
  });
});
