// What comes from outside is shown, never obeyed, by a terminal.
import { expect, test } from 'vitest';
import { InputError, InvalidBlockError } from '../../../src/base/errors.ts';
import { hexFromBytes } from '../../../src/base/hex.ts';
import { parseJson } from '../../../src/base/json.ts';
import { printable } from '../../../src/base/printable.ts';
import { withoutControls } from '../../../src/cli/terminal.ts';

test('control characters become escapes; letters, lines and emoji stay', () => {
  expect(printable('a\x1b]0;owned\x07b\x9bc\x7f')).toBe('a\\u001b]0;owned\\u0007b\\u009bc\\u007f');
  expect(printable('left\u202eright\u2066\u2028')).toBe('left\\u202eright\\u2066\\u2028');
  expect(printable('größer\n😀 ok')).toBe('größer\n😀 ok');
});

test('errors quote files without their control characters', () => {
  const error = (() => {
    try {
      return parseJson('{"a": \x1b]0;owned\x07}', 'file');
    } catch (reason) {
      return reason;
    }
  })();
  expect(error).toBeInstanceOf(InputError);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect((error as InputError).message).not.toMatch(/\x1b|\x07/);
  expect(new InvalidBlockError('no', { details: '\x1b[2J' }).message).toBe('no\n\\u001b[2J');
});

test('lines of the command line keep their styles alone', () => {
  expect(withoutControls('\x1b[31merror\x1b[39m in \x1b]0;x\x07.json\r')).toBe(
    '\x1b[31merror\x1b[39m in \\u001b]0;x\\u0007.json\\u000d',
  );
});

test('long hex is as right as short hex', () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i);
  expect(hexFromBytes(bytes)).toBe(`0x${Buffer.from(bytes).toString('hex')}`);
  expect(hexFromBytes(bytes.subarray(0, 300))).toBe(`0x${Buffer.from(bytes.subarray(0, 300)).toString('hex')}`);
});
