// Small configurations of sender recovery: idle workers and attempts come by the same senders at the same time.
import { Control, EvmSignature, EvmTransaction, TxFlag, TxSlot } from '../../assembly/layout.ts';
import { evmBlockSize, writeEvmBlock } from '../../src/core/evm/evm-encode.ts';
import { encodeInputs } from './evm-input.ts';
import { plainBlock, signed, transfer } from './evm-signing.ts';
import type { Configuration, Program } from './model-explorer.ts';
import { call, type World } from './model-world.ts';

const signers = [0x11, 0x22].map((byte) => signed(transfer(), new Uint8Array(32).fill(byte)));

/** The first four bytes of each sender, as a worker reads them. */
const expected = signers.map(({ sender }) => new DataView(sender.buffer, sender.byteOffset).getUint32(0, true) | 0);

/** Lays out a block of two transactions whose senders nobody knows yet. */
function loadSigned(world: World): void {
  const { host, view } = world;
  const bytes = new Uint8Array(view.buffer);
  const environment = call(host, 'allocate', evmBlockSize(plainBlock));
  writeEvmBlock(bytes, environment, plainBlock);
  world.setControl(Control.EVM_BLOCK, environment);
  for (const [index, { transaction }] of signers.entries()) {
    const { records } = encodeInputs([transaction]);
    const record = call(host, 'allocate', records.length);
    bytes.set(records, record);
    call(host, 'setTransaction', index, TxFlag.NATIVE | TxFlag.EVM, record, records.length);
  }
  world.join();
}

/** Which senders are known at the end, and whether they are right. */
function published(world: World): ('unknown' | 'right' | 'wrong')[] {
  return signers.map((_, index) => {
    const record = world.view.getUint32(world.slotOf(index) + TxSlot.INPUT, true);
    const signature = record + world.view.getUint32(record + EvmTransaction.SIGNATURE, true);
    const sender = world.view.getUint32(signature + EvmSignature.SENDER, true);
    if (sender === 0) return 'unknown';
    return sender !== 1 && (world.view.getUint32(sender, true) | 0) === expected[index] ? 'right' : 'wrong';
  });
}

const ahead = (world: World, id: number) => () => call(world.instance(id), 'recoverAhead');
const seen = (world: World, id: number, transaction: number) => () =>
  call(world.instance(id), 'senderSeen', transaction) | 0;

const sharing: Configuration = {
  name: 'recovery: two idle workers and two attempts',
  world: { workers: 3, transactions: signers.length },
  prepare: (world) => {
    loadSigned(world);
    const check: Program['check'] = (result) => {
      for (const [index, bytes] of expected.entries()) {
        if (result(3, index) !== bytes) return `the attempt at ${index} saw ${result(3, index)} for ${bytes}`;
      }
      if (result(1, 0) + result(2, 0) + result(2, 1) > signers.length) return 'a sender was recovered ahead twice';
      const wrong = published(world).findIndex((state) => state !== 'right');
      return wrong < 0 ? undefined : `the sender of ${wrong} is ${published(world)[wrong]}`;
    };
    const attempts = signers.map((_, index) => seen(world, 3, index));
    return { calls: [[], [ahead(world, 1)], [ahead(world, 2), ahead(world, 2)], attempts], check };
  },
};

const dying: Configuration = {
  name: 'recovery: an idle worker dies with a sender in hand',
  world: { workers: 2, transactions: signers.length },
  prepare: (world) => {
    loadSigned(world);
    const check: Program['check'] = (result) => {
      for (const [index, bytes] of expected.entries()) {
        if (result(2, index) !== bytes) return `the attempt at ${index} saw ${result(2, index)} for ${bytes}`;
      }
      const wrong = published(world).findIndex((state) => state !== 'right');
      return wrong < 0 ? undefined : `the sender of ${wrong} is ${published(world)[wrong]}`;
    };
    return {
      calls: [
        [() => call(world.host, 'declareDead', 1, 0)],
        [ahead(world, 1), ahead(world, 1)],
        signers.map((_, index) => seen(world, 2, index)),
      ],
      check,
      mortal: 1,
    };
  },
};

export const recoveryConfigurations: readonly Configuration[] = [sharing, dying];
