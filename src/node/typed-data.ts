// What somebody signs who signs typed data (EIP-712). Loaded when somebody does.

import { hashTypedData } from 'viem';
import { InputError, messageOf } from '../base/errors.ts';
import { bytesFromHex } from '../base/hex.ts';
import { plainObject } from '../base/reader.ts';

/** The 32 bytes to sign, of an object or its JSON. @throws InputError for what is no typed data */
export function typedDataHash(given: unknown, field: string): Uint8Array {
  const { domain = {}, types, primaryType, message } = plainObject(parsed(given, field), field);
  const data = { domain, types: plainObject(types, `${field}.types`), primaryType, message };
  try {
    return bytesFromHex(hashTypedData(data as unknown as Parameters<typeof hashTypedData>[0]));
  } catch (error) {
    throw new InputError(field, `no typed data: ${messageOf(error).split('\n', 1)[0]}`, { cause: error });
  }
}

function parsed(given: unknown, field: string): unknown {
  if (typeof given !== 'string') return given;
  try {
    return JSON.parse(given);
  } catch (error) {
    throw new InputError(field, 'expected an object, or its JSON', { cause: error });
  }
}
