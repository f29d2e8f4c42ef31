// Mutated requests through everything that the host writes into the core's memory: each is refused with an error that names
// the field, or arrives as the oracle writes it, and no byte outside of its record is touched. Nothing is executed.

import { describe, expect, test } from 'vitest';
import { BaseEntry, CONTROL_BASE, Control, Kind, Operation, Scratch } from '../../../assembly/layout.ts';
import { InputError, InvalidTransactionError, MemoryLimitError, StateSourceError } from '../../../src/base/errors.ts';
import { bytesFromHex, type Hex, keyFromBytes } from '../../../src/base/hex.ts';
import { checkBlobs } from '../../../src/block/blobs.ts';
import { type BlockInput, readBlock, readBlockHashes } from '../../../src/block/block-input.ts';
import type { Hardfork } from '../../../src/chain/hardfork.ts';
import { HARDFORKS } from '../../../src/chain/hardfork.ts';
import {
  type EvmBlockInput,
  type EvmTransactionFields,
  encodeEvmTransactions,
} from '../../../src/core/evm/evm-encode.ts';
import { BlockHost } from '../../../src/core/host/block-host.ts';
import { packOutcome } from '../../../src/core/host/outcome.ts';
import { ImageLoader, type StateImage } from '../../../src/core/host/state-image.ts';
import { checkedPrograms } from '../../../src/core/host/synthetic-program.ts';
import { CoreStateView } from '../../../src/core/worker/state-view.ts';
import { planEvmBlock } from '../../../src/job/evm-block.ts';
import { signatureReader } from '../../../src/job/signature.ts';
import { imageOf, loadKeys } from '../../../src/run/state-loading.ts';
import { type MemoryAccount, memoryState, stateOfAccounts } from '../../../src/state/memory.ts';
import type { StateKey } from '../../../src/state/state-source.ts';
import { count } from '../../support/effort.ts';
import { expected, fuzz, refusal, same } from '../../support/encoder-fuzz.ts';
import { accountEntries, baseEntry, blockRecord, hashesSeen, transactionRecord } from '../../support/encoder-oracle.ts';
import type { Random } from '../../support/fuzz-random.ts';
import { GuardedMemory } from '../../support/guarded-memory.ts';
import { mutate } from '../../support/mutation.ts';
import { oddAlloc, oddBlock } from '../../support/odd-requests.ts';

const memory = new GuardedMemory();
const host = new BlockHost(memory.instance, 2);
memory.firstStray();

describe('a mutated block', () => {
  /** Fields that errors about a changed place may name: the place, or what it made necessary elsewhere. */
  function namesOf(path: string): RegExp {
    const [, index] = /^\.transactions\[(\d+)\]/.exec(path) ?? [];
    return index === undefined
      ? /^(block|transaction )/
      : new RegExp(
          // Where one transaction names no sender, the senders of all are recovered.
          `^(block.transactions\\[${index}\\]|transaction ${index}:|transaction \\d: the sender is to be recovered)`,
        );
  }

  function encode(
    hardfork: Hardfork,
    raw: unknown,
    hashes: unknown,
  ): { block: BlockInput; environment: EvmBlockInput } {
    const block = readBlock(raw, hardfork);
    checkBlobs(hardfork, block);
    const blockHashes = readBlockHashes(hashes, 'blockHashes');
    const senders = block.transactions.every(({ from }) => from !== undefined) ? 'trust' : 'recover';
    const plan = planEvmBlock({ chainId: 1, hardfork, block, blockHashes, senders });
    const { environment, transactions, firstTransaction } = plan;
    if (!host.setEvmBlock(environment) || !host.setEvmTransactions(transactions, 0)) throw new MemoryLimitError('full');
    const formOf = senders === 'recover' ? signatureReader({ chainId: 1n, hardfork }) : () => undefined;
    block.transactions.forEach((transaction, i) => {
      const { bytes } = memory.calls[firstTransaction + i]!;
      same(`transaction ${i}`, bytes, transactionRecord(transaction, formOf(transaction)));
    });
    const seen = hashesSeen(block, blockHashes);
    if (seen.length !== environment.blockHashes.length || seen.some((hash, i) => hash !== environment.blockHashes[i])) {
      throw new Error('the block hashes are not those that were given');
    }
    same('the beneficiary', environment.coinbase, bytesFromHex(block.miner));
    if (environment.timestamp !== BigInt(block.timestamp)) throw new Error(`time ${environment.timestamp}`);
    const start = memory.instance.words[(CONTROL_BASE + Control.EVM_BLOCK) >>> 2]!;
    const wanted = blockRecord(environment, start);
    same('the block', memory.read(start, wanted.length), wanted);
    return { block, environment };
  }

  /** What was read is what was given, whatever the names: every number and every byte string is found again. */
  function sameLeaves(raw: unknown, read: unknown, path: string): void {
    if (typeof read === 'string') {
      const given = typeof raw === 'string' ? raw.toLowerCase() : raw;
      const isSame =
        given === read ||
        (/^0x[0-9a-f]+$/.test(String(given)) || typeof given !== 'string'
          ? BigInt(given as bigint) === BigInt(read)
          : given === '0x' && read === '0x0');
      if (!isSame) throw new Error(`${path}: ${String(raw)} was read as ${read}`);
    } else if (Array.isArray(read)) {
      if (!Array.isArray(raw) || raw.length !== read.length)
        throw new Error(`${path}: a list of another length was read`);
      read.forEach((item, i) => {
        sameLeaves(raw[i], item, `${path}[${i}]`);
      });
    } else if (typeof read === 'object' && read !== null) {
      for (const [name, item] of Object.entries(read)) {
        const given = (raw as Record<string, unknown>)[name];
        // Types have names, and are implied; aliases and signatures are compared by the records.
        if (given !== undefined && given !== null && name !== 'type') sameLeaves(given, item, `${path}.${name}`);
      }
    }
  }

  test('is refused with its field, or encoded exactly', { timeout: 300_000 }, async () => {
    const ends = await fuzz(memory, count('fuzz-blocks', { ci: 45_000, long: 2_000_000 }), (random) => {
      const { hardfork, block: raw } = oddBlock(random);
      const { paths } = mutate(raw, random);
      const only = paths.length === 1 ? namesOf(paths[0]!) : /^(block|transaction )/;
      const kinds = [InputError, InvalidTransactionError, MemoryLimitError];
      const result = refusal(() => encode(hardfork, raw, {}), kinds, only);
      if ('error' in result) return result.error;
      sameLeaves(raw, result.value.block, 'block');
      return undefined;
    });
    expect(ends.refused).toBeGreaterThan(1000);
    expect(ends.encoded).toBeGreaterThan(1000);
  });

  test('without a mutation is encoded exactly', async () => {
    const { refused } = await fuzz(memory, 2000, (random) => {
      const { hardfork, block } = oddBlock(random);
      encode(hardfork, block, {});
    });
    expect(refused).toBe(0);
  });

  test('finds its block hashes, or has them refused', async () => {
    const ends = await fuzz(memory, count('fuzz-block-hashes', { ci: 6_000, long: 200_000 }), (random) => {
      const { hardfork, block } = oddBlock(random);
      const number = Number(block.number);
      const one = (): [string, unknown] => [
        random.pick([String, (n: number) => `0x${n.toString(16)}`])(Math.max(0, number - random.below(300))),
        `0x${Buffer.from(random.bytes(32)).toString('hex')}`,
      ];
      const hashes = Object.fromEntries(Array.from({ length: random.below(5) }, one));
      const given = random.chance(50) ? hashes : new Map(Object.entries(hashes));
      mutate(given, random);
      const result = refusal(() => encode(hardfork, block, given), [InputError], /^blockHashes/);
      return 'error' in result ? result.error : undefined;
    });
    expect(Math.min(ends.refused, ends.encoded)).toBeGreaterThan(100);
  });
});

describe('what nobody checked before the encoders', () => {
  const bytesOf = (random: Random, size: number): Uint8Array =>
    random.bytes(random.pick([size, size, size - 1, size + 1, 0, size * 4]));
  const HASH: Hex = `0x${'ab'.repeat(32)}`;
  const hexOf = (random: Random, size: number): Hex => `0x${Buffer.from(bytesOf(random, size)).toString('hex')}`;

  test('an environment is refused with its field, or encoded exactly', async () => {
    const number = (random: Random, bits: number): bigint =>
      random.chance(90) ? random.bits(bits) : random.pick([-1n, 1n << BigInt(bits), (1n << 300n) + 1n]);
    const ends = await fuzz(memory, count('fuzz-environments', { ci: 8_000, long: 200_000 }), (random) => {
      const environment: EvmBlockInput = {
        fork: random.chance(98) ? random.pick(HARDFORKS) : ('atlantis' as never),
        number: number(random, 64),
        timestamp: number(random, 64),
        gasLimit: number(random, 64),
        coinbase: bytesOf(random, 20),
        randao: number(random, 256),
        baseFeePerGas: number(random, 256),
        blobBaseFee: number(random, 256),
        chainId: number(random, 256),
        blockHashes: Array.from({ length: random.pick([0, 1, 3, 256, 257]) }, () =>
          random.chance(10) ? undefined : random.chance(99) ? HASH : hexOf(random, 32),
        ),
        emptyAccounts: random.chance(50),
        recordTransfers: random.chance(50),
        recordAccess: random.chance(50),
      };
      const result = refusal(() => host.setEvmBlock(environment), [InputError], /^block\./);
      if ('error' in result) return result.error;
      const start = memory.instance.words[(CONTROL_BASE + Control.EVM_BLOCK) >>> 2]!;
      const wanted = blockRecord(environment, start);
      same('the block', memory.read(start, wanted.length), wanted);
      return undefined;
    });
    expect(Math.min(ends.refused, ends.encoded)).toBeGreaterThan(300);
  });

  test('a transaction is refused with its field, or its neighbours stay what they are', async () => {
    const neighbour: EvmTransactionFields = {
      from: `0x${'11'.repeat(20)}`,
      nonce: '0x1',
      gas: '0x2',
      value: '0x3',
      input: '0x0405',
    };
    const alone = encodeEvmTransactions([neighbour]).records;
    const ends = await fuzz(memory, count('fuzz-transactions', { ci: 8_000, long: 200_000 }), (random) => {
      const digits = (): Hex => `0x${random.bits(random.pick([8, 64, 256, 300])).toString(16)}`;
      const odd: EvmTransactionFields = {
        type: random.pick(['0x0', '0x1', '0x2', '0x3', '0x4', '0x5', '0xff'] as const),
        from: random.chance(80) ? `0x${'22'.repeat(20)}` : hexOf(random, 20),
        to: random.chance(80) ? undefined : hexOf(random, 20),
        nonce: digits(),
        gas: digits(),
        value: digits(),
        input: hexOf(random, 30),
        gasPrice: digits(),
        accessList: [
          {
            address: random.chance(90) ? `0x${'33'.repeat(20)}` : hexOf(random, 20),
            storageKeys: random.chance(60) ? [] : [hexOf(random, 32)],
          },
        ],
        blobVersionedHashes: random.chance(60) ? [] : [hexOf(random, 32)],
        authorizationList: [
          {
            chainId: digits(),
            address: random.chance(80) ? `0x${'44'.repeat(20)}` : hexOf(random, 20),
            nonce: digits(),
            r: digits(),
            s: digits(),
            v: digits(),
          },
        ],
        r: digits(),
        s: digits(),
      };
      const form = random.pick([undefined, { yParity: random.pick([0, 1, 2, -1, 2 ** 40]) }]);
      const run = () => encodeEvmTransactions([neighbour, odd, neighbour], (index) => (index === 1 ? form : undefined));
      const result = refusal(run, [InputError], /^transactions\[1\]\./);
      if ('error' in result) return result.error;
      const { records, offsets } = result.value;
      same('the one before', records.subarray(0, offsets[1]), alone);
      same('the one behind', records.subarray(offsets[2]), alone);
      return undefined;
    });
    expect(Math.min(ends.refused, ends.encoded)).toBeGreaterThan(300);
  });
});

/** Loads an image into the guarded memory, and compares the entries and codes that reach the core. */
function loads(
  image: StateImage,
  entries: readonly Uint8Array[],
  codes: readonly (readonly [Uint8Array, Uint8Array])[],
): void {
  if (!new ImageLoader(memory.instance, false).load(image)) throw new Error('the image does not fit');
  const loaded = memory.calls.filter(({ name }) => name === 'loadBase').map(({ bytes }) => bytes);
  same('the entries', Buffer.concat(loaded), Buffer.concat(entries));
  const added = memory.calls.filter(({ name }) => name === 'addCode');
  expect(added.length).toBe(codes.length);
  added.forEach(({ bytes }, i) => {
    same(`code ${i} and its hash`, bytes, Buffer.concat(codes[i]!));
  });
}

/** Each code once, by its hash, of those that have one. */
function codesOf(accounts: Iterable<MemoryAccount>): [Uint8Array, Uint8Array][] {
  const codes = new Map<string, [Uint8Array, Uint8Array]>();
  for (const { codeHash, code } of accounts) {
    if (code !== undefined && code.length > 0) codes.set(keyFromBytes(codeHash), [codeHash, code]);
  }
  return [...codes.values()];
}

describe('a mutated state', () => {
  const numberOf = (value: unknown): bigint => BigInt(value as string);

  test('is refused with its account, or encoded exactly', { timeout: 120_000 }, async () => {
    const ends = await fuzz(memory, count('fuzz-states', { ci: 15_000, long: 500_000 }), async (random) => {
      const alloc = oddAlloc(random);
      mutate(alloc, random);
      const result = refusal(() => memoryState(alloc as never), [InputError], /^state/);
      if ('error' in result) return result.error;
      const { accounts, storageOnly } = result.value;
      const holder =
        alloc instanceof Map || alloc.alloc === undefined || alloc.alloc === null ? alloc : (alloc.alloc as object);
      const listed = holder instanceof Map ? [...holder] : Object.entries(holder);
      const given = listed.filter(([, value]) => value !== null) as [string, Record<string, unknown>][];
      expect(accounts.size).toBe(given.length);
      for (const [name, { balance, nonce }] of given) {
        const account = accounts.get(keyFromBytes(Buffer.from(name.replace('0x', ''), 'hex')))!;
        if (numberOf(balance ?? 0) !== account.balance)
          throw new Error(`balance ${String(balance)} was read as ${account.balance}`);
        if (numberOf(nonce ?? 0) !== account.nonce)
          throw new Error(`nonce ${String(nonce)} was read as ${account.nonce}`);
      }
      const { image } = await imageOf(result.value);
      const resets = storageOnly.map((address) => baseEntry(Kind.RESET, { address: bytesFromHex(address) }, 2n));
      loads(image, [...[...accounts.values()].flatMap(accountEntries), ...resets], codesOf(accounts.values()));
      return undefined;
    });
    expect(Math.min(ends.refused, ends.encoded)).toBeGreaterThan(1000);
  });

  test('made by hand is refused with its account, or encoded exactly', async () => {
    const ends = await fuzz(memory, count('fuzz-handmade-states', { ci: 5_000, long: 200_000 }), async (random) => {
      const slot = { slot: random.bytes(32), value: random.bytes(32) };
      const account = {
        address: random.bytes(20),
        balance: random.bits(256),
        nonce: random.bits(64),
        code: random.bytes(5),
        codeHash: random.bytes(32),
        storage: new Map([[keyFromBytes(slot.slot), slot]]),
      };
      const accounts: Map<string, MemoryAccount> = new Map([[keyFromBytes(account.address), account]]);
      const state = { ...stateOfAccounts(accounts, new Map()), storageOnly: [`0x${'12'.repeat(20)}` as Hex] };
      mutate(random.chance(90) ? account : state.storageOnly, random);
      let image: StateImage;
      try {
        ({ image } = await imageOf(state));
      } catch (error) {
        return expected(error, [InputError], /^state\.(accounts\[0\]|storageOnly\[\d\])/);
      }
      const resets = state.storageOnly.map((address) => baseEntry(Kind.RESET, { address: bytesFromHex(address) }, 2n));
      loads(
        image,
        [...accountEntries(account), ...resets],
        account.code === undefined ? [] : [[account.codeHash, account.code]],
      );
      return undefined;
    });
    expect(Math.min(ends.refused, ends.encoded)).toBeGreaterThan(300);
  });

  test('of a source is refused with its key, or encoded exactly', async () => {
    const address: Hex = `0x${'ad'.repeat(20)}`;
    const slot: Hex = `0x${'51'.repeat(32)}`;
    const keys: (StateKey | { kind: 'blockHash'; number: bigint })[] = [
      { kind: 'blockHash', number: 7n },
      { kind: 'account', address },
      { kind: 'code', address },
      { kind: 'storage', address, slot },
    ];
    const ends = await fuzz(memory, count('fuzz-answers', { ci: 10_000, long: 300_000 }), async (random) => {
      const code = `0x${Buffer.from(random.bytes(5)).toString('hex')}` as Hex;
      const answers = [
        {
          kind: 'account',
          balance: random.bits(256),
          nonce: random.bits(64),
          codeHash: `0x${'c0'.repeat(32)}`,
          exists: true,
        },
        { kind: 'code', code },
        { kind: 'storage', value: `0x${Buffer.from(random.bytes(32)).toString('hex')}` },
      ];
      const said = { answers, hash: `0x${'b0'.repeat(32)}` };
      mutate(said, random);
      const source = { load: async () => said.answers as never, blockHash: async () => said.hash as never };
      let image: StateImage;
      try {
        ({ image } = await loadKeys(source, keys, new Set()));
      } catch (error) {
        return expected(error, [StateSourceError], /state source|hash of block 7/);
      }
      const [account, { code: given }, { value }] = said.answers as unknown as [
        { balance: bigint; nonce: bigint; codeHash: Hex; exists: unknown },
        { code: Hex },
        { value: Hex },
      ];
      if (account.nonce >> 64n !== 0n) throw new Error(`a nonce of ${account.nonce} was taken`);
      const place = { address: bytesFromHex(address) };
      const hashed = new Uint8Array(
        baseEntry(Kind.BLOCK_HASH, { address: new Uint8Array(20) }, bytesFromHex(said.hash)),
      );
      new DataView(hashed.buffer).setBigUint64(BaseEntry.ADDRESS, 7n, true);
      const wanted = [
        hashed,
        baseEntry(Kind.BALANCE, place, account.balance),
        baseEntry(Kind.NONCE, place, account.nonce),
        baseEntry(Kind.EXISTENCE, place, account.exists ? 1n : 0n),
        baseEntry(Kind.CODE, place, bytesFromHex(account.codeHash)),
        baseEntry(Kind.STORAGE, { ...place, slot: bytesFromHex(slot) }, BigInt(value)),
      ];
      loads(image, wanted, [[image.codes[0]!.hash, bytesFromHex(given)]]);
      return undefined;
    });
    expect(Math.min(ends.refused, ends.encoded)).toBeGreaterThan(500);
  });
});

describe('what tasks bring', () => {
  test('mutated programs are refused with their task, or copied exactly', async () => {
    const operations = Object.values(Operation) as number[];
    const ends = await fuzz(memory, count('fuzz-programs', { ci: 8_000, long: 200_000 }), (random) => {
      const instruction = () => [random.pick(operations), random.word(), random.word(), random.below(0x10000)];
      const words = Array.from({ length: random.below(4) }, instruction).flat();
      const tasks: { id: number; payload: unknown }[] = [
        { id: 0, payload: new Uint8Array(Uint32Array.from(words).buffer) },
      ];
      mutate(tasks[0], random);
      const result = refusal(() => checkedPrograms(tasks as never), [InputError], /^tasks\[0\]/);
      if ('error' in result) return result.error;
      const payload = result.value[0]!.payload as Uint8Array;
      if (!host.setProgram(0, payload)) throw new Error('the program does not fit');
      if (payload.length > 0) same('the program', memory.calls[0]!.bytes, tasks[0]!.payload as Uint8Array);
      // Whoever changes it now does not change what runs.
      expect(payload).not.toBe(tasks[0]!.payload);
      return undefined;
    });
    expect(Math.min(ends.refused, ends.encoded)).toBeGreaterThan(300);
  });

  test('mutated outcomes become failures that say so, or are staged exactly', async () => {
    const view = () => new CoreStateView(memory.instance);
    const ends = await fuzz(memory, count('fuzz-outcomes', { ci: 5_000, long: 200_000 }), (random) => {
      const outcome = {
        status: random.pick(['success', 'reverted', 'failed', 'invalid']),
        gasUsed: random.bits(64),
        output: random.bytes(random.below(40)),
        error: random.pick([undefined, 'an error', 'é'.repeat(5000)]),
      };
      const given: { outcome: unknown } = { outcome };
      mutate(given, random);
      const packed = packOutcome(given.outcome);
      const bytes = Buffer.concat(packed.parts);
      const staged = view().stage(...packed.parts);
      same('the outcome', memory.read(staged, bytes.length), bytes);
      return /the executor returned/.test(bytes.toString()) ? bytes : undefined;
    });
    expect(Math.min(ends.refused, ends.encoded)).toBeGreaterThan(300);
  });

  test('what an executor gives its view is refused with its name, or written exactly', async () => {
    const ends = await fuzz(memory, count('fuzz-views', { ci: 10_000, long: 300_000 }), (random) => {
      const view = new CoreStateView(memory.instance);
      view.open(0, 0);
      const given = {
        address: random.bytes(20),
        slot: random.bytes(32),
        value: random.bytes(32),
        number: random.bits(256),
        code: random.bytes(random.below(40)),
        key: random.pick<string | Uint8Array>(['a key', random.bytes(9)]),
      };
      mutate(given, random);
      const { address, slot, value, number, code, key } = given;
      const calls: Record<string, () => unknown> = {
        balance: () => view.balance(address),
        storage: () => view.storage(address, slot),
        setBalance: () => view.setBalance(address, number),
        credit: () => view.credit(address, number),
        balanceAtLeast: () => view.balanceAtLeast(address, number),
        setNonce: () => view.setNonce(address, number),
        setCode: () => view.setCode(address, code, value),
        setStorage: () => view.setStorage(address, slot, value),
        write: () => view.write(key, code),
        writeNumber: () => view.writeNumber(key, number),
        add: () => view.add(key, number),
      };
      const name = random.pick(Object.keys(calls));
      const result = refusal(calls[name]!, [TypeError, RangeError], /address|slot|value|hash|code|key|bigint/);
      if ('error' in result) return result.error;
      const scratch = memory.calls.at(-1)!.bytes;
      if (name === 'setStorage')
        same('the value', scratch.slice(Scratch.VALUE, Scratch.VALUE + 32), Uint8Array.from(value).reverse());
      if (name === 'setBalance' || name === 'credit' || name === 'setNonce') {
        same(
          'the number',
          scratch.slice(Scratch.VALUE, Scratch.VALUE + 32),
          baseEntry(0, { address }, number).slice(BaseEntry.VALUE),
        );
      }
      if (/setBalance|storage|credit|setNonce|balance/i.test(name)) same('the address', scratch.slice(0, 20), address);
      return undefined;
    });
    expect(Math.min(ends.refused, ends.encoded)).toBeGreaterThan(500);
  });
});
