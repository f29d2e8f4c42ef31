// Colours: on terminals alone, for each of the two streams by itself, and nowhere with NO_COLOR.
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { processTerminal } from '../../../src/cli/terminal.ts';

function stream(isTTY: boolean) {
  const written: string[] = [];
  const writable = new Writable({
    write: (chunk, _encoding, done) => done(written.push(String(chunk)) > 0 ? null : undefined),
  });
  return Object.assign(writable, { isTTY, written });
}

test.for([
  [true, true, {}, '\x1b[31mred\x1b[39m\n', '\x1b[31mred\x1b[39m\n'],
  [true, false, {}, '\x1b[31mred\x1b[39m\n', 'red\n'],
  [false, true, {}, 'red\n', '\x1b[31mred\x1b[39m\n'],
  [false, false, {}, 'red\n', 'red\n'],
  [true, true, { NO_COLOR: '1' }, 'red\n', 'red\n'],
  // no-color.org: an empty variable counts as none.
  [true, false, { NO_COLOR: '' }, '\x1b[31mred\x1b[39m\n', 'red\n'],
  [true, true, { TERM: 'dumb' }, 'red\n', 'red\n'],
] as const)('terminals %s and %s with %o', ([out, err, env, printed, complained]) => {
  const [stdout, stderr] = [stream(out), stream(err)];
  const { paint, print, complain } = processTerminal({ stdout, stderr, env });
  print(paint('red', 'red'));
  complain(paint('red', 'red'));
  expect(stdout.written).toEqual([printed]);
  expect(stderr.written).toEqual([complained]);
});

test('what others have written cannot bring its own', () => {
  const stdout = stream(true);
  processTerminal({ stdout, stderr: stream(true), env: {} }).print('\x1b[2Jname\x07');
  expect(stdout.written).toEqual(['\\u001b[2Jname\\u0007\n']);
});
