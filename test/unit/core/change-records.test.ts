// The raw form of what a block changed: which records there are, and what they become.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, test } from 'vitest';
import { Change, Kind, Next } from '../../../assembly/layout.ts';
import { keyFromBytes } from '../../../src/base/hex.ts';
import { BlockHost } from '../../../src/core/host/block-host.ts';
import {
  type ChangeRecords,
  collectRecords,
  decodeChanges,
  rewindRecords,
  unknownAccounts,
} from '../../../src/core/host/change-records.ts';
import { packOutcome } from '../../../src/core/host/outcome.ts';
import {
  type AccountFields,
  mergeChanges,
  type StateChanges,
  type UnseenAccounts,
} from '../../../src/core/host/state-changes.ts';
import { EMPTY_IMAGE, type StateImage, StateImageBuilder } from '../../../src/core/host/state-image.ts';
import { createMemory, openCore, wallClock } from '../../../src/core/instance/abi.ts';
import { compileCore } from '../../../src/core/instance/module.ts';
import { CoreStateView } from '../../../src/core/worker/state-view.ts';

const ALICE = new Uint8Array(20).fill(0xa1);
const BOB = new Uint8Array(20).fill(0xb0);
const NO_HASH = new Uint8Array(32);
const EMPTY_HASH = keccak_256(new Uint8Array(0));
const CODE = Uint8Array.of(1, 2, 3);
const NOBODY: UnseenAccounts = new Map();

type Body = (view: CoreStateView) => void;

/** A memory in which `bodies` were executed one after the other. */
async function blockOf(bodies: readonly Body[], image: StateImage = EMPTY_IMAGE, complete = true, pages = 64) {
  const memory = createMemory(pages);
  const options = { clockBase: wallClock(), mayWait: false };
  const module = await compileCore();
  const host = new BlockHost(await openCore(module, memory, options), 1);
  const worker = await openCore(module, memory, options);
  const count = bodies.length;
  expect(host.begin({ count, first: 0, window: 8, complete, haltOnInvalid: false, profile: false })).toBe(true);
  expect(host.load(image)).toBe(true);
  for (let index = 0; index < count; index++) host.setTask(index);
  expect(worker.core.join(1)).toBeTruthy();
  const view = new CoreStateView(worker);
  for (const body of bodies) {
    view.open(worker.core.next(false, Number.NaN), worker.core.incarnation());
    body(view);
    view.close();
    const packed = packOutcome({ status: 'success' });
    worker.core.finish(packed.code, packed.gas, view.stage(...packed.parts), 4);
  }
  expect(worker.core.next(false, Number.NaN)).toBe(Next.DONE);
  const collect = (upTo = count) => collectRecords(host.instance, upTo, () => undefined);
  return { host, collect, changes: async (upTo?: number) => decode(await collect(upTo)) };
}

function decode(records: ChangeRecords, unseen = NOBODY, rewound?: ChangeRecords): StateChanges {
  return decodeChanges(structuredClone([{ records, rewound, unseen }]));
}

function sizes({ parts }: ChangeRecords): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function word(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * (31 - i))) & 255n));
}

function imageOf(fill: (builder: StateImageBuilder) => void): StateImage {
  const builder = new StateImageBuilder();
  fill(builder);
  return builder.finish();
}

const bobsStorage = imageOf((image) => {
  image.number(Kind.NONCE, BOB, 1n);
  image.storage(BOB, word(1n), word(11n));
  image.storage(BOB, word(2n), word(22n));
});

describe('the records of a block', () => {
  test('are there once per account, whatever was written to it, and not for what is only read', async () => {
    const { collect } = await blockOf(
      [
        (view) => {
          view.setNonce(ALICE, 1n);
          view.setBalance(ALICE, 5n);
          view.setExists(ALICE, true);
          view.setStorage(ALICE, word(1n), word(1n));
          view.storage(BOB, word(1n));
        },
        (view) => view.setStorage(ALICE, word(2n), word(1n)),
      ],
      bobsStorage,
    );
    expect(sizes(await collect())).toBe(Change.ACCOUNT_SIZE + 2 * Change.SLOT_SIZE);
    // A second walk finds the same.
    expect(sizes(await collect())).toBe(Change.ACCOUNT_SIZE + 2 * Change.SLOT_SIZE);
  });

  test('bring the fields of an account along of which only storage changed', async () => {
    const { collect } = await blockOf(
      [
        (view) => {
          view.setStorage(BOB, word(1n), word(5n));
          view.setStorage(BOB, word(2n), word(6n));
        },
      ],
      bobsStorage,
    );
    const records = await collect();
    expect(sizes(records)).toBe(Change.ACCOUNT_SIZE + 2 * Change.SLOT_SIZE);
    const account = decode(records).accounts.get(keyFromBytes(BOB));
    expect(account).toMatchObject({ before: { nonce: 1n }, after: { nonce: 1n }, emptied: false, code: undefined });
    expect([...account!.storage]).toEqual([
      [keyFromBytes(word(1n)), { before: word(11n), after: word(5n) }],
      [keyFromBytes(word(2n)), { before: word(22n), after: word(6n) }],
    ]);
  });

  test('hold nothing where what was written is what was there, zero over zero too', async () => {
    const { collect, changes } = await blockOf(
      [
        (view) => {
          view.setStorage(BOB, word(1n), word(11n));
          view.setStorage(BOB, word(9n), word(0n));
          view.write('nothing', undefined);
          view.writeNumber('zero', 0n);
        },
        (view) => view.setBalance(ALICE, 0n),
      ],
      bobsStorage,
    );
    expect(sizes(await collect())).toBe(Change.ACCOUNT_SIZE);
    expect(await changes()).toEqual({ accounts: new Map(), data: new Map(), numbers: new Map() });
  });

  test('give the code that an account has now, once, and none where it is the same', async () => {
    const hash = keccak_256(CODE);
    const { collect } = await blockOf(
      [
        (view) => view.setCode(ALICE, CODE, hash),
        (view) => {
          view.setCode(BOB, CODE, hash);
          view.setBalance(BOB, 1n);
        },
      ],
      imageOf((image) => {
        image.codeHash(BOB, hash);
        image.code(hash, CODE);
      }),
    );
    const records = await collect();
    expect(records.kept).toEqual([CODE]);
    const { accounts } = decode(records);
    expect(accounts.get(keyFromBytes(ALICE))).toMatchObject({
      before: { codeHash: NO_HASH },
      after: { codeHash: hash },
      code: CODE,
    });
    expect(accounts.get(keyFromBytes(BOB))?.code).toBeUndefined();
  });

  test('say that code was taken away', async () => {
    const hash = keccak_256(CODE);
    const image = imageOf((builder) => {
      builder.codeHash(BOB, hash);
      builder.code(hash, CODE);
    });
    const { changes } = await blockOf([(view) => view.setCode(BOB, new Uint8Array(0), EMPTY_HASH)], image);
    expect((await changes()).accounts.get(keyFromBytes(BOB))).toMatchObject({
      before: { codeHash: hash },
      after: { codeHash: NO_HASH },
      code: new Uint8Array(0),
    });
  });

  test('of an account that was destroyed and made anew have its old slots at zero and the new ones as they are', async () => {
    for (const complete of [true, false]) {
      const { changes } = await blockOf(
        [
          (view) => view.setStorage(BOB, word(3n), word(33n)),
          (view) => view.resetStorage(BOB),
          (view) => view.setStorage(BOB, word(1n), word(111n)),
        ],
        bobsStorage,
        complete,
      );
      const account = (await changes()).accounts.get(keyFromBytes(BOB));
      expect(account?.emptied).toBe(true);
      expect(new Map(account?.storage)).toEqual(
        new Map([
          [keyFromBytes(word(1n)), { before: word(11n), after: word(111n) }],
          [keyFromBytes(word(2n)), { before: word(22n), after: word(0n) }],
        ]),
      );
      // Before it was destroyed.
      expect((await changes(1)).accounts.get(keyFromBytes(BOB))?.emptied).toBe(false);
    }
  });

  test('of an account that was destroyed have what is there again as it was, also when it came back later', async () => {
    for (const complete of [true, false]) {
      const again: Body = (view) => view.setStorage(BOB, word(1n), word(11n));
      const { changes } = await blockOf([(view) => view.resetStorage(BOB), again], bobsStorage, complete);
      const expected = new Map([
        [keyFromBytes(word(1n)), { before: word(11n), after: word(11n) }],
        [keyFromBytes(word(2n)), { before: word(22n), after: word(0n) }],
      ]);
      const account = (await changes()).accounts.get(keyFromBytes(BOB));
      expect(account).toMatchObject({ emptied: true });
      expect(new Map(account?.storage)).toEqual(expected);
      // In two segments, of which the second begins with nothing.
      const first = await blockOf([(view) => view.resetStorage(BOB)], bobsStorage, complete);
      const nothing = imageOf((builder) => {
        for (const slot of [1n, 2n]) builder.storage(BOB, word(slot), word(0n));
      });
      const second = await blockOf([again], nothing, complete);
      const sum = await first.changes();
      mergeChanges(sum, await second.changes());
      expect(new Map(sum.accounts.get(keyFromBytes(BOB))?.storage)).toEqual(expected);
    }
  });

  test('of an emptied account are few: without known slots a complete state has nothing to say, another one has', async () => {
    const { collect } = await blockOf([(view) => view.resetStorage(ALICE)]);
    expect(sizes(await collect())).toBe(0);
    const other = await blockOf([(view) => view.resetStorage(ALICE)], EMPTY_IMAGE, false);
    const records = await other.collect();
    expect(sizes(records)).toBe(Change.RESET_SIZE + Change.ACCOUNT_SIZE);
    expect(decode(records).accounts.get(keyFromBytes(ALICE))).toMatchObject({ emptied: true });
  });

  test('hold free-form keys and values, absent and empty ones too', async () => {
    const { changes } = await blockOf(
      [
        (view) => {
          view.write('new', CODE);
          view.write('empty', new Uint8Array(0));
          view.write('gone', undefined);
          view.add('n', 2n ** 255n);
        },
      ],
      imageOf((image) => image.data(new TextEncoder().encode('gone'), Uint8Array.of(7))),
    );
    const { data, numbers } = await changes();
    expect(data).toEqual(
      new Map([
        ['new', { before: undefined, after: CODE }],
        ['empty', { before: undefined, after: new Uint8Array(0) }],
        ['gone', { before: Uint8Array.of(7), after: undefined }],
      ]),
    );
    expect(numbers).toEqual(new Map([['n', { before: 0n, after: 2n ** 255n }]]));
  });

  test('are copied in parts where the core has little room, with a rest after each', async () => {
    const slots = Array.from({ length: 400 }, (_, i) => word(BigInt(i + 1)));
    const { host } = await blockOf([
      (view) => {
        for (const slot of slots) view.setStorage(ALICE, slot, slot);
      },
    ]);
    let rests = 0;
    const records = await collectRecords(host.instance, 1, () => {
      rests++;
      return undefined;
    });
    expect(records.parts.length).toBeGreaterThan(3);
    expect(rests).toBe(records.parts.length - 1);
    const storage = decode(records).accounts.get(keyFromBytes(ALICE))?.storage;
    expect([...(storage ?? [])].map(([key]) => key)).toEqual(slots.map(keyFromBytes));
  });
});

describe('accounts that nobody has loaded', () => {
  const fields: AccountFields = { balance: 2n ** 256n - 3n, nonce: 3n, codeHash: keccak_256(CODE), exists: true };
  const unseen: UnseenAccounts = new Map([[keyFromBytes(BOB), fields]]);

  test('are named until their fields are found out, and credits add up with them', async () => {
    const { collect } = await blockOf(
      [(view) => view.credit(BOB, 2n), (view) => view.credit(BOB, 5n)],
      EMPTY_IMAGE,
      false,
    );
    const records = await collect();
    expect(unknownAccounts(records, NOBODY)).toEqual([BOB]);
    expect(unknownAccounts(records, unseen)).toEqual([]);
    expect(decode(records, unseen).accounts.get(keyFromBytes(BOB))).toMatchObject({
      before: fields,
      after: { ...fields, balance: 4n },
    });
  });

  test('keep what was written to them, whatever was there before', async () => {
    const image = imageOf((builder) => {
      builder.number(Kind.BALANCE, BOB, 9n);
      builder.number(Kind.NONCE, BOB, 1n);
    });
    const { collect } = await blockOf([(view) => view.setBalance(BOB, 1n)], image, false);
    const records = await collect();
    expect(unknownAccounts(records, NOBODY)).toEqual([BOB]);
    expect(decode(records, unseen).accounts.get(keyFromBytes(BOB))).toMatchObject({
      before: { ...fields, balance: 9n, nonce: 1n },
      after: { ...fields, balance: 1n, nonce: 1n },
    });
  });

  test('are none in a complete state', async () => {
    const { collect } = await blockOf([(view) => view.credit(BOB, 2n)]);
    expect(unknownAccounts(await collect(), NOBODY)).toEqual([]);
  });
});

describe('a checkpoint', () => {
  test('is what a walk up to there finds, for all that later transactions did', async () => {
    const bodies: Body[] = [
      (view) => {
        view.setBalance(ALICE, 5n);
        view.setNonce(ALICE, 1n);
        view.setStorage(BOB, word(1n), word(0n));
        view.setStorage(BOB, word(3n), word(3n));
      },
      (view) => {
        view.credit(ALICE, 6n);
        view.setStorage(BOB, word(1n), word(11n));
        view.setStorage(BOB, word(2n), word(0n));
        view.setStorage(BOB, word(3n), word(4n));
        view.setNonce(new Uint8Array(20).fill(9), 1n);
        for (let slot = 100n; slot < 200n; slot++) view.setStorage(ALICE, word(slot), word(slot));
      },
    ];
    const { host, collect, changes } = await blockOf(bodies, bobsStorage);
    for (const upTo of [0, 1, 2]) {
      const rewound = rewindRecords(host.instance, host.locationsWritten(upTo, 2), upTo);
      expect(decode(await collect(), NOBODY, rewound), `up to ${upTo}`).toEqual(await changes(upTo));
    }
  });

  test('needs a walk of its own where later transactions emptied storage or wrote free-form values', async () => {
    for (const last of [(view) => view.resetStorage(BOB), (view) => view.add('n', 1n)] satisfies Body[]) {
      const { host } = await blockOf([(view) => view.setBalance(ALICE, 5n), last], bobsStorage);
      expect(rewindRecords(host.instance, host.locationsWritten(1, 2), 1)).toBeUndefined();
    }
  });
});

test('the changes of several blocks add up each time they are decoded', async () => {
  const first = await blockOf([(view) => view.setBalance(ALICE, 5n)]);
  const second = await blockOf(
    [
      (view) => {
        view.setBalance(ALICE, 0n);
        view.setBalance(BOB, 7n);
      },
    ],
    imageOf((image) => image.number(Kind.BALANCE, ALICE, 5n)),
  );
  const raw = [
    { records: await first.collect(), rewound: undefined, unseen: NOBODY },
    { records: await second.collect(), rewound: undefined, unseen: NOBODY },
  ];
  for (let time = 0; time < 2; time++) {
    expect([...decodeChanges(raw).accounts.keys()]).toEqual([keyFromBytes(BOB)]);
  }
  expect(decodeChanges([]).accounts.size).toBe(0);
});
